/**
 * Requests that are aborted, cut and reset on both sides of `run` leave nothing behind: live heaps do not grow, whole
 * requests are answered. Runs by hand, with WASME_ENDURANCE_REQUESTS=100000 or more: fewer requests cannot tell growth from
 * what the engine compiles late, and on a busy machine requests exceed the time limit of half a second.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startRun } from '../../../src/run.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { Heaps } from '../../helpers/guests/heaps.ts';
import { lineThrough } from '../../helpers/regression.ts';
import { root } from '../../helpers/tree.ts';

const asked = process.env['WASME_ENDURANCE_REQUESTS'];
const samples = 40;
const settled = samples / 2;
const each = Math.ceil(Number(asked ?? 0) / samples);
const total = each * samples;
/** Until then engines compile what is called rarely: not a thing that requests leave behind. */
const noiseBytes = 512 * 1024;
/** The root context of one filter in each of two workers. */
const idleContexts = 2;

it.runIf(asked !== undefined)(
  `leaves nothing behind of ${total} broken and whole requests`,
  async () => {
    const traffic = fork(join(root, 'test', 'fixtures', 'traffic', 'main.js'), { execArgv: [] });
    onTestFinished(() => void traffic.kill());
    const died = once(traffic, 'exit').then(([code, signal]) => {
      throw new Error(`the traffic ended: ${String(code ?? signal)}`);
    });
    died.catch(() => undefined);
    const answer = async (): Promise<unknown> =>
      ((await Promise.race([once(traffic, 'message'), died])) as unknown[])[0];
    const ports = (await answer()) as { http1: number; http2: number };
    const machine = newMachine();
    const clusters = { side: `http://127.0.0.1:${ports.http1}`, grpc: `h2c://127.0.0.1:${ports.http2}` };
    const run = await startRun(
      {
        targets: [guestFile(machine.cwd, 'asks')],
        listen: { port: 0 },
        upstream: clusters.side,
        clusters,
        concurrency: 2,
        // Some upstreams never answer.
        timeoutMs: 500,
        logLevel: 'off',
      },
      machine.system,
    );
    onTestFinished(() => run.stop());
    const heaps = new Heaps();
    await heaps.open();
    onTestFinished(() => heaps.close());

    const points: [requests: number, bytes: number][] = [];
    const outcomes: Record<string, number> = {};
    let buffers = 0;
    for (let sample = 1; sample <= samples; sample++) {
      traffic.send({ port: run.port, requests: each });
      for (const [name, times] of Object.entries((await answer()) as Record<string, number>))
        outcomes[name] = (outcomes[name] ?? 0) + times;
      await expect.poll(() => idle(run)).toEqual({ contexts: idleContexts, active: 0 });
      points.push([sample * each, await heaps.live()]);
      if (sample === settled) buffers = await heaps.buffers();
    }
    const { slope, error } = lineThrough(points.slice(settled));
    const moreBuffers = (await heaps.buffers()) - buffers;
    process.stdout.write(
      `endurance: live heap ${slope.toFixed(2)} ± ${error.toFixed(2)} bytes a request; ` +
        `${points[settled]?.[1] ?? 0} → ${points.at(-1)?.[1] ?? 0}; buffers + ${moreBuffers}; ` +
        `rss ${process.memoryUsage.rss()}\n${JSON.stringify(outcomes)}\n`,
    );
    // One byte a request, or in short runs what cannot be told from the noise of compilers.
    if (slope > 1 + 3 * error && slope * (total / 2) > noiseBytes)
      expect.fail(`live heap: ${slope} ± ${error} bytes a request`);
    expect(moreBuffers).toBeLessThan(noiseBytes);
    expect(
      Object.keys(outcomes)
        .filter(name => /^(whole|alone) (?!crossed)/.test(name))
        .toSorted(),
    ).toEqual(['alone 200', 'whole 200']);
  },
  3_600_000,
);

async function idle(run: Awaited<ReturnType<typeof startRun>>): Promise<unknown> {
  const { gauges } = await run.stats();
  return { contexts: gauges['wasme.contexts'], active: gauges['http.http.downstream_rq_active'] };
}
