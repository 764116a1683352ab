/** Driving a run of the guest `workers`: which VM takes a request, and what all of them counted. */
import { once } from 'node:events';
import { get } from 'node:http';
import { json } from 'node:stream/consumers';
import type { EchoAnswer } from '../../../src/proxy/upstream/echo.ts';
import type { Run } from '../../../src/run.ts';

/** Returns the VM that served a request on a new connection: workers share connections, not requests. */
export async function vmOf(url: string): Promise<string> {
  const request = get(url, { agent: false });
  const [response] = (await once(request, 'response')) as [Parameters<typeof json>[0]];
  const { headers } = (await json(response)) as EchoAnswer;
  return String(headers['x-vm']);
}

/** So many requests, so many at a time; how many each VM took. */
export async function requests(url: string, count: number, atOnce: number): Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const vm = await vmOf(url);
      seen.set(vm, (seen.get(vm) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return seen;
}

/** The stats of the filter itself, without their prefix. */
export async function ownStats(run: Run): Promise<Record<string, number>> {
  const { counters, gauges } = await run.stats();
  const own = Object.entries({ ...counters, ...gauges }).filter(([name]) => name.startsWith('wasmcustom.'));
  return Object.fromEntries(own.map(([name, value]) => [name.slice('wasmcustom.'.length), Number(value)]));
}
