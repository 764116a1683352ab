/** On a machine without any compiler the tests that need one are skipped, each naming what it needs, and none fails. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';
import { root } from '../helpers/tree.ts';

interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

it('without compilers the tests of the languages are skipped, each with the tool that it needs', () => {
  const machine = newMachine();
  const bin = join(machine.home, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  const report = join(machine.home, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const options = ['--config', 'test/vitest.config.ts', '--reporter=json', `--outputFile=${report}`];
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...options, 'real/build/languages'], {
    cwd: root,
    // Nothing of the outer run: neither its list of tools nor what vitest has put there.
    env: { PATH: bin, HOME: machine.home, WASME_TOOLS: join(machine.home, 'none') },
    stdio: 'ignore',
  });
  expect(status).toBe(0);
  const { success, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const tests = testResults.flatMap(file => file.assertionResults);
  expect(success).toBe(true);
  expect(tests.length).toBeGreaterThan(10);
  for (const { status: outcome, fullName } of tests) {
    expect(outcome, fullName).toBe('skipped');
    expect(fullName).toMatch(/needs [\w-]+ \(.+\)/);
  }
  for (const program of ['npm', 'rust', 'clang-wasi', 'tinygo', 'go']) {
    expect(
      tests.some(({ fullName }) => fullName.includes(`needs ${program} (`)),
      program,
    ).toBe(true);
  }
});
