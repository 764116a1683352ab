/** `--concurrency 2` in real Envoys and in the bundled host: what workers share, and what each has for itself. */
import { expect, it, onTestFinished } from 'vitest';
import { startRun } from '../../src/run.ts';
import { newWorld } from '../helpers/cli.ts';
import { guestFile } from '../helpers/guests.ts';
import { describeWith, tool } from '../helpers/tools.ts';
import { ownStats, requests, vmOf } from '../helpers/workers.ts';

const sent = 401;

/** What a run with two workers shows after `sent` requests, the same every time. */
async function facts(envoy: string | undefined): Promise<unknown> {
  const world = newWorld();
  guestFile(world.cwd, 'workers');
  const run = await startRun(
    { targets: ['workers.wasm'], listen: { port: 0 }, concurrency: 2, envoy },
    world.edges,
  );
  onTestFinished(() => run.stop());
  const served = await requests(run.url, sent - 1, 20);
  await vmOf(run.url);
  const takers = async (): Promise<[name: string, items: number][]> =>
    Object.entries(await ownStats(run)).filter(([name, items]) => name.startsWith('taken by ') && items > 0);
  // Stats are merged a moment later, and notifications cross threads.
  await expect
    .poll(async () => (await takers()).map(([, items]) => items), { timeout: 10_000 })
    .toEqual([sent]);
  const own = await ownStats(run);
  const taker = (await takers())[0]?.[0] ?? '';
  return {
    vmsThatServe: served.size,
    oneOfThemTookTheQueue: served.has(taker.slice('taken by '.length)),
    sent: own['sent'],
    readBackByOneVm: own['seen'],
    countedBySwapping: own['counted'],
  };
}

describeWith(['envoy-1.40', 'envoy-1.36'], 'two workers', () => {
  it.each(['envoy-1.40', 'envoy-1.36'] as const)('in %s and here', async name => {
    const real = await facts(tool(name));
    expect(real).toEqual({
      vmsThatServe: 2,
      oneOfThemTookTheQueue: true,
      sent,
      readBackByOneVm: sent,
      countedBySwapping: sent,
    });
    expect(await facts(undefined)).toEqual(real);
  });
});
