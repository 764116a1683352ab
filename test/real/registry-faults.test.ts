/**
 * Everything that can go wrong between us and a real registry: what ends well is whole, what fails says so, and no corrupt
 * blob is ever visible. WASME_FAULT_RUNS multiplies the runs.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { World } from '../helpers/cli.ts';
import { newWorld } from '../helpers/cli.ts';
import { type Fault, faultProxy } from '../helpers/fault-proxy.ts';
import { moduleOfSize } from '../helpers/images.ts';
import { type RealRegistry, realRegistry } from '../helpers/real-registry.ts';
import { describeWith } from '../helpers/tools.ts';

const module = moduleOfSize(1_500_000);
const rounds = Number(process.env['WASME_FAULT_RUNS'] ?? 1);
const tenths = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** `ends`: well, or the code of the failure. */
type Case = [name: string, fault: Fault, ends: string];

const either: Case[] = [
  ...tenths.map((share): Case => [`cut after ${share}`, { kind: 'cut', share, times: 1 }, 'well']),
  ...tenths.map(
    (share): Case => [`cut after ${share}, three times`, { kind: 'cut', share, times: 3 }, 'well'],
  ),
  ['connections closed', { kind: 'refuse', times: 2 }, 'well'],
  ...[408, 429, 500, 502, 503, 504].map(
    (status): Case => [`${status} twice`, { kind: 'status', status, times: 2 }, 'well'],
  ),
  ['429 with Retry-After', { kind: 'status', status: 429, times: 1, retryAfter: '0' }, 'well'],
  [
    '429 for an hour',
    { kind: 'status', status: 429, times: 99, retryAfter: '3600' },
    'REGISTRY_RATE_LIMITED',
  ],
  ['403', { kind: 'status', status: 403, times: 99 }, 'REGISTRY_DENIED'],
  ['401', { kind: 'status', status: 401, times: 99 }, 'REGISTRY_UNAUTHORIZED'],
  ['slow', { kind: 'slow', times: 99 }, 'well'],
  ['redirect loop', { kind: 'loop', times: 99 }, 'NETWORK'],
];
const pulls: Case[] = [
  ...either,
  ['a flipped byte', { kind: 'flip', times: 1 }, 'DIGEST_MISMATCH'],
  ['a short body', { kind: 'short', times: 1 }, 'well'],
  ['four short bodies', { kind: 'short', times: 4 }, 'well'],
];

describeWith(['docker-registry'], 'faults between us and a real registry', () => {
  let registry: RealRegistry;
  let reference: string;
  let digest: string;

  beforeAll(async () => {
    registry = await realRegistry({ keep: true });
    reference = 'team/filter:v1';
  });
  afterAll(() => registry.stop());

  for (let round = 0; round < rounds; round++) {
    it.each(either)(`push with %s (${round})`, async (name, fault, ends) => {
      const repository = `push/${name.replace(/\W+/g, '-').toLowerCase()}${round}`;
      const proxy = await faultProxy(registry.host, fault, /^PUT .*\/blobs\/uploads|^PUT .*\/manifests/);
      const world = worldWithModule();
      const { exitCode, stderr } = await world.wasme(
        'push',
        `${proxy.host}/${repository}:v1`,
        '-f',
        'm.wasm',
        '--layout',
        'raw',
      );
      expect(proxy.hits).toBeGreaterThan(0);
      if (ends === 'well') {
        expect(exitCode, stderr).toBe(0);
        expect(
          (await world.wasme('pull', `${registry.host}/${repository}:v1`, '-o', 'back.wasm')).exitCode,
        ).toBe(0);
        expect(readFileSync(join(world.cwd, 'back.wasm')).equals(module)).toBe(true);
      } else if (fault.kind === 'loop') {
        expect(stderr).toContain(`error[${ends}]`);
      } else {
        expect(exitCode).toBe(1);
        expect(stderr).toContain(`error[${ends}]`);
        const seen = await world.wasme('pull', `${registry.host}/${repository}:v1`);
        expect(seen.stderr).toContain('error[REGISTRY_NOT_FOUND]');
      }
    });

    it.each(pulls)(`pull with %s (${round})`, async (_name, fault, ends) => {
      digest ??= await pushOnce(registry, reference);
      const proxy = await faultProxy(registry.host, fault, /^GET .*\/blobs\//);
      const world = worldWithModule();
      const { exitCode, stderr } = await world.wasme('pull', `${proxy.host}/${reference}`);
      expect(proxy.hits).toBeGreaterThan(0);
      expect(corrupt(world)).toEqual([]);
      const images = (
        JSON.parse((await world.wasme('list', '--json')).stdout) as { images: { digest: string }[] }
      ).images;
      if (ends === 'well') {
        expect(exitCode, stderr).toBe(0);
        expect(images).toMatchObject([{ digest }]);
      } else {
        expect(exitCode).toBe(1);
        expect(stderr).toContain(`error[${ends}]`);
        expect(images).toEqual([]);
      }
    });
  }

  function worldWithModule(): World {
    const world = newWorld();
    writeFileSync(join(world.cwd, 'm.wasm'), module);
    return world;
  }

  async function pushOnce({ host }: RealRegistry, name: string): Promise<string> {
    const world = worldWithModule();
    const { stdout } = await world.wasme(
      'push',
      `${host}/${name}`,
      '-f',
      'm.wasm',
      '--layout',
      'raw',
      '--json',
    );
    return (JSON.parse(stdout) as { digest: string }).digest;
  }

  /** Blobs of the store whose bytes are not the ones of their name. */
  function corrupt(world: World): string[] {
    const dir = join(world.home, '.local/share/wasme/store/blobs/sha256');
    if (!existsSync(dir)) return [];
    return readdirSync(dir).filter(
      hex =>
        createHash('sha256')
          .update(readFileSync(join(dir, hex)))
          .digest('hex') !== hex,
    );
  }
});
