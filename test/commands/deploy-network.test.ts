/** `deploy` uses no network when the project or the store has what is needed. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest, guestFile } from '../helpers/guests/guests.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import type { TargetName } from '../../src/targets/index.ts';

/** Counts the sockets that this process opens to anywhere until the test ends. */
function countSockets(): () => number {
  let opened = 0;
  const count = (): void => void opened++;
  subscribe('net.client.socket', count);
  onTestFinished(() => void unsubscribe('net.client.socket', count));
  return () => opened;
}

const image = 'registry.example/me/tagger:v1';
const flagsOf: Readonly<Record<TargetName, readonly string[]>> = {
  envoy: [],
  istio: ['-n', 'shop', '-l', 'app=cart'],
  gloo: ['--root-id', 'r', '--force'],
  'envoy-gateway': ['--gateway', 'eg'],
  higress: [],
  gcp: ['--project', 'my-project', '--forwarding-rule', 'projects/my-project/global/forwardingRules/web'],
};
const targets = Object.entries(flagsOf).map(([target, flags]) => [target, ...flags] as const);

describe('deploy and the network', () => {
  it('the check of this file detects a socket', async () => {
    const registry = await fakeRegistry();
    const opened = countSockets();
    const outcome = await newMachine().wasme('deploy', 'istio', `${registry.host}/team/none:v1`);
    expect(outcome.exitCode).toBe(1);
    expect(opened()).toBeGreaterThan(0);
  });

  it.each(targets)(
    '%s: an image of the store opens no socket, and starts no program',
    async (target, ...flags) => {
      // Without PATH nothing could be started either.
      const machine = newMachine({ env: { PATH: '/nowhere' } });
      guestFile(machine.cwd, 'deploy-tag');
      await machine.wasme('convert', 'deploy-tag.wasm', image, '--layout', 'compat');
      const opened = countSockets();
      const outcome = await machine.wasme('deploy', target, image, ...flags);
      expect(outcome.exitCode, outcome.stderr).toBe(0);
      expect(outcome.stdout).toContain('tagger');
      expect(opened()).toBe(0);
    },
  );

  it.each(targets)('%s: a digest that is given needs no look-up', async (target, ...flags) => {
    if (target === 'envoy' || target === 'gcp') return;
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    const opened = countSockets();
    const digest = `sha256:${'3b'.repeat(32)}`;
    const outcome = await machine.wasme('deploy', target, image, '--digest', digest, ...flags);
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    expect(outcome.stdout).toContain(digest);
    expect(opened()).toBe(0);
  });

  it('envoy: the project here, and a URL with its digest', async () => {
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify({ name: 'tagger', language: 'rust' }));
    mkdirSync(join(machine.cwd, 'build'));
    writeFileSync(join(machine.cwd, 'build', 'tagger.wasm'), guest('deploy-tag'));
    const opened = countSockets();
    expect((await machine.wasme('deploy', 'envoy')).exitCode).toBe(0);
    const url = ['https://files.example/f.wasm', '--digest', `sha256:${'3b'.repeat(32)}`];
    expect((await machine.wasme('deploy', 'envoy', ...url)).exitCode).toBe(0);
    expect(opened()).toBe(0);
  });
});
