/** `--concurrency 2` in real Envoys and in the bundled host: what workers share, and what each has for itself. */
import { expect, it, onTestFinished } from 'vitest';
import { startRun } from '../../../src/run.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { ownStats, requests, vmOf } from '../../helpers/guests/workers-guest.ts';

/** Returns what a run with two workers shows after many requests, the same every time. */
async function facts(envoy: string | undefined): Promise<unknown> {
  const machine = newMachine();
  guestFile(machine.cwd, 'workers');
  const run = await startRun(
    { targets: ['workers.wasm'], listen: { port: 0 }, concurrency: 2, envoy },
    machine.system,
  );
  onTestFinished(() => run.stop());
  const served = new Set<string>();
  let sent = 0;
  // Which worker is quicker to accept is the system's business; that one always is would be a fault.
  for (let round = 0; round < 20 && (served.size < 2 || round < 2); round++, sent += 200) {
    for (const vm of (await requests(run.url, 200, 20)).keys()) served.add(vm);
  }
  await vmOf(run.url);
  sent++;
  const takers = async (): Promise<[name: string, items: number][]> =>
    Object.entries(await ownStats(run)).filter(([name, items]) => name.startsWith('taken by ') && items > 0);
  // Stats are merged a moment later, and notifications cross threads.
  await expect.poll(async () => (await takers()).map(([, items]) => items)).toEqual([sent]);
  const own = await ownStats(run);
  const taker = (await takers())[0]?.[0] ?? '';
  return {
    vmsThatServe: served.size,
    oneOfThemTookTheQueue: served.has(taker.slice('taken by '.length)),
    notCounted: sent - (own['sent'] ?? 0),
    notReadBackByOneVm: sent - (own['seen'] ?? 0),
    lostInSwapping: sent - (own['counted'] ?? 0),
  };
}

describeWith(['envoy-1.40', 'envoy-1.36'], 'two workers', () => {
  it.each(['envoy-1.40', 'envoy-1.36'] as const)('in %s and here', async name => {
    const real = await facts(tool(name));
    expect(real).toEqual({
      vmsThatServe: 2,
      oneOfThemTookTheQueue: true,
      notCounted: 0,
      notReadBackByOneVm: 0,
      lostInSwapping: 0,
    });
    expect(await facts(undefined)).toEqual(real);
  });
});
