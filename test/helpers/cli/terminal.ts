/** Runs the built program on a pseudo-terminal and answers its questions. */
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { root } from '../tree.ts';

export const enter = '\r';
export const interrupt = '\u0003';
export const endOfInput = '\u0004';

export const builtProgram = join(root, 'dist', 'commands', 'main.cjs');

type Answers = readonly (readonly [question: string, keys: string])[];

/** Starts `wasme <args>` on a terminal; each answer is typed (a signal: sent) once its question is on the screen. */
export function onTerminal(
  cwd: string,
  env: Record<string, string | undefined>,
  args: readonly string[],
  answers: Answers,
): Promise<{ screen: string; exitCode: number }> {
  return programOnTerminal(cwd, env, process.execPath, [builtProgram, ...args], answers);
}

/** The same with any program, such as a shell. */
export function programOnTerminal(
  cwd: string,
  env: Record<string, string | undefined>,
  program: string,
  args: readonly string[],
  answers: Answers,
): Promise<{ screen: string; exitCode: number }> {
  const terminal = spawn(program, [...args], {
    cwd,
    cols: 120,
    rows: 40,
    env: { TERM: 'xterm', ...env, NO_COLOR: '1' },
  });
  let screen = '';
  let from = 0;
  const open = [...answers];
  terminal.onData(data => {
    screen += data;
    const [next] = open;
    if (next === undefined || !screen.slice(from).includes(next[0])) return;
    from = screen.length;
    open.shift();
    if (next[1].startsWith('SIG')) terminal.kill(next[1]);
    else terminal.write(next[1]);
  });
  return new Promise(resolve => terminal.onExit(({ exitCode }) => resolve({ screen, exitCode })));
}
