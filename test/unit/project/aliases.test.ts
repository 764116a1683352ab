/** Aliases that multiply, and files with very many of them, in everything that is parsed with positions. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addToFile, removeFromFile } from '../../../src/targets/envoy/edit/edit.ts';
import { wasmEntry } from '../../../src/targets/envoy/filters.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import { plainIntent } from '../../helpers/deploy/deploy-cases.ts';
import { guestFile } from '../../helpers/guests/guests.ts';

/** Ten levels of ten aliases: ten thousand million values in a flow mapping. */
const bomb = [
  '"l0": &l0 ["x"]',
  ...Array.from({ length: 10 }, (_, level) => {
    const aliases = Array.from({ length: 10 }, () => `*l${level}`).join(', ');
    return `"l${level + 1}": &l${level + 1} [${aliases}]`;
  }),
].join(', ');

describe('aliases of aliases are refused with file and line', () => {
  it.each([
    [
      'wasme.json',
      `{ "name": "a", "language": "rust",\n"configuration": { ${bomb} } }`,
      ['inspect'],
      'PROJECT_INVALID',
    ],
    [
      'a.test.yaml',
      `module: a.wasm\ncases: [{ name: a, request: { body: { ${bomb} } } }]`,
      ['test', 'a.test.yaml'],
      'SUITE_INVALID',
    ],
  ])('%s', async (file, text, argv, code) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, file), text);
    const { exitCode, stderr } = await machine.wasme(...argv);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(
        new RegExp(`^error\\[${code}\\]: .*${file}:2:\\d+: aliases of aliases stand for too many values\\n`),
      ) as string,
    });
  });

  it('a configuration that a schema checks', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'schema.json'), '{ "type": "object" }');
    writeFileSync(join(machine.cwd, 'c.json'), `{ ${bomb} }`);
    writeFileSync(
      join(machine.cwd, 'wasme.json'),
      '{ "name": "a", "language": "rust", "configuration": "@c.json", "configurationSchema": "schema.json" }',
    );
    guestFile(machine.cwd, 'deploy-tag');
    mkdirSync(join(machine.cwd, 'build'));
    renameSync(join(machine.cwd, 'deploy-tag.wasm'), join(machine.cwd, 'build', 'a.wasm'));
    const { exitCode, stderr } = await machine.wasme('deploy', 'envoy');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    expect(stderr).toContain('c.json:1:');
    expect(stderr).toContain('aliases of aliases stand for too many values');
  });
});

describe("a filter put into a user's file", () => {
  const type =
    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const listener = `static_resources:
  listeners:
  - name: main
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": ${type}
          http_filters:
          - name: envoy.filters.http.router
`;
  const entry = wasmEntry('http', 'mine', { name: 'mine' });
  const addition = {
    intent: { ...plainIntent, id: 'mine' },
    entry,
    clusters: [{ name: 'c', cluster: { name: 'c' } }],
  };
  const path = { path: 'e.yaml' };

  it('goes into a file of 10,000 anchors and aliases and comes out again', () => {
    const clusters = Array.from(
      { length: 5_000 },
      (_, index) => `  - &a${index} { name: c${index} }\n  - *a${index}\n`,
    );
    const before = `${listener}  clusters:\n${clusters.join('')}`;
    const after = addToFile(before, addition, path);
    expect(after).toContain('name: mine');
    expect(removeFromFile(after, 'mine', path).text).toBe(before);
  });

  it('an alias means the last anchor of its name in front of it', () => {
    const before = `x: [&a { name: first }, &a { name: c }]\n${listener}  clusters:\n  - *a\n`;
    const { static_resources: found } = parse(addToFile(before, addition, path)) as {
      static_resources: { clusters: unknown[] };
    };
    expect(found.clusters).toEqual([{ name: 'c' }]);
  });

  it('an alias in front of its anchor is refused', () => {
    expect(() => addToFile(`x: [*a, &a 1]\n${listener}`, addition, path)).toThrow(
      'e.yaml:1:5: *a is an alias of nothing',
    );
  });

  it('aliases that multiply in an entry that is there are refused with their place', () => {
    const before = `b: { ${bomb} }\n${listener.replace('          - name: envoy', `          - { name: mine, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: { name: mine, more: *l10 } } }\n          - name: envoy`)}`;
    expect(() => addToFile(before, addition, path)).toThrow(
      /^e\.yaml:\d+:\d+: aliases stand for too many values/,
    );
  });
});
