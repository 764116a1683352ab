/** A signal ends every verb of the built program while its main thread is busy. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verbs } from '../../commands/verbs.ts';
import { guestFile } from '../helpers/guests/guests.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { compilerMachine, fakeLanguages } from '../helpers/projects/fake-compilers.ts';
import { gone, pidsIn } from '../helpers/cli/processes.ts';
import { root } from '../helpers/tree.ts';

const program = join(root, 'dist', 'commands', 'main.cjs');
const busyMain = join(root, 'test', 'fixtures', 'busy-main.cjs');
const noteWrites = join(root, 'test', 'fixtures', 'note-writes.cjs');

function start(cwd: string, env: NodeJS.ProcessEnv, ...argv: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--require', busyMain, program, ...argv], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Resolves once the program has written a text that matches to stderr. */
async function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let stderr = '';
  for await (const chunk of child.stderr ?? []) {
    stderr += String(chunk);
    const found = pattern.exec(stderr);
    if (found !== null) return found;
  }
  throw new Error(`it ended without saying ${String(pattern)}: ${stderr}`);
}

/** Resolves once the main thread is busy: `handles` is true when it has handlers of signals. */
async function busy(child: ChildProcess): Promise<{ readonly handles: boolean }> {
  const [, handles] = await said(child, /^busy(, handles signals)?\n$/m);
  return { handles: handles !== undefined };
}

function endOf(child: ChildProcess): Promise<unknown> {
  return new Promise(resolve => child.once('exit', (code, signal) => resolve(signal ?? code)));
}

describe('while the main thread is busy', () => {
  it.each(verbs)('a signal ends wasme $name as Ctrl-C ends a program', async ({ name, leavesNothing }) => {
    const machine = newMachine();
    const ends = (['SIGINT', 'SIGTERM'] as const).map(async signal => {
      const child = start(machine.cwd, machine.env, name);
      const ended = endOf(child);
      const { handles } = await busy(child);
      child.kill(signal);
      return [handles, await ended];
    });
    // What leaves nothing has no handlers: the system ends it by the signal that was sent.
    const expected = leavesNothing
      ? [
          [false, 'SIGINT'],
          [false, 'SIGTERM'],
        ]
      : [
          [true, 'SIGINT'],
          [true, 'SIGINT'],
        ];
    expect(await Promise.all(ends)).toEqual(expected);
  });

  it.each([[['--version']], [['--help']], [['build', '--help']], [['help', 'build']], [['biuld']]])(
    'wasme %j starts without the thread of the signals',
    async argv => {
      const machine = newMachine();
      const child = start(machine.cwd, machine.env, ...argv);
      expect(await busy(child)).toEqual({ handles: false });
    },
  );

  it('two signals end a verb that waits for a file which is never opened', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    execFileSync('mkfifo', [join(machine.cwd, 'pipe')]);
    const argv = ['deploy', 'envoy', 'deploy-tag.wasm', '-o', 'pipe'];
    const child = spawn(process.execPath, ['--require', noteWrites, program, ...argv], {
      cwd: machine.cwd,
      env: machine.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = endOf(child);
    await said(child, /^writing\n$/m);
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await ended).toBe('SIGINT');
  });

  it('a signal ends the compilers too that wasme build has started', async () => {
    const machine = compilerMachine(fakeLanguages.rust, 'p');
    machine.wish('slow');
    const started = join(machine.home, 'started');
    const child = start(machine.cwd, { ...machine.env, BUSY_AFTER: started }, 'build', 'p');
    const ended = endOf(child);
    await busy(child);
    const pids = await pidsIn(started);
    child.kill('SIGTERM');
    expect(await ended).toBe('SIGINT');
    await gone(pids);
    expect(existsSync(join(machine.cwd, 'p', 'build', 'p.wasm'))).toBe(false);
    machine.wish(undefined);
    expect((await machine.wasme('build', 'p')).exitCode).toBe(0);
  });
});
