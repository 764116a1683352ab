/** A long transfer shows a bar with amount, rate and remaining time, and clears it when the transfer ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { faultProxy } from '../helpers/servers/fault-proxy.ts';
import { moduleOfSize } from '../helpers/guests/images.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import { fakeProject } from '../helpers/projects/fake-project.ts';
import { interrupt, onTerminal } from '../helpers/cli/terminal.ts';

// The time that is left is shown after a second. At 16 kB in 2 ms this takes 2.9 s; what the kernel takes in at once
// (an upload is sent when it is in the buffers of the sockets, 10 MB at most) leaves 1.7 s of it to be seen.
const size = 24_000_000;
const bar = /[█░]{20} sha256:[0-9a-f]{12} [\d.]+ [kM]B\/24\.0 MB [\d.]+ MB\/s \d+s left/;

interface Places {
  readonly machine: TestMachine;
  /** A registry that has the image, at full speed and slowly. */
  readonly full: string;
  readonly slowly: string;
  /** An empty one, slowly. */
  readonly empty: string;
}

async function places(): Promise<Places> {
  const slow = async (host: string): Promise<string> =>
    (await faultProxy(host, { kind: 'slow', times: 99 }, /\/blobs\//)).host;
  const full = (await fakeRegistry()).host;
  const machine = newMachine();
  writeFileSync(join(machine.cwd, 'm.wasm'), moduleOfSize(size));
  await machine.wasme('push', `${full}/a:v1`, '-f', 'm.wasm', '--layout', 'raw');
  return { machine, full, slowly: await slow(full), empty: await slow((await fakeRegistry()).host) };
}

it.each<[verb: string, argv: (places: Places) => string[]]>([
  ['pull', ({ slowly }) => ['pull', `${slowly}/a:v1`]],
  ['push', ({ empty }) => ['push', `${empty}/b:v1`, '-f', 'm.wasm', '--layout', 'raw']],
  ['copy', ({ full, empty }) => ['copy', `${full}/a:v1`, `${empty}/c:v1`]],
])('%s on a terminal', async (_verb, argv) => {
  const there = await places();
  const { screen, exitCode } = await onTerminal(there.machine.cwd, there.machine.env, argv(there), []);
  expect(exitCode, screen).toBe(0);
  expect(screen).toMatch(bar);
  expect(screen).toContain('✓ sha256:');
});

it('progress is a plain line without a terminal, and is not printed with --quiet', async () => {
  const { machine, full } = await places();
  expect((await machine.wasme('pull', `${full}/a:v1`)).stderr).toMatch(/^✓ sha256:[0-9a-f]{12}\n$/);
  expect((await newMachine().wasme('pull', `${full}/a:v1`, '--quiet')).stderr).toBe('');
});

it('a build shows progress on a terminal, and only its result stays', async () => {
  const slow = newMachine();
  fakeProject(slow.cwd, 'slow');
  const moving = await onTerminal(slow.cwd, slow.env, ['build'], [['\u2819 build fake', interrupt]]);
  expect(moving.exitCode, moving.screen).toBe(130);
  const quick = newMachine();
  fakeProject(quick.cwd);
  const { screen } = await onTerminal(quick.cwd, quick.env, ['build'], []);
  expect(screen.slice(screen.lastIndexOf(' build fake'))).toMatch(/\u001b\[2K[^]*build\/fake\.wasm/);
  expect(screen).not.toContain('\u2713');
});

it('progress on a dumb terminal has no control sequences', async () => {
  const machine = newMachine();
  fakeProject(machine.cwd);
  const { screen, exitCode } = await onTerminal(machine.cwd, { ...machine.env, TERM: 'dumb' }, ['build'], []);
  expect(exitCode, screen).toBe(0);
  expect(screen).toMatch(/^build\/fake\.wasm/);
});
