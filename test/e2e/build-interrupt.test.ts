/** A build that is interrupted, as the built program and real signals have it: nobody goes on working, nothing is half-written. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compilerWorld, fakeLanguages } from '../helpers/fake-compilers.ts';
import { interrupt, onTerminal } from '../helpers/terminal.ts';
import { root } from '../helpers/tree.ts';
import { gone, pidsIn } from '../helpers/processes.ts';

const program = join(root, 'dist', 'commands', 'main.cjs');

const cases = [
  ...fakeLanguages.map(language => ({ ...language, signal: 'SIGINT' as const })),
  ...fakeLanguages.slice(0, 1).flatMap(language => [
    { ...language, signal: 'SIGTERM' as const },
    { ...language, signal: 'SIGHUP' as const },
  ]),
];

describe('wasme build, interrupted', () => {
  it.each(cases)('$title by $signal: exit code 130', async ({ signal, ...language }) => {
    const world = compilerWorld(language, 'p');
    world.wish('slow');
    const child = spawn(process.execPath, [program, 'build', 'p'], { cwd: world.cwd, env: world.env });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.on('data', data => (stderr += String(data)));
    const ended = new Promise(resolve => child.once('close', resolve));
    // The slow compiler notes itself and the process that it has started.
    const pids = await pidsIn(join(world.home, 'started'));
    child.kill(signal);
    expect(await ended).toBe(130);
    expect(stderr).toContain('error[INTERRUPTED]: ');
    await gone(pids);
    const build = join(world.cwd, 'p', 'build');
    expect(readdirSync(build)).toEqual(['.wasme']);
    expect(existsSync(join(build, '.wasme', 'lock'))).toBe(false);
    world.wish(undefined);
    expect((await world.wasme('build', 'p')).exitCode).toBe(0);
  });

  it('by Ctrl-C on a terminal', async () => {
    const [language] = fakeLanguages;
    if (language === undefined) throw new Error('no language');
    const world = compilerWorld(language, 'p');
    world.wish('slow');
    const { exitCode, screen } = await onTerminal(
      world.cwd,
      world.env,
      ['build', 'p', '-v'],
      [['cargo build', interrupt]],
    );
    expect(exitCode, screen).toBe(130);
    expect(screen).toContain('error[INTERRUPTED]: ');
    expect(readdirSync(join(world.cwd, 'p', 'build'))).toEqual(['.wasme']);
    const started = join(world.home, 'started');
    if (existsSync(started)) await gone(await pidsIn(started));
  });
});
