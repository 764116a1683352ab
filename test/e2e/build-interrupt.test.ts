/** Interrupts builds of the built program with real signals: no process is left, and nothing is half-written. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compilerMachine, fakeLanguages } from '../helpers/projects/fake-compilers.ts';
import { interrupt, onTerminal } from '../helpers/cli/terminal.ts';
import { root } from '../helpers/tree.ts';
import { gone, pidsIn } from '../helpers/cli/processes.ts';

const program = join(root, 'dist', 'commands', 'main.cjs');

const cases = [
  ...Object.values(fakeLanguages).map(language => ({ ...language, signal: 'SIGINT' as const })),
  { ...fakeLanguages.rust, signal: 'SIGTERM' as const },
  { ...fakeLanguages.rust, signal: 'SIGHUP' as const },
];

describe('an interrupted wasme build', () => {
  it.each(cases)(
    'of $title ends by $signal with exit code 130 and leaves no process',
    async ({ signal, ...language }) => {
      const machine = compilerMachine(language, 'p');
      machine.wish('slow');
      const child = spawn(process.execPath, [program, 'build', 'p'], { cwd: machine.cwd, env: machine.env });
      onTestFinished(() => void child.kill('SIGKILL'));
      let stderr = '';
      child.stderr.on('data', data => (stderr += String(data)));
      const ended = new Promise(resolve => child.once('close', resolve));
      // The slow compiler writes down its own process and the one that it has started.
      const pids = await pidsIn(join(machine.home, 'started'));
      child.kill(signal);
      expect(await ended).toBe(130);
      expect(stderr).toContain('error[INTERRUPTED]: ');
      await gone(pids);
      const build = join(machine.cwd, 'p', 'build');
      expect(readdirSync(build)).toEqual(['.wasme']);
      expect(existsSync(join(build, '.wasme', 'lock'))).toBe(false);
      machine.wish(undefined);
      expect((await machine.wasme('build', 'p')).exitCode).toBe(0);
    },
  );

  it('ends by Ctrl-C on a terminal with exit code 130', async () => {
    const machine = compilerMachine(fakeLanguages.rust, 'p');
    machine.wish('slow');
    const { exitCode, screen } = await onTerminal(
      machine.cwd,
      machine.env,
      ['build', 'p', '-v'],
      [['cargo build', interrupt]],
    );
    expect(exitCode, screen).toBe(130);
    expect(screen).toContain('error[INTERRUPTED]: ');
    expect(readdirSync(join(machine.cwd, 'p', 'build'))).toEqual(['.wasme']);
    const started = join(machine.home, 'started');
    if (existsSync(started)) await gone(await pidsIn(started));
  });
});
