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

function worldWithModule(): TestMachine {
  const world = newMachine();
  writeFileSync(join(world.cwd, 'm.wasm'), module);
  return world;
}

const json = async <T>(world: TestMachine, ...argv: string[]): Promise<T> => {
  const { exitCode, stdout, stderr } = await world.wasme(...argv, '--json');
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as T;
};

const skopeo = (...args: string[]): string => execFileSync(tool('skopeo'), args, { encoding: 'utf8' });
const storeOf = (world: TestMachine): string => join(world.home, '.local', 'share', 'wasme', 'store');

describeWith(['docker-registry', 'skopeo', 'openssl'], 'a real registry', () => {
  const kinds: [name: string, options: RealRegistryOptions][] = [
    ['anonymous', {}],
    ['with a password', { auth: 'basic' }],
    ['with tokens', { auth: 'token' }],
    ['with TLS and a password', { tls: true, auth: 'basic' }],
  ];

  it.each(kinds)('%s: login, push, pull, tags, copy', async (_name, options) => {
    const registry = await realRegistry(options);
    const world = worldWithModule();
    const tls = registry.caFile === undefined ? [] : ['--ca-file', registry.caFile];
    const reference = `${registry.host}/team/filter:v1`;
    if (options.auth !== undefined) {
      const early = await world.wasme('push', reference, '-f', 'm.wasm', ...tls);
      expect(early.stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
      const wrong = await world.wasme('login', registry.host, '-u', 'me', '-p', 'wrong', ...tls);
      expect(wrong.stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
      const right = await world.wasme(
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
    const pushed = await json<PushResult>(world, 'push', reference, '-f', 'm.wasm', '-t', 'latest', ...tls);
    expect(pushed.copied.blobs).toBe(2);
    expect((await json<PushResult>(world, 'push', reference, '-f', 'm.wasm', ...tls)).copied).toEqual({
      blobs: 0,
      bytes: 0,
    });
    expect(await json<PullResult>(world, 'pull', reference, ...tls)).toMatchObject({ digest: pushed.digest });
    await json(world, 'pull', pushed.pinned, '-o', 'back.wasm', ...tls);
    expect(readFileSync(join(world.cwd, 'back.wasm')).equals(module)).toBe(true);
    expect((await world.wasme('tags', reference, ...tls)).stdout).toBe('v1\nlatest\n');
    const copy = ['copy', reference, `${registry.host}/other/place:v9`, '-v', '--json', ...tls];
    const copied = await world.wasme(...copy);
    expect(JSON.parse(copied.stdout)).toMatchObject({ digest: pushed.digest });
    // Within one registry blobs are mounted: none is sent.
    expect(copied.stderr.match(/^POST .*mount=.* → 201/gm)).toHaveLength(2);
    expect(copied.stderr).not.toMatch(/^PUT .*\/blobs\//m);
  });

  it('a token that runs out in the middle of a push is replaced, one that is refused is not asked for for ever', async () => {
    const registry = await realRegistry({ auth: 'token' });
    const world = worldWithModule();
    const login = ['login', registry.host, '-u', account.username, '-p', account.password];
    expect((await world.wasme(...login)).exitCode).toBe(0);
    registry.tokens!.lifeS = 0.01;
    const asked = registry.tokens!.requests.length;
    await json(world, 'push', `${registry.host}/b:v1`, '-f', 'm.wasm');
    expect(registry.tokens!.requests.length).toBeGreaterThan(asked + 1);
    registry.tokens!.stale = 99;
    const refused = await world.wasme('push', `${registry.host}/c:v1`, '-f', 'm.wasm');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
  });

  it('over TLS that nobody vouches for is refused, with what to do', async () => {
    const registry = await realRegistry({ tls: true });
    const world = worldWithModule();
    const argv = ['push', `${registry.host}/a:v1`, '-f', 'm.wasm', '--no-plain-http'];
    const refused = await world.wasme(...argv);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('error[NETWORK]');
    expect(refused.stderr).toContain('--ca-file');
    const insecure = await world.wasme(...argv, '--insecure');
    expect(insecure.exitCode).toBe(0);
    expect(insecure.stderr).toContain('(--insecure)');
    world.env['SSL_CERT_FILE'] = registry.caFile;
    expect((await world.wasme(...argv)).exitCode).toBe(0);
  });

  it('wrong guesses about TLS are explained both ways', async () => {
    const [plain, tls] = [await realRegistry(), await realRegistry({ tls: true })];
    const world = worldWithModule();
    expect((await world.wasme('pull', `${plain.host}/a:v1`, '--no-plain-http')).stderr).toContain(
      '--plain-http',
    );
    expect((await world.wasme('push', `${tls.host}/a:v1`, '-f', 'm.wasm')).stderr).toContain(
      '--no-plain-http',
    );
  });

  it('takes our golden image, and skopeo says what it is', async () => {
    const registry = await realRegistry();
    const world = newMachine();
    writeFileSync(join(world.cwd, 'm.wasm'), emptyModule);
    const { digest } = await json<PushResult>(
      world,
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
    const world = worldWithModule();
    const { digest } = await json<PushResult>(
      world,
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
      `oci:${world.cwd}/folder:v1`,
      ...(layout === 'docker' ? ['--format', 'oci'] : []),
    );
    if (layout !== 'docker') {
      const found = await json<{ image: { digest: string } }>(world, 'inspect', './folder');
      expect(found.image.digest).toBe(digest);
    }
    await json(world, 'pull', `${registry.host}/a:v1`);
    if (layout === 'docker') return;
    skopeo(
      'copy',
      '--dest-tls-verify=false',
      `oci:${storeOf(world)}:${registry.host}/a:v1`,
      `docker://${registry.host}/b:v1`,
    );
    expect(await json<PullResult>(world, 'pull', `${registry.host}/b:v1`)).toMatchObject({ digest });
  });

  it('what skopeo turns into Docker types we read', async () => {
    const registry = await realRegistry();
    const world = worldWithModule();
    await json(world, 'push', `${registry.host}/a:v1`, '-f', 'm.wasm');
    skopeo(
      'copy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      '--format',
      'v2s2',
      `docker://${registry.host}/a:v1`,
      `docker://${registry.host}/a:docker`,
    );
    expect(await json<PullResult>(world, 'pull', `${registry.host}/a:docker`, '-o', 'd.wasm')).toMatchObject({
      layout: 'docker',
    });
    expect(readFileSync(join(world.cwd, 'd.wasm')).equals(module)).toBe(true);
  });

  it('takes uploads in pieces', async () => {
    const registry = await realRegistry();
    const world = worldWithModule();
    await json(
      world,
      'push',
      `${registry.host}/a:v1`,
      '-f',
      'm.wasm',
      '--layout',
      'raw',
      '--chunk-size',
      '70000',
    );
    await json(world, 'pull', `${registry.host}/a:v1`, '-o', 'p.wasm');
    expect(readFileSync(join(world.cwd, 'p.wasm')).equals(module)).toBe(true);
  });

  it('asks its token service for what it does, and no more', async () => {
    const registry = (await realRegistry({ auth: 'token' })) as RealRegistry & {
      tokens: NonNullable<RealRegistry['tokens']>;
    };
    const world = worldWithModule();
    await world.wasme('login', registry.host, '-u', account.username, '-p', account.password);
    registry.tokens.requests.length = 0;
    await json(world, 'push', `${registry.host}/public/a:v1`, '-f', 'm.wasm');
    expect(registry.tokens.requests).toMatchObject([
      { method: 'GET', user: 'me', scopes: ['repository:public/a:pull,push'] },
    ]);
    await world.wasme('logout', registry.host);
    expect((await json<PullResult>(world, 'pull', `${registry.host}/public/a:v1`)).copied.blobs).toBe(2);
    expect(registry.tokens.requests.at(-1)).toMatchObject({ user: '', scopes: ['repository:public/a:pull'] });
  });
});
