/** The questions of `wasme init`, answered on a pseudo-terminal by the built program. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';
import { endOfInput, enter, interrupt, onTerminal } from '../helpers/cli/terminal.ts';

describe('wasme init on a terminal', () => {
  it('asks for what is missing', async () => {
    const machine = newMachine();
    const { screen, exitCode } = await onTerminal(
      machine.cwd,
      machine.env,
      ['init', 'asked', '--kind', 'http'],
      [
        ['Which language?', enter],
        ['Name of the project?', `chosen${enter}`],
        ['Install its packages now', `n${enter}`],
      ],
    );
    expect(exitCode, screen).toBe(0);
    expect(screen).toContain('Created chosen');
    const project = JSON.parse(readFileSync(join(machine.cwd, 'asked', 'wasme.json'), 'utf8')) as object;
    expect(project).toMatchObject({ name: 'chosen', language: 'assemblyscript' });
  });

  it('asks nothing when flags give all answers', async () => {
    const machine = newMachine();
    const flags = ['-l', 'assemblyscript', '--kind', 'http', '--name', 'told', '--no-install'];
    const { screen, exitCode } = await onTerminal(machine.cwd, machine.env, ['init', 'told', ...flags], []);
    expect(exitCode, screen).toBe(0);
    expect(screen).not.toContain('?');
  });

  it('asks nothing under CI', async () => {
    const machine = newMachine({ env: { CI: 'true' } });
    const { screen, exitCode } = await onTerminal(machine.cwd, machine.env, ['init', 'x'], []);
    expect(exitCode).toBe(2);
    expect(screen).toContain('error[USAGE_NO_PROMPT]: Which language: no value given');
  });

  it('ends on a signal while it asks a question', async () => {
    const machine = newMachine();
    const { screen, exitCode } = await onTerminal(
      machine.cwd,
      machine.env,
      ['init', 'x'],
      [['Which language?', 'SIGTERM']],
    );
    expect(exitCode, screen).toBe(130);
    expect(screen).toContain('error[INTERRUPTED]: interrupted');
    expect(readdirSync(machine.cwd)).toEqual([]);
  });

  it('fails on Ctrl-D at a question', async () => {
    const machine = newMachine();
    const { screen, exitCode } = await onTerminal(
      machine.cwd,
      machine.env,
      ['login', 'localhost:1'],
      [['User name:', endOfInput]],
    );
    expect(exitCode, screen).toBe(130);
  });

  it('creates no files when Ctrl-C answers a question', async () => {
    const machine = newMachine();
    const { screen, exitCode } = await onTerminal(
      machine.cwd,
      machine.env,
      ['init', 'x'],
      [['Which language?', interrupt]],
    );
    expect(exitCode, screen).toBe(130);
    expect(existsSync(join(machine.cwd, 'x'))).toBe(false);
    expect(readdirSync(machine.cwd)).toEqual([]);
  });
});
