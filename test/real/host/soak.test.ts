/**
 * Many requests through `run`: live heaps do not grow, no context stays, guest memory is flat. WASME_SOAK_REQUESTS says
 * how many; the product's promise is about 1,000,000, which takes some minutes.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { startRun } from '../../../src/run.ts';
import { realProject, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { Heaps } from '../../helpers/guests/heaps.ts';
import { type Line, lineThrough } from '../../helpers/regression.ts';
import { describeWith } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';

const samples = 60;
const each = Math.ceil(Number(process.env['WASME_SOAK_REQUESTS'] ?? 18_000) / samples);
const total = each * samples;
const noiseBytes = 1024 * 1024;
/** The root contexts of two filters in two workers. */
const idleContexts = 4;
/** Until then: engines go on compiling, the more slowly the more often a full collection throws code away. */
const settled = 30;

interface Sample {
  readonly requests: number;
  readonly heap: number;
  readonly guest: number;
}

describeWith(['npm'], `${total} requests through two workers and two filters`, () => {
  it('leave nothing behind', async () => {
    const machine = newMachine();
    const module = await realProject(join(sharedFolder(), 'filter'));
    guestFile(machine.cwd, 'workers');
    const run = await startRun(
      { targets: [module, 'workers.wasm'], listen: { port: 0 }, concurrency: 2, logLevel: 'off' },
      machine.system,
    );
    onTestFinished(() => run.stop());
    const heaps = new Heaps();
    await heaps.open();
    onTestFinished(() => heaps.close());
    expect(heaps.workers).toBe(2);
    await quiet(run);
    const client = new Worker(join(root, 'test', 'fixtures', 'load-worker.js'), {
      workerData: { url: run.url, connections: 32 },
    });
    onTestFinished(() => void client.terminate());

    const seen: Sample[] = [];
    let buffers = 0;
    for (let sample = 1; sample <= samples; sample++) {
      client.postMessage(each);
      const [statuses] = (await once(client, 'message')) as unknown[];
      expect(statuses).toEqual({ 200: each });
      await quiet(run);
      const { gauges } = await run.stats();
      const guest = Number(gauges['wasme.guest_memory_bytes']);
      seen.push({ requests: sample * each, heap: await heaps.live(), guest });
      if (sample === settled) buffers = await heaps.buffers();
    }
    const steady = seen.slice(settled);
    const line = lineThrough(steady.map(({ requests, heap }) => [requests, heap]));
    const moreBuffers = (await heaps.buffers()) - buffers;
    process.stdout.write(`${report(seen, line)}; buffers ${buffers} + ${moreBuffers}\n`);
    // Not different from zero, or what engines still learn: a thing left behind by each request would be far more.
    if (line.slope > 3 * line.error && line.slope * total > noiseBytes) {
      expect.fail(`live heap: ${line.slope} ± ${line.error} bytes a request`);
    }
    expect(moreBuffers).toBeLessThan(noiseBytes);
    expect(new Set(steady.map(({ guest }) => guest)).size).toBe(1);
    // A worker that is slow to answer is counted as it was known last.
    const numbers = async (): Promise<unknown> => {
      const { gauges, counters } = await run.stats();
      return {
        contexts: gauges['wasme.contexts'],
        active: gauges['http.http.downstream_rq_active'],
        answered: counters['http.http.downstream_rq_2xx'],
        sent: Number(counters['wasmcustom.sent']),
      };
    };
    await expect.poll(numbers).toEqual({ contexts: idleContexts, active: 0, answered: total, sent: total });
  }, 1_800_000);
});

/** The last `on_done` comes a moment after the last byte. */
async function quiet(run: Awaited<ReturnType<typeof startRun>>): Promise<void> {
  const now = async (): Promise<unknown> => (await run.stats()).gauges['wasme.contexts'];
  await expect.poll(now).toBe(idleContexts);
}

function report(seen: readonly Sample[], { slope, error }: Line): string {
  const first = seen[settled];
  const last = seen.at(-1);
  return [
    `soak: ${last?.requests ?? 0} requests; live heap ${slope.toFixed(3)} ± ${error.toFixed(3)} bytes a request`,
    `soak: live heap ${first?.heap ?? 0} → ${last?.heap ?? 0}, guest memory ${first?.guest ?? 0} → ${last?.guest ?? 0}`,
  ].join('\n');
}
