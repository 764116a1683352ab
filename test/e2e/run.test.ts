/** The built `wasme run`: what the README shows, as a program of its own, and Ctrl-C on a real terminal. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EchoAnswer } from '../../src/proxy/upstream/echo.ts';
import type { RunResult } from '../../src/run.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { fakeProject } from '../helpers/projects/fake-project.ts';
import { guest } from '../helpers/guests/guests.ts';
import { interrupt, onTerminal } from '../helpers/cli/terminal.ts';
import { root } from '../helpers/tree.ts';

describe('wasme run', () => {
  it('with two modules and --trace runs a chain and prints the calls of each filter', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'a.wasm'), guest('header'));
    writeFileSync(join(machine.cwd, 'b.wasm'), guest('header', { hello: 'other' }));
    const program = join(root, 'dist', 'commands', 'main.cjs');
    const argv = ['run', 'a.wasm', 'b.wasm', '--trace', '--port', '0', '--json'];
    const child = spawn(process.execPath, [program, ...argv], { cwd: machine.cwd, env: machine.env });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise(resolve => child.once('exit', resolve));
    let out = '';
    let trace = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (trace += data.toString()));
    await expect.poll(() => out).toMatch(/\}\n$/);
    const { url, filters } = JSON.parse(out) as RunResult;
    expect(filters.map(({ name }) => name)).toEqual(['a', 'b']);
    const echo = (await (await fetch(url)).json()) as EchoAnswer;
    expect(echo.headers['x-guest']).toEqual(['hello', 'other']);
    const calls = (): string[] => trace.match(/^.*proxy_add_header_map_value\(.*request headers.*$/gm) ?? [];
    await expect.poll(calls).toHaveLength(2);
    const [first, second] = calls();
    expect(first).toContain('key="x-guest" value="hello") -> Ok');
    expect(second).toContain('key="x-guest" value="other") -> Ok');
    expect(trace).toContain('proxy_on_request_headers(');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
  });

  it('ends on Ctrl-C on a terminal', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'a.wasm'), guest('header'));
    const { screen, exitCode } = await onTerminal(
      machine.cwd,
      machine.env,
      ['run', 'a.wasm', '--port', '0'],
      [['Ctrl-C ends it', interrupt]],
    );
    expect(exitCode, screen).toBe(130);
    expect(screen).toMatch(/http:\/\/127\.0\.0\.1:\d+ → a → echo/);
  });

  it('ends on Ctrl-C during the build of --watch while its progress line is on the screen', async () => {
    const machine = newMachine();
    fakeProject(machine.cwd, 'slow');
    const { screen, exitCode } = await onTerminal(
      machine.cwd,
      machine.env,
      ['run', '--watch', '--port', '0'],
      [[' build ', interrupt]],
    );
    expect(exitCode, screen).toBe(130);
    expect(screen).not.toContain('→ echo');
  });
});
