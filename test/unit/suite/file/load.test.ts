import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WasmeError } from '../../../../src/errors.ts';
import { loadSuite } from '../../../../src/suite/file/load.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';

async function faultsOf(lines: string): Promise<unknown> {
  const file = join(newMachine().cwd, 'a.test.yaml');
  writeFileSync(file, `cases:\n  - name: a\n${lines}`);
  try {
    await loadSuite(file);
  } catch (error) {
    if (error instanceof WasmeError && error.code === 'SUITE_INVALID')
      return error.message.replaceAll(file, 'a.test.yaml').split('\n');
    throw error;
  }
  return [];
}

it.each([
  ['    exepct: {}', 'a.test.yaml:3:13: cases.0.exepct: there is no such field; did you mean "expect"?'],
  // Values of several kinds: what is wrong with the one that it is.
  [
    '    expect: {upstream: {pth: /}}',
    'a.test.yaml:3:30: cases.0.expect.upstream.pth: there is no such field; did you mean "path"?',
  ],
  [
    '    expect: {response: {headers: {x: {contain: b}}}}',
    'a.test.yaml:3:48: cases.0.expect.response.headers.x.contain: there is no such field; did you mean "contains"?',
  ],
  [
    '    callouts: {c: [{}, {stats: 200}]}',
    'a.test.yaml:3:32: cases.0.callouts.c.1.stats: there is no such field; did you mean "status"?',
  ],
  [
    '    callouts: {c: {status: 3}}',
    'a.test.yaml:3:28: cases.0.callouts.c.status: Too small: expected number to be >=100',
  ],
  [
    '    expect: {response: {body: 1}}',
    'a.test.yaml:3:31: cases.0.expect.response.body: is of none of the types string, object, null, array',
  ],
  [
    '    expect: {response: {body: [1]}}',
    'a.test.yaml:3:32: cases.0.expect.response.body.0: is of none of the types string, object',
  ],
  [
    '    expect: {logs: [{matches: "(a|b"}]}',
    'a.test.yaml:3:31: cases.0.expect.logs.0.matches: invalid regular expression: missing ): (a|b',
  ],
  // A key with escapes is the same key.
  [
    '    expect: {response: {body: {"m\\x61tches": "a**"}}}',
    'a.test.yaml:3:46: cases.0.expect.response.body.matches: invalid regular expression: bad repetition operator: **',
  ],
])('%s', async (lines, fault) => {
  expect(await faultsOf(lines)).toEqual([fault]);
});
