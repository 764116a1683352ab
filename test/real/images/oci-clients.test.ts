/** ORAS and crane on the other side, over a registry that has the OCI 1.1 referrers API: they read what we push and we what they push. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { InspectResult } from '../../../src/inspect.ts';
import { packagingNames } from '../../../src/project/names.ts';
import type { PullResult } from '../../../src/pull.ts';
import type { PushResult } from '../../../src/push.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { moduleOfSize } from '../../helpers/guests/images.ts';
import { account, realRegistry, referrersRegistry } from '../../helpers/servers/real-registry.ts';
import { refreshToken } from '../../helpers/servers/token-server.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';

const module = moduleOfSize(200_000);

function machineWithModule(): TestMachine {
  const machine = newMachine();
  writeFileSync(join(machine.cwd, 'm.wasm'), module);
  return machine;
}

const json = async <T>(machine: TestMachine, ...argv: string[]): Promise<T> => {
  const { exitCode, stdout, stderr } = await machine.wasme(...argv, '--json');
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as T;
};

const oras = (...args: string[]): string => execFileSync(tool('oras'), args, { encoding: 'utf8' }).trim();
const crane = (...args: string[]): string => execFileSync(tool('crane'), args, { encoding: 'utf8' }).trim();

describeWith(['oras', 'crane', 'referrers-registry', 'docker-registry', 'openssl'], 'ORAS and crane', () => {
  it.each(packagingNames)(
    'read layout %s as we pushed it, and their copies come back the same',
    async layout => {
      const host = await referrersRegistry();
      const machine = machineWithModule();
      const reference = `${host}/team/filter:v1`;
      const { digest } = await json<PushResult>(
        machine,
        'push',
        reference,
        '-f',
        'm.wasm',
        '--layout',
        layout,
      );
      expect(crane('digest', reference)).toBe(digest);
      crane(
        'validate',
        '--remote',
        reference,
        ...(layout === 'compat' || layout === 'docker' ? [] : ['--fast']),
      );
      crane('copy', reference, `${host}/team/crane:v1`);
      const folder = join(machine.cwd, 'layout');
      expect(oras('to-layout', reference, folder, 'filter')).toBe(digest);
      expect(await json<InspectResult>(machine, 'inspect', './layout')).toMatchObject({ image: { digest } });
      oras('from-layout', `${host}/team/oras:v1`, folder, 'filter');
      for (const name of ['crane', 'oras']) {
        const pulled = await json<PullResult>(
          machine,
          'pull',
          `${host}/team/${name}:v1`,
          '-o',
          `${name}.wasm`,
        );
        expect(pulled).toMatchObject({ digest });
        expect(readFileSync(join(machine.cwd, `${name}.wasm`)).equals(module)).toBe(true);
      }
    },
  );

  it('ORAS gets the file that the layer names', async () => {
    const host = await referrersRegistry();
    const machine = machineWithModule();
    await json(machine, 'push', `${host}/a:v1`, '-f', 'm.wasm');
    oras('pull', `${host}/a:v1`, join(machine.cwd, 'out'));
    const listed = execFileSync('tar', ['-tzf', join(machine.cwd, 'out', 'plugin.tar.gz')], {
      encoding: 'utf8',
    });
    expect(listed).toBe('plugin.wasm\n');
  });

  it('ORAS reads our store as it is', async () => {
    const host = await referrersRegistry();
    const machine = machineWithModule();
    const reference = `${host}/a:v1`;
    const { digest } = await json<PushResult>(machine, 'push', reference, '-f', 'm.wasm');
    await json(machine, 'pull', reference);
    const store = join(machine.home, '.local', 'share', 'wasme', 'store');
    expect(oras('from-layout', `${host}/b:v1`, store, reference)).toBe(digest);
  });

  it.each([
    'application/wasm',
    'application/vnd.wasm.content.layer.v1+wasm',
    'application/vnd.oci.image.layer.v1.tar',
  ])('what ORAS pushed as %s we read', async type => {
    const host = await referrersRegistry();
    const machine = machineWithModule();
    const digest = oras(
      'push',
      `${host}/a:v1`,
      'application/vnd.unknown.artifact.v1',
      machine.cwd,
      'm.wasm',
      type,
    );
    const pulled = await json<PullResult>(machine, 'pull', `${host}/a:v1`, '-o', 'back.wasm');
    expect(pulled.digest).toBe(digest);
    expect(readFileSync(join(machine.cwd, 'back.wasm')).equals(module)).toBe(true);
    expect((await machine.wasme('verify', `${host}/a:v1`, '--for', 'istio@1.30')).exitCode).toBe(1);
    const converted = await machine.wasme('convert', `${host}/a:v1`, `${host}/a:mesh`, '--push');
    expect(converted.exitCode, converted.stderr).toBe(0);
  });

  it('what crane appended to nothing we read', async () => {
    const host = await referrersRegistry();
    const machine = machineWithModule();
    mkdirSync(join(machine.cwd, 'files'));
    writeFileSync(join(machine.cwd, 'files', 'plugin.wasm'), module);
    execFileSync('tar', ['-cf', 'layer.tar', '-C', 'files', 'plugin.wasm'], { cwd: machine.cwd });
    crane('append', '-f', join(machine.cwd, 'layer.tar'), '-t', `${host}/a:v1`, '--oci-empty-base');
    await json(machine, 'pull', `${host}/a:v1`, '-o', 'back.wasm');
    expect(readFileSync(join(machine.cwd, 'back.wasm')).equals(module)).toBe(true);
  });

  it('lists what ORAS attached, with the referrers API and without', async () => {
    const debian = await realRegistry();
    for (const host of [await referrersRegistry(), debian.host]) {
      const machine = machineWithModule();
      await json(machine, 'push', `${host}/a:v1`, '-f', 'm.wasm');
      writeFileSync(join(machine.cwd, 'sbom.json'), '{}');
      const attached = oras(
        'attach',
        `${host}/a:v1`,
        'application/spdx+json',
        machine.cwd,
        'sbom.json',
        'application/spdx+json',
      );
      const { stdout, exitCode, stderr } = await machine.wasme('inspect', `${host}/a:v1`, '--json');
      expect(exitCode, stderr).toBe(0);
      expect(stdout).toContain(attached);
      expect((await machine.wasme('tags', `${host}/a`)).stdout).toBe('v1\n');
    }
  });

  it('copy --recursive brings what ORAS attached: found by ORAS, with the referrers API and without', async () => {
    const debian = await realRegistry();
    const from = await referrersRegistry();
    const machine = machineWithModule();
    await json(machine, 'push', `${from}/a:v1`, '-f', 'm.wasm');
    writeFileSync(join(machine.cwd, 'sbom.json'), '{}');
    const attach = (to: string, type: string): string =>
      oras('attach', to, type, machine.cwd, 'sbom.json', 'application/json');
    const sbom = attach(`${from}/a:v1`, 'application/spdx+json');
    const attestation = attach(`${from}/a@${sbom}`, 'application/vnd.in-toto+json');
    const second = attach(`${from}/a:v1`, 'application/vnd.cyclonedx+json');
    expect(await json(machine, 'copy', `${from}/a:v1`, `${from}/plain:v1`)).toMatchObject({ referrers: 0 });
    expect(oras('discover', `${from}/plain:v1`)).not.toContain(sbom);
    for (const host of [await referrersRegistry(), debian.host]) {
      const copied = await json(machine, 'copy', '-r', `${from}/a:v1`, `${host}/b:v2`);
      expect(copied).toMatchObject({ referrers: 3 });
      // Once more changes nothing, in particular not the index that is kept by hand.
      await json(machine, 'copy', '-r', `${from}/a:v1`, `${host}/b:v2`);
      const found = oras('discover', `${host}/b:v2`);
      expect(found.match(/"digest"/g)).toHaveLength(2);
      for (const part of [sbom, second]) expect(found).toContain(part);
      // That registry's own listing names the config's type instead.
      if (host === debian.host) expect(found).toContain('application/spdx+json');
      expect(oras('discover', `${host}/b@${sbom}`)).toContain(attestation);
    }
  });

  it('a credential helper keeps a login for crane and for us, and forgets it', async () => {
    const registry = await realRegistry({ auth: 'basic' });
    const machine = machineWithModule();
    const helper = join(root, 'test', 'fixtures', 'bin', 'credential-helper');
    const kept = join(machine.home, 'keychain.json');
    Object.assign(machine.env, { PATH: `${helper}:${machine.env['PATH'] ?? ''}`, KEYCHAIN: kept });
    mkdirSync(join(machine.home, '.docker'));
    writeFileSync(join(machine.home, '.docker', 'config.json'), '{"credsStore":"test-keychain"}');
    const reference = `${registry.host}/a:v1`;
    const login = await machine.wasme('login', registry.host, '-u', account.username, '-p', account.password);
    expect(login.exitCode, login.stderr).toBe(0);
    expect(login.stderr).not.toContain('unencrypted');
    expect(readFileSync(join(machine.home, '.docker', 'config.json'), 'utf8')).not.toContain('"auth"');
    const { digest } = await json<PushResult>(machine, 'push', reference, '-f', 'm.wasm');
    const env = { ...machine.env, HOME: machine.home };
    expect(execFileSync(tool('crane'), ['digest', reference], { env, encoding: 'utf8' }).trim()).toBe(digest);
    const listed = execFileSync(join(helper, 'docker-credential-test-keychain'), ['list'], { env });
    expect(JSON.parse(listed.toString())).toEqual({ [registry.host]: account.username });
    await machine.wasme('logout', registry.host);
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual({});
    expect((await machine.wasme('pull', reference)).stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
  });

  it('crane takes the login that wasme stored, and the other way round', async () => {
    const registry = await realRegistry({ auth: 'basic' });
    const machine = machineWithModule();
    const reference = `${registry.host}/a:v1`;
    const env = { ...machine.env, HOME: machine.home };
    await machine.wasme('login', registry.host, '-u', account.username, '-p', account.password);
    const { digest } = await json<PushResult>(machine, 'push', reference, '-f', 'm.wasm');
    expect(execFileSync(tool('crane'), ['digest', reference], { env, encoding: 'utf8' }).trim()).toBe(digest);
    await machine.wasme('logout', registry.host);
    expect((await machine.wasme('pull', reference)).exitCode).toBe(1);
    const login = ['auth', 'login', registry.host, '-u', account.username, '--password-stdin'];
    execFileSync(tool('crane'), login, { env, input: account.password, stdio: ['pipe', 'ignore', 'ignore'] });
    expect(await json<PullResult>(machine, 'pull', reference)).toMatchObject({ digest });
  });

  it.each(['file', 'helper'] as const)('an identity token is kept as docker does (%s)', async kind => {
    const registry = await realRegistry({ auth: 'token' });
    const machine = machineWithModule();
    const config = join(machine.home, '.docker', 'config.json');
    if (kind === 'helper') {
      const helper = join(root, 'test', 'fixtures', 'bin', 'credential-helper');
      machine.env['PATH'] = `${helper}:${machine.env['PATH'] ?? ''}`;
      machine.env['KEYCHAIN'] = join(machine.home, 'keychain.json');
      mkdirSync(join(machine.home, '.docker'));
      writeFileSync(config, '{"credsStore":"test-keychain"}');
    }
    const wrong = await machine.wasme('login', registry.host, '--identity-token', 'no');
    expect(wrong).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error[REGISTRY_UNAUTHORIZED]') as string,
    });
    const login = await machine.wasme('login', registry.host, '--identity-token', refreshToken, '-v');
    expect(login.exitCode, login.stderr).toBe(0);
    expect(login.stdout + login.stderr).not.toContain(refreshToken);
    expect(JSON.parse(readFileSync(config, 'utf8'))).toMatchObject({
      auths: {
        [registry.host]:
          kind === 'helper'
            ? {}
            : { auth: Buffer.from('<token>:').toString('base64'), identitytoken: refreshToken },
      },
    });
    const reference = `${registry.host}/a:v1`;
    const { digest } = await json<PushResult>(machine, 'push', reference, '-f', 'm.wasm');
    const env = { ...machine.env, HOME: machine.home };
    // Not synchronously: the token server they ask is in this process.
    const run = promisify(execFile);
    const byCrane = await run(tool('crane'), ['digest', reference], { env });
    expect(byCrane.stdout.trim()).toBe(digest);
    await machine.wasme('logout', registry.host);
    expect((await machine.wasme('pull', reference)).stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
  });
});
