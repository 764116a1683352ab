/** Debian's registry in each of its kinds, and skopeo on the other side: what one writes the other reads, digest for digest. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packagingNames } from '../../../src/project/names.ts';
import type { PullResult } from '../../../src/pull.ts';
import type { PushResult } from '../../../src/push.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { emptyModule, moduleOfSize } from '../../helpers/guests/images.ts';
import {
  type RealRegistry,
  type RealRegistryOptions,
  account,
  realRegistry,
} from '../../helpers/servers/real-registry.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const module = moduleOfSize(300_000);

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

const skopeo = (...args: string[]): string => execFileSync(tool('skopeo'), args, { encoding: 'utf8' });
const storeOf = (machine: TestMachine): string => join(machine.home, '.local', 'share', 'wasme', 'store');

describeWith(['docker-registry', 'skopeo', 'openssl'], 'a real registry', () => {
  const kinds: [name: string, options: RealRegistryOptions][] = [
    ['anonymous', {}],
    ['with a password', { auth: 'basic' }],
    ['with tokens', { auth: 'token' }],
    ['with TLS and a password', { tls: true, auth: 'basic' }],
  ];

  it.each(kinds)('%s: login, push, pull, tags, copy', async (_name, options) => {
    const registry = await realRegistry(options);
    const machine = machineWithModule();
    const tls = registry.caFile === undefined ? [] : ['--ca-file', registry.caFile];
    const reference = `${registry.host}/team/filter:v1`;
    if (options.auth !== undefined) {
      const early = await machine.wasme('push', reference, '-f', 'm.wasm', ...tls);
      expect(early.stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
      const wrong = await machine.wasme('login', registry.host, '-u', 'me', '-p', 'wrong', ...tls);
      expect(wrong.stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
      const right = await machine.wasme(
        'login',
        registry.host,
        '-u',
        account.username,
        '-p',
        account.password,
        ...tls,
      );
      expect(right.exitCode, right.stderr).toBe(0);
    }
    const pushed = await json<PushResult>(machine, 'push', reference, '-f', 'm.wasm', '-t', 'latest', ...tls);
    expect(pushed.copied.blobs).toBe(2);
    expect((await json<PushResult>(machine, 'push', reference, '-f', 'm.wasm', ...tls)).copied).toEqual({
      blobs: 0,
      bytes: 0,
    });
    expect(await json<PullResult>(machine, 'pull', reference, ...tls)).toMatchObject({
      digest: pushed.digest,
    });
    await json(machine, 'pull', pushed.pinned, '-o', 'back.wasm', ...tls);
    expect(readFileSync(join(machine.cwd, 'back.wasm')).equals(module)).toBe(true);
    expect((await machine.wasme('tags', reference, ...tls)).stdout).toBe('v1\nlatest\n');
    const copy = ['copy', reference, `${registry.host}/other/place:v9`, '-v', '--json', ...tls];
    const copied = await machine.wasme(...copy);
    expect(JSON.parse(copied.stdout)).toMatchObject({ digest: pushed.digest });
    // Within one registry blobs are mounted: none is sent.
    expect(copied.stderr.match(/^POST .*mount=.* → 201/gm)).toHaveLength(2);
    expect(copied.stderr).not.toMatch(/^PUT .*\/blobs\//m);
  });

  it('a token that expires during a push is replaced, and a refused one is not requested endlessly', async () => {
    const registry = await realRegistry({ auth: 'token' });
    const machine = machineWithModule();
    const login = ['login', registry.host, '-u', account.username, '-p', account.password];
    expect((await machine.wasme(...login)).exitCode).toBe(0);
    registry.tokens!.lifeS = 0.01;
    const asked = registry.tokens!.requests.length;
    await json(machine, 'push', `${registry.host}/b:v1`, '-f', 'm.wasm');
    expect(registry.tokens!.requests.length).toBeGreaterThan(asked + 1);
    registry.tokens!.stale = 99;
    const refused = await machine.wasme('push', `${registry.host}/c:v1`, '-f', 'm.wasm');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
  });

  it('a TLS certificate of an unknown authority is refused with a hint', async () => {
    const registry = await realRegistry({ tls: true });
    const machine = machineWithModule();
    const argv = ['push', `${registry.host}/a:v1`, '-f', 'm.wasm', '--no-plain-http'];
    const refused = await machine.wasme(...argv);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('error[NETWORK]');
    expect(refused.stderr).toContain('--ca-file');
    const insecure = await machine.wasme(...argv, '--insecure');
    expect(insecure.exitCode).toBe(0);
    expect(insecure.stderr).toContain('(--insecure)');
    machine.env['SSL_CERT_FILE'] = registry.caFile;
    expect((await machine.wasme(...argv)).exitCode).toBe(0);
  });

  it('wrong guesses about TLS are explained both ways', async () => {
    const [plain, tls] = [await realRegistry(), await realRegistry({ tls: true })];
    const machine = machineWithModule();
    expect((await machine.wasme('pull', `${plain.host}/a:v1`, '--no-plain-http')).stderr).toContain(
      '--plain-http',
    );
    expect((await machine.wasme('push', `${tls.host}/a:v1`, '-f', 'm.wasm')).stderr).toContain(
      '--no-plain-http',
    );
  });

  it('takes our golden image, and skopeo says what it is', async () => {
    const registry = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), emptyModule);
    const { digest } = await json<PushResult>(
      machine,
      'push',
      `${registry.host}/golden:v1`,
      '-f',
      'm.wasm',
      '--force',
    );
    const shown = JSON.parse(
      skopeo('inspect', '--tls-verify=false', `docker://${registry.host}/golden:v1`),
    ) as Record<string, unknown>;
    expect(shown).toMatchObject({ Digest: digest, Architecture: 'amd64', Os: 'linux' });
  });

  it.each(packagingNames)('layout %s survives skopeo both ways, digest for digest', async layout => {
    const registry = await realRegistry();
    const machine = machineWithModule();
    const { digest } = await json<PushResult>(
      machine,
      'push',
      `${registry.host}/a:v1`,
      '-f',
      'm.wasm',
      '--layout',
      layout,
    );
    // Registry → folder by skopeo → our store, and our store → registry by skopeo.
    skopeo(
      'copy',
      '--src-tls-verify=false',
      `docker://${registry.host}/a:v1`,
      `oci:${machine.cwd}/folder:v1`,
      ...(layout === 'docker' ? ['--format', 'oci'] : []),
    );
    if (layout !== 'docker') {
      const found = await json<{ image: { digest: string } }>(machine, 'inspect', './folder');
      expect(found.image.digest).toBe(digest);
    }
    await json(machine, 'pull', `${registry.host}/a:v1`);
    if (layout === 'docker') return;
    skopeo(
      'copy',
      '--dest-tls-verify=false',
      `oci:${storeOf(machine)}:${registry.host}/a:v1`,
      `docker://${registry.host}/b:v1`,
    );
    expect(await json<PullResult>(machine, 'pull', `${registry.host}/b:v1`)).toMatchObject({ digest });
  });

  it('what skopeo turns into Docker types we read', async () => {
    const registry = await realRegistry();
    const machine = machineWithModule();
    await json(machine, 'push', `${registry.host}/a:v1`, '-f', 'm.wasm');
    skopeo(
      'copy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      '--format',
      'v2s2',
      `docker://${registry.host}/a:v1`,
      `docker://${registry.host}/a:docker`,
    );
    expect(
      await json<PullResult>(machine, 'pull', `${registry.host}/a:docker`, '-o', 'd.wasm'),
    ).toMatchObject({
      layout: 'docker',
    });
    expect(readFileSync(join(machine.cwd, 'd.wasm')).equals(module)).toBe(true);
  });

  it('takes uploads in pieces', async () => {
    const registry = await realRegistry();
    const machine = machineWithModule();
    await json(
      machine,
      'push',
      `${registry.host}/a:v1`,
      '-f',
      'm.wasm',
      '--layout',
      'raw',
      '--chunk-size',
      '70000',
    );
    await json(machine, 'pull', `${registry.host}/a:v1`, '-o', 'p.wasm');
    expect(readFileSync(join(machine.cwd, 'p.wasm')).equals(module)).toBe(true);
  });

  it('asks its token service for what it does, and no more', async () => {
    const registry = (await realRegistry({ auth: 'token' })) as RealRegistry & {
      tokens: NonNullable<RealRegistry['tokens']>;
    };
    const machine = machineWithModule();
    await machine.wasme('login', registry.host, '-u', account.username, '-p', account.password);
    registry.tokens.requests.length = 0;
    await json(machine, 'push', `${registry.host}/public/a:v1`, '-f', 'm.wasm');
    expect(registry.tokens.requests).toMatchObject([
      { method: 'GET', user: 'me', scopes: ['repository:public/a:pull,push'] },
    ]);
    await machine.wasme('logout', registry.host);
    expect((await json<PullResult>(machine, 'pull', `${registry.host}/public/a:v1`)).copied.blobs).toBe(2);
    expect(registry.tokens.requests.at(-1)).toMatchObject({ user: '', scopes: ['repository:public/a:pull'] });
  });
});
