import { describe, expect, it, onTestFinished } from 'vitest';
import { startAdmin } from '../../../src/proxy/admin.ts';
import type { StatsSnapshot } from '../../../src/proxy/stats.ts';
import { refusedFilters } from '../../helpers/servers/stats-filters.ts';

const long = `wasmcustom.${'a'.repeat(10_000)}`;

async function adminOf(counters: StatsSnapshot['counters']): Promise<(path: string) => Promise<Response>> {
  const unused = (): never => {
    throw new TypeError('the statistics are all that is asked for');
  };
  const admin = await startAdmin('127.0.0.1', 0, {
    stats: () => Promise.resolve({ counters, gauges: {}, histograms: {} }),
    configuration: unused,
    listeners: unused,
    clusters: unused,
    serverInfo: unused,
    logLevel: unused,
    setLogLevel: unused,
    quit: unused,
  });
  onTestFinished(() => admin.close());
  return path => fetch(`http://127.0.0.1:${admin.port}${path}`);
}

describe('/stats?filter=', () => {
  it.each([
    ['^server.live$', 'server.live: 1\n'],
    ['(?i)SERVER%5C.LIVE', 'server.live: 1\n'],
    // Not the space of a form.
    ['r.l+i', 'server.live: 1\n'],
    ['%5B%5B:xdigit:%5D%5D%7B2%7D', 'wasmcustom.ff: 2\n'],
    ['', 'server.live: 1\nwasmcustom.ff: 2\n'],
    ['%zz', ''],
  ])('%j keeps the names that RE2 finds it in', async (pattern, shown) => {
    const get = await adminOf({ 'server.live': 1, 'wasmcustom.ff': 2 });
    expect(await (await get(`/stats?usedonly&filter=${pattern}`)).text()).toBe(shown);
  });

  it.each(refusedFilters)('%j is answered with 400 and the error message of RE2', async (pattern, fault) => {
    const get = await adminOf({ 'server.live': 1 });
    for (const path of ['/stats?', '/stats/prometheus?', '/stats?format=json&']) {
      const response = await get(`${path}filter=${pattern}`);
      expect([response.status, await response.text()]).toEqual([400, `Invalid re2 regex: ${fault}`]);
    }
  });

  it('a pattern that takes a backtracking engine exponential time is answered', async () => {
    const get = await adminOf({ [long]: 1, [`${long}!`]: 2 });
    const response = await get(`/stats?filter=${encodeURIComponent(String.raw`^(\w|\w|\.)*!$`)}`);
    expect(await response.text()).toBe(`${long}!: 2\n`);
  });

  it('a pattern of very many instructions is refused where the names are long', async () => {
    const get = await adminOf({ [long]: 1 });
    const response = await get(`/stats?filter=${encodeURIComponent('(a?b?){1000}'.repeat(3))}`);
    expect([response.status, await response.text()]).toEqual([
      400,
      'Invalid re2 regex: pattern too large - compile failed',
    ]);
  });
});
