/** Signatures held to the real cosign: its keys open, it verifies ours, we verify its. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { guest } from '../../helpers/guests/guests.ts';
import { type RealRegistry, realRegistry, referrersRegistry } from '../../helpers/servers/real-registry.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const password = 's3cret';

interface Bench {
  readonly machine: TestMachine;
  readonly registry: RealRegistry;
  readonly reference: string;
  readonly cosign: (...args: string[]) => string;
}

async function bench(): Promise<Bench> {
  const registry = await realRegistry();
  const machine = newMachine({ env: { COSIGN_PASSWORD: password } });
  const cosign = (...args: string[]): string =>
    execFileSync(tool('cosign'), args, {
      cwd: machine.cwd,
      env: { ...process.env, HOME: machine.home, COSIGN_PASSWORD: password },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  cosign('generate-key-pair');
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  return { machine, registry, reference: `${registry.host}/team/filter:v1`, cosign };
}

describeWith(['docker-registry', 'referrers-registry', 'cosign'], 'real cosign', () => {
  it('verifies what push --sign made with its encrypted key', async () => {
    const { machine, reference, cosign } = await bench();
    const pushed = await machine.wasme(
      'push',
      reference,
      '--file',
      'm.wasm',
      '--sign',
      'cosign.key',
      '--json',
    );
    expect(pushed.exitCode).toBe(0);
    const { pinned, digest } = JSON.parse(pushed.stdout) as { pinned: string; digest: string };
    const flags = [
      '--key',
      'cosign.pub',
      '--insecure-ignore-tlog=true',
      '--allow-http-registry',
      '-o',
      'json',
    ];
    expect(JSON.parse(cosign('verify', ...flags, pinned))).toMatchObject([
      {
        critical: {
          identity: { 'docker-reference': pinned.replace(/@.*/, '') },
          image: { 'docker-manifest-digest': digest },
        },
      },
    ]);
    expect((await machine.wasme('verify', reference, '--for', 'istio', '--key', 'cosign.pub')).exitCode).toBe(
      0,
    );
  });

  it('signs what verify --key accepts, also beside a signature of ours', async () => {
    const { machine, reference, cosign } = await bench();
    const pushed = await machine.wasme('push', reference, '--file', 'm.wasm', '--json');
    const { pinned } = JSON.parse(pushed.stdout) as { pinned: string };
    const unsigned = await machine.wasme('verify', reference, '--for', 'istio', '--key', 'cosign.pub');
    expect(unsigned).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('is not signed') as string,
    });
    cosign('sign', '-y', '--key', 'cosign.key', '--tlog-upload=false', '--allow-http-registry', pinned);
    expect((await machine.wasme('verify', reference, '--for', 'istio', '--key', 'cosign.pub')).exitCode).toBe(
      0,
    );
    await machine.wasme('push', reference, '--file', 'm.wasm', '--sign', 'cosign.key');
    const both = await machine.wasme('inspect', reference, '--json');
    expect(JSON.parse(both.stdout)).toMatchObject({ image: { signatures: 2 } });
    expect((await machine.wasme('verify', reference, '--for', 'istio', '--key', 'cosign.pub')).exitCode).toBe(
      0,
    );
  });

  it.each(['docker-registry', 'referrers-registry'] as const)(
    'signs as a bundle what verify --key accepts (%s)',
    async kind => {
      const { machine, registry, cosign } = await bench();
      const host = kind === 'docker-registry' ? registry.host : await referrersRegistry();
      const reference = `${host}/team/filter:v1`;
      const pushed = await machine.wasme('push', reference, '--file', 'm.wasm', '--json');
      const { pinned } = JSON.parse(pushed.stdout) as { pinned: string };
      const sign = ['sign', '-y', '--new-bundle-format', '--tlog-upload=false', '--allow-http-registry'];
      cosign('generate-key-pair', '--output-key-prefix', 'other');
      cosign(...sign, '--key', 'other.key', pinned);
      const verify = ['verify', reference, '--for', 'istio', '--key', 'cosign.pub'];
      const stranger = await machine.wasme(...verify);
      expect(stranger.exitCode).toBe(1);
      expect(stranger.stdout).toContain('made with another key');
      cosign(...sign, '--key', 'cosign.key', pinned);
      expect(await machine.wasme(...verify)).toMatchObject({ exitCode: 0 });
      await machine.wasme('pull', reference);
      const stored = await machine.wasme(...verify);
      expect(stored.exitCode).toBe(1);
      expect(stored.stdout).toContain('--remote asks it');
      expect(await machine.wasme(...verify, '--remote')).toMatchObject({ exitCode: 0 });
    },
  );
});
