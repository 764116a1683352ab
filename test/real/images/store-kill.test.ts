/**
 * SIGKILL at any moment of push, pull, tag and build with a tag: the store stays one that skopeo and we can read, and the next run finishes
 * the job. WASME_KILL_RUNS sets how many are killed at least (default 12).
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ListResult } from '../../../src/list.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { moduleOfSize } from '../../helpers/guests/images.ts';
import { realRegistry } from '../../helpers/servers/real-registry.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';

const kills = Number(process.env['WASME_KILL_RUNS'] ?? 12);
const bin = join(root, 'dist', 'commands', 'main.cjs');

/** Runs the built program; `killAfterMs` ends it with SIGKILL. */
function start(
  machine: TestMachine,
  argv: readonly string[],
  killAfterMs?: number,
): Promise<{ killed: boolean; ms: number }> {
  const startedAt = Date.now();
  const child = spawn(process.execPath, [bin, ...argv], {
    cwd: machine.cwd,
    env: machine.env,
    stdio: 'ignore',
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise(resolve =>
    child.once('exit', (_code, signal) => {
      clearTimeout(timer);
      resolve({ killed: signal === 'SIGKILL', ms: Date.now() - startedAt });
    }),
  );
}

describeWith(['docker-registry', 'skopeo'], 'a store whose writers are killed', () => {
  it('stays whole', { timeout: 60_000 + kills * 3_000 }, async () => {
    const registry = await realRegistry();
    const publisher = newMachine();
    for (const [index, size] of [3_000_000, 1_500_000].entries()) {
      writeFileSync(join(publisher.cwd, 'm.wasm'), moduleOfSize(size));
      const name = `${registry.host}/team/filter:v${index}`;
      expect((await publisher.wasme('push', name, '-f', 'm.wasm', '--layout', 'raw')).exitCode).toBe(0);
    }
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'own.wasm'), moduleOfSize(2_000_000));
    const pull = (index: number): string[] => ['pull', `${registry.host}/team/filter:v${index}`];
    let wholeMs = 0;
    let killed = 0;
    for (let run = 0; killed < kills; run++) {
      expect(run, 'hardly any process lived long enough to be killed').toBeLessThan(kills * 10);
      // Measured again and again: a machine is not always equally busy.
      if (run % 20 === 0) wholeMs = (await start(newMachine(), pull(0))).ms;
      const jobs = [
        pull(run % 2),
        ['tag', `${registry.host}/team/filter:v0`, `${registry.host}/team/filter:t${run}`],
        ['push', `${registry.host}/team/filter:v${run % 2}`],
        ['build', 'precompiled', 'own.wasm', '-t', `team/own:v${run % 3}`],
      ];
      // Spread over the time in which a process works (a third of its life is loading), with two at once.
      const after = wholeMs * (0.3 + ((run * 0.618034) % 1) * 0.65);
      const ended = await Promise.all([
        start(machine, jobs[run % jobs.length]!, after),
        start(machine, pull(run % 2), after * 1.1),
      ]);
      killed += ended.filter(one => one.killed).length;
      await whole(machine);
    }
    for (const index of [0, 1]) expect((await machine.wasme(...pull(index))).exitCode).toBe(0);
    const images = await whole(machine);
    const store = join(machine.home, '.local', 'share', 'wasme', 'store');
    for (const { reference } of images) {
      execFileSync(tool('skopeo'), ['inspect', '--raw', `oci:${store}:${reference}`], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    }
    expect((await machine.wasme('rm', '--all')).exitCode).toBe(0);
    expect(readdirSync(join(store, 'blobs', 'sha256'))).toEqual([]);
  });

  /** Every blob is the one of its name, and every image that is listed has all its blobs. */
  async function whole(machine: TestMachine): Promise<ListResult['images']> {
    const { stdout, exitCode, stderr } = await machine.wasme('list', '--json');
    expect(exitCode, stderr).toBe(0);
    const { images } = JSON.parse(stdout) as ListResult;
    const dir = join(machine.home, '.local', 'share', 'wasme', 'store', 'blobs', 'sha256');
    for (const { digest, layout } of images) {
      expect(layout).not.toBe('damaged');
      const manifest = JSON.parse(readFileSync(join(dir, digest.slice(7)), 'utf8')) as Record<
        'config' | 'layers',
        never
      >;
      for (const part of [manifest.config, ...(manifest.layers as never[])] as {
        digest: string;
        size: number;
      }[]) {
        const bytes = readFileSync(join(dir, part.digest.slice(7)));
        expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(part.digest);
      }
    }
    return images;
  }
});
