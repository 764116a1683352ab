/** Names of images, completed by real shells on a pseudo-terminal that ask the built program for them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { builtProgram, programOnTerminal } from '../helpers/cli/terminal.ts';
import { describeWith } from '../helpers/tools.ts';

const clearLine = '\u0015';

/** A store with `filter:v1` and `filter:v1-oci`, and `wasme` on PATH. */
async function machineWithImages(shell: string): Promise<TestMachine> {
  const machine = newMachine({ env: { PS1: 'ready> ' } });
  const bin = join(machine.home, 'bin');
  mkdirSync(bin);
  const program = `#!/bin/sh\nexec '${process.execPath}' '${builtProgram}' "$@"\n`;
  writeFileSync(join(bin, 'wasme'), program, { mode: 0o755 });
  machine.env['PATH'] = `${bin}${delimiter}${machine.env['PATH'] ?? ''}`;
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  for (const [name, layout] of [
    ['v1', 'compat'],
    ['v1-oci', 'oci'],
  ] as const) {
    const { exitCode } = await machine.wasme(
      'convert',
      'm.wasm',
      `registry.example/team/filter:${name}`,
      '--layout',
      layout,
    );
    expect(exitCode).toBe(0);
  }
  writeFileSync(join(machine.cwd, 'script'), (await machine.wasme('completion', shell)).stdout);
  return machine;
}

describe('bash', () => {
  it('completes the name of an image, also behind its colon', async () => {
    const machine = await machineWithImages('bash');
    const { screen } = await programOnTerminal(
      machine.cwd,
      machine.env,
      'bash',
      ['--noprofile', '--norc', '-i'],
      [
        ['ready> ', 'source ./script\r'],
        ['ready> ', 'wasme inspect registry.example/te\t'],
        ['am/filter:v1', '-\t'],
        ['oci ', `${clearLine}exit\r`],
      ],
    );
    expect(screen).toContain('filter:v1-oci');
  });
});

describeWith(['zsh'], 'zsh', () => {
  it('completes the name of an image', async () => {
    const machine = await machineWithImages('zsh');
    const { screen } = await programOnTerminal(
      machine.cwd,
      machine.env,
      'zsh',
      ['-f', '-i'],
      [
        ['ready> ', 'autoload -Uz compinit; compinit -D -u; source ./script\r'],
        ['ready> ', 'wasme inspect registry.example/te\t'],
        ['filter:v1', '-\t'],
        ['oci', `${clearLine}exit\r`],
      ],
    );
    expect(screen).toContain('filter:v1-oci');
  });
});

describeWith(['fish'], 'fish', () => {
  it('completes the name of an image', async () => {
    const machine = await machineWithImages('fish');
    const ask =
      "source ./script; complete -C 'wasme inspect registry.example/te'; complete -C 'wasme init registry'";
    const offered = execFileSync('fish', ['-c', ask], {
      cwd: machine.cwd,
      env: machine.env,
      encoding: 'utf8',
    });
    expect(offered.trim().split('\n').sort()).toEqual([
      'registry.example/team/filter:v1',
      'registry.example/team/filter:v1-oci',
    ]);
  });
});
