/** `wasme copy`: registry to registry, digest and all. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CopyImageResult } from '../../src/copy.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { account, fakeRegistry } from '../helpers/servers/registry.ts';

describe('copy', () => {
  it('keeps the digest from one registry to another', async () => {
    const [from, to] = [await fakeRegistry(), await fakeRegistry()];
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    await machine.wasme('push', `${from.host}/a:v1`, '-f', 'm.wasm');
    const { exitCode, stdout } = await machine.wasme(
      'copy',
      `${from.host}/a:v1`,
      `${to.host}/b/c:v2`,
      '--json',
    );
    expect(exitCode).toBe(0);
    const result = JSON.parse(stdout) as CopyImageResult;
    expect(result.digest).toBe(to.tags.get('b/c:v2'));
    expect(result.digest).toBe(from.tags.get('a:v1'));
    expect(to.blobs).toEqual(from.blobs);
  });

  it.each([201, 202, 401, 405] as const)(
    'within a registry requests a mount and falls back to an upload (answer %s)',
    async mount => {
      const registry = await fakeRegistry({ mount });
      const machine = newMachine();
      writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
      await machine.wasme('push', `${registry.host}/dev/a:v1`, '-f', 'm.wasm');
      // A fake keeps blobs by registry, a real one by repository: nothing is there before it is mounted or sent.
      const held = new Map(registry.blobs);
      registry.switches.headBlob = 405;
      registry.log.length = 0;
      const { exitCode } = await machine.wasme(
        'copy',
        `${registry.host}/dev/a:v1`,
        `${registry.host}/prod/a:v1`,
      );
      expect(exitCode).toBe(0);
      expect(registry.count(/^POST .*mount=sha256.*from=dev%2Fa/)).toBe(2);
      expect(registry.count(/^PUT .*\/blobs\/uploads/)).toBe(mount === 201 ? 0 : 2);
      expect(registry.blobs).toEqual(held);
      expect(registry.tags.get('prod/a:v1')).toBe(registry.tags.get('dev/a:v1'));
    },
  );

  it('uploads the blobs when the token service refuses a token for both repositories', async () => {
    const registry = await fakeRegistry({ auth: 'bearer', oneRepositoryPerToken: true, headBlob: 405 });
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const { username, password } = account;
    mkdirSync(join(machine.home, '.docker'));
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    const config = JSON.stringify({ auths: { [registry.host]: { auth } } });
    writeFileSync(join(machine.home, '.docker', 'config.json'), config, { mode: 0o600 });
    await machine.wasme('push', `${registry.host}/dev/a:v1`, '-f', 'm.wasm');
    const copied = await machine.wasme('copy', `${registry.host}/dev/a:v1`, `${registry.host}/prod/a:v1`);
    expect(copied).toMatchObject({ exitCode: 0, stderr: '' });
    expect(registry.tags.get('prod/a:v1')).toBe(registry.tags.get('dev/a:v1'));
  });
});
