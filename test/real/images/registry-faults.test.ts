/**
 * Everything that can go wrong between us and a real registry: what ends well is whole, what fails says so, and no corrupt
 * blob is ever visible. The named cases, then as many random ones as WASME_FAULT_RUNS says in all.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestMachine } from '../../helpers/cli/cli.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import { type Fault, faultProxy } from '../../helpers/servers/fault-proxy.ts';
import { moduleOfSize } from '../../helpers/guests/images.ts';
import { type RealRegistry, realRegistry } from '../../helpers/servers/real-registry.ts';
import { describeWith } from '../../helpers/tools.ts';

const module = moduleOfSize(1_500_000);
/** Number of random runs at a time: most of each is waiting for the next attempt. */
const parallel = 16;
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

const runs = Number(process.env['WASME_FAULT_RUNS'] ?? 0) - either.length - pulls.length;

/** Numbers from 0 to 1 that are the same in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A fault that four repetitions get over, or one that nothing does. */
function anyFault(random: () => number, verb: 'push' | 'pull'): Case {
  const times = 1 + Math.floor(random() * 3);
  const passing = [408, 429, 500, 502, 503, 504];
  const status = passing[Math.floor(random() * passing.length)] ?? 500;
  const kinds: Case[] = [
    ['cut', { kind: 'cut', share: random(), times }, 'well'],
    ['cut', { kind: 'cut', share: random(), times: 1 }, 'well'],
    ['closed', { kind: 'refuse', times }, 'well'],
    [`${status}`, { kind: 'status', status, times, retryAfter: '0' }, 'well'],
    ['denied', { kind: 'status', status: 403, times: 99 }, 'REGISTRY_DENIED'],
    ...(verb === 'push'
      ? []
      : [
          ['flipped', { kind: 'flip', times: 1 }, 'DIGEST_MISMATCH'] satisfies Case,
          ['short', { kind: 'short', times }, 'well'] satisfies Case,
        ]),
  ];
  return kinds[Math.floor(random() * kinds.length)] ?? kinds[0]!;
}

describeWith(['docker-registry'], 'faults between us and a real registry', () => {
  let registry: RealRegistry;
  let digest: string;
  const reference = 'team/filter:v1';

  beforeAll(async () => {
    registry = await realRegistry({ keep: true });
  });
  afterAll(() => registry.stop());

  it.each(either)('push with %s', (name, fault, ends) =>
    pushWith(`push/${name.replace(/\W+/g, '-').toLowerCase()}`, fault, ends),
  );

  it.each(pulls)('pull with %s', async (_name, fault, ends) => {
    digest ??= await pushOnce();
    await pullWith(fault, ends);
  });

  it.runIf(runs > 0)(`${runs} more, at any place`, { timeout: 60_000 + runs * 2_000 }, async () => {
    digest ??= await pushOnce();
    const random = randomOf(1);
    const jobs = Array.from({ length: runs }, (_, run) => {
      const verb = run % 2 === 0 ? 'push' : 'pull';
      const [, fault, ends] = anyFault(random, verb);
      return async () => {
        const failed = await (verb === 'push'
          ? pushWith(`any/r${run}`, fault, ends)
          : pullWith(fault, ends)
        ).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failed !== undefined) {
          throw new Error(`run ${run}: ${verb} with ${JSON.stringify(fault)}`, { cause: failed });
        }
      };
    });
    const worker = async (): Promise<void> => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
    };
    await Promise.all(Array.from({ length: parallel }, worker));
  });

  async function pushWith(repository: string, fault: Fault, ends: string): Promise<void> {
    const proxy = await faultProxy(registry.host, fault, /^PUT .*\/blobs\/uploads|^PUT .*\/manifests/);
    const machine = machineWithModule();
    const to = `${proxy.host}/${repository}:v1`;
    const { exitCode, stderr } = await machine.wasme('push', to, '-f', 'm.wasm', '--layout', 'raw');
    expect(proxy.hits).toBeGreaterThan(0);
    const there = `${registry.host}/${repository}:v1`;
    if (ends === 'well') {
      expect(exitCode, stderr).toBe(0);
      expect((await machine.wasme('pull', there, '-o', 'back.wasm')).exitCode).toBe(0);
      expect(readFileSync(join(machine.cwd, 'back.wasm')).equals(module)).toBe(true);
      return;
    }
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[${ends}]`);
    expect((await machine.wasme('pull', there)).stderr).toContain('error[REGISTRY_NOT_FOUND]');
  }

  async function pullWith(fault: Fault, ends: string): Promise<void> {
    const proxy = await faultProxy(registry.host, fault, /^GET .*\/blobs\//);
    const machine = machineWithModule();
    const { exitCode, stderr } = await machine.wasme('pull', `${proxy.host}/${reference}`);
    expect(proxy.hits).toBeGreaterThan(0);
    expect(corrupt(machine)).toEqual([]);
    const { stdout } = await machine.wasme('list', '--json');
    const { images } = JSON.parse(stdout) as { images: { digest: string }[] };
    if (ends === 'well') {
      expect(exitCode, stderr).toBe(0);
      expect(images).toMatchObject([{ digest }]);
      return;
    }
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[${ends}]`);
    expect(images).toEqual([]);
  }

  function machineWithModule(): TestMachine {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), module);
    return machine;
  }

  async function pushOnce(): Promise<string> {
    const argv = ['push', `${registry.host}/${reference}`, '-f', 'm.wasm', '--layout', 'raw', '--json'];
    return (JSON.parse((await machineWithModule().wasme(...argv)).stdout) as { digest: string }).digest;
  }

  /** Blobs of the store whose bytes are not the ones of their name. */
  function corrupt(machine: TestMachine): string[] {
    const dir = join(machine.home, '.local/share/wasme/store/blobs/sha256');
    if (!existsSync(dir)) return [];
    return readdirSync(dir).filter(
      hex =>
        createHash('sha256')
          .update(readFileSync(join(dir, hex)))
          .digest('hex') !== hex,
    );
  }
});
