/** The questions of `wasme init`, answered on a pseudo-terminal by the built program. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { describe, expect, it } from 'vitest';
import { newWorld } from '../helpers/cli.ts';
import { root } from '../helpers/tree.ts';

const enter = '\r';
const interrupt = '\u0003';

/** Starts `wasme <args>` on a terminal; each answer is typed once its question is on the screen. */
function onTerminal(
  cwd: string,
  env: Record<string, string | undefined>,
  args: readonly string[],
  answers: readonly (readonly [question: string, keys: string])[],
): Promise<{ screen: string; exitCode: number }> {
  const program = join(root, 'dist', 'commands', 'main.js');
  const terminal = spawn(process.execPath, [program, ...args], {
    cwd,
    cols: 120,
    rows: 40,
    env: { ...env, TERM: 'xterm', NO_COLOR: '1' },
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
    terminal.write(next[1]);
  });
  return new Promise(resolve => terminal.onExit(({ exitCode }) => resolve({ screen, exitCode })));
}

describe('wasme init on a terminal', () => {
  it('asks for what is missing', async () => {
    const world = newWorld();
    const { screen, exitCode } = await onTerminal(
      world.cwd,
      world.env,
      ['init', 'asked', '--kind', 'http'],
      [
        ['Which language?', enter],
        ['Name of the project?', `chosen${enter}`],
        ['Get its packages now', `n${enter}`],
      ],
    );
    expect(exitCode, screen).toBe(0);
    expect(screen).toContain('Created chosen');
    const project = JSON.parse(readFileSync(join(world.cwd, 'asked', 'wasme.json'), 'utf8')) as object;
    expect(project).toMatchObject({ name: 'chosen', language: 'assemblyscript' });
  });

  it('asks nothing when the flags say it all', async () => {
    const world = newWorld();
    const flags = ['-l', 'assemblyscript', '--kind', 'http', '--name', 'told', '--no-install'];
    const { screen, exitCode } = await onTerminal(world.cwd, world.env, ['init', 'told', ...flags], []);
    expect(exitCode, screen).toBe(0);
    expect(screen).not.toContain('?');
  });

  it('asks nothing under CI', async () => {
    const world = newWorld({ env: { CI: 'true' } });
    const { screen, exitCode } = await onTerminal(world.cwd, world.env, ['init', 'x'], []);
    expect(exitCode).toBe(2);
    expect(screen).toContain('error[USAGE_NO_PROMPT]: Which language: no value given');
  });

  it('Ctrl-C at a question leaves nothing', async () => {
    const world = newWorld();
    const { screen, exitCode } = await onTerminal(
      world.cwd,
      world.env,
      ['init', 'x'],
      [['Which language?', interrupt]],
    );
    expect(exitCode, screen).toBe(130);
    expect(existsSync(join(world.cwd, 'x'))).toBe(false);
    expect(readdirSync(world.cwd)).toEqual([]);
  });
});
