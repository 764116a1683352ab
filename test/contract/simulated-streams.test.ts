/**
 * `loadFilter`, `wasme test`, `wasme bench` and `wasme run` show a filter the same stream: what it logs of a request is the
 * same in all four. `run` goes through sockets here; the recorded scenarios hold it to real Envoy.
 */
import { expect, it, onTestFinished } from 'vitest';
import { readPairs } from '../../src/host/encoding/pairs.ts';
import { SimulatedEnvironment, createHost, loadFilter, newestProfile } from '../../src/host/index.ts';
import type { LogEntry } from '../../src/host/types.ts';
import { NodeEnvironment } from '../../src/proxy/environment.ts';
import { startProxy } from '../../src/proxy/proxy.ts';
import { Clusters } from '../../src/proxy/upstream/clusters.ts';
import { httpTraffic } from '../../src/suite/bench/traffic.ts';
import { simulateCase } from '../../src/suite/bundled/simulate.ts';
import { compileProbe } from '../helpers/guests/probe/compile.ts';
import { type Op, call, callHeaders, http, map, step } from '../helpers/guests/probe/script.ts';
import { send } from '../helpers/scenario/client.ts';
import { maskText } from '../helpers/scenario/outcome.ts';
import { startUpstream } from '../helpers/scenario/upstream.ts';

const property = (...path: string[]): Op => call('get_property', path.join('\0'));
const header = (name: string): Op => call('get_header_map_value', map.requestHeaders, name);
const module = compileProbe({
  callbacks: http({
    on_request_headers: step([
      ...['x-forwarded-proto', 'x-request-id', ':scheme'].map(header),
      ...['scheme', 'id', 'protocol'].map(name => property('request', name)),
      call('http_call', 'nowhere', callHeaders(), '', [], 1_000),
      ...['nowhere', 'upstream'].map(name => call('grpc_call', name, 's', 'm', [], 'ping', 1_000)),
      ...['10.0.0.1', 'localhost', 'name.onion', 'two words'].map(name => call('envoy_resolve_dns', name)),
    ]),
    on_request_body: step([property('request', 'size')]),
    on_request_trailers: step([call('get_header_map_pairs', map.requestTrailers)]),
    on_response_headers: step([property('response', 'code')]),
    on_response_body: step([property('response', 'size')]),
    on_response_trailers: step([call('get_header_map_pairs', map.responseTrailers)]),
    on_log: step([
      property('request', 'size'),
      ...['code', 'code_details', 'size', 'grpc_status'].map(name => property('response', name)),
      property('request', 'total_size'),
      call('get_header_map_pairs', map.requestHeaders),
      property('response', 'total_size'),
      call('get_header_map_pairs', map.responseHeaders),
    ]),
    envoy_on_resolve_dns: step([call('get_buffer_bytes', 8, 0, 100)]),
  }),
});

interface Exchange {
  readonly requestBody: string;
  readonly responseBody: string;
  readonly hasTrailers: boolean;
}

const requestTrailers = { 'x-sum': '7' };
const responseTrailers = { 'x-end': 'yes', 'x-more': 'no' };

/** Each player sends the request, and returns the lines that the filter logged. */
const players: Readonly<Record<string, (exchange: Exchange) => Promise<string[]>>> = {
  async loadFilter({ requestBody, responseBody, hasTrailers }) {
    const filter = await loadFilter(module, { clusters: ['upstream'] });
    const length = (body: string) => (hasTrailers ? {} : { headers: { 'content-length': `${body.length}` } });
    filter.request(
      {
        body: requestBody,
        ...length(requestBody),
        ...(hasTrailers && { trailers: requestTrailers }),
      },
      () => ({
        body: responseBody,
        ...length(responseBody),
        ...(hasTrailers && { trailers: responseTrailers }),
      }),
    );
    return filter.logs.filter(({ source }) => source === 'guest').map(({ text }) => text);
  },

  async test({ requestBody, responseBody, hasTrailers }) {
    const length = (body: string) => (hasTrailers ? {} : { headers: { 'content-length': `${body.length}` } });
    const { outcome } = await simulateCase(
      {
        name: 'one',
        request: {
          body: requestBody,
          ...length(requestBody),
          ...(hasTrailers && { trailers: requestTrailers }),
        },
        upstream: {
          body: responseBody,
          ...length(responseBody),
          ...(hasTrailers && { trailers: responseTrailers }),
        },
        callouts: { upstream: {} },
      },
      {
        name: 'probe',
        module,
        rootId: '',
        configuration: new Uint8Array(),
        profile: newestProfile,
        cut: 'whole',
      },
    );
    return [...outcome.logs];
  },

  async bench({ requestBody }) {
    const lines: string[] = [];
    const environment = new SimulatedEnvironment({ clusters: new Set(['upstream']), onLog: keepIn(lines) });
    const host = createHost({ environment });
    const plugin = await host.loadPlugin(module, { name: 'probe' });
    const workload = { path: '/', headers: [], bodyBytes: requestBody.length };
    httpTraffic(host.httpChain([plugin]), environment, workload)();
    return lines;
  },

  async run({ requestBody, responseBody, hasTrailers }) {
    const lines: string[] = [];
    const form = hasTrailers ? {} : ({ withLength: true } as const);
    const upstream = await startUpstream({
      body: [responseBody],
      ...form,
      ...(hasTrailers && { trailers: Object.entries(responseTrailers) }),
    });
    const endpoint = { host: '127.0.0.1', port: upstream.port, tls: false, http2: false };
    const clusters = new Clusters(new Map([['upstream', endpoint]]), {
      trailers: true,
      connectTimeoutMs: 5_000,
    });
    const environment = new NodeEnvironment({ clusters, log: keepIn(lines), showTransportFailure: false });
    const host = createHost({ environment });
    const plugin = await host.loadPlugin(module, { name: 'probe' });
    const proxy = await startProxy({
      host: '127.0.0.1',
      port: 0,
      clusters,
      routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
      chain: host.httpChain([plugin]),
      trailers: true,
      showTransportFailure: false,
    });
    onTestFinished(async () => {
      await proxy.close();
      clusters.close();
      host.close();
      await upstream.close();
    });
    await send(proxy.port, {
      body: [requestBody],
      ...form,
      ...(hasTrailers && { trailers: Object.entries(requestTrailers) }),
    });
    await expect.poll(() => lines.at(-1)).toMatch(/^on_delete/);
    return lines;
  },
};

function keepIn(lines: string[]): (entry: LogEntry) => void {
  return ({ message, source }) => {
    if (source === 'guest') lines.push(Buffer.from(message).toString('latin1'));
  };
}

/**
 * The lines without what differs by nature: ids, the number of headers, their contents. A total size is given without that of
 * the headers, which the guest logs next.
 */
function comparable(lines: readonly string[]): string[] {
  const seen: string[] = [];
  for (const [index, line] of lines.entries()) {
    const headers = lines[index + 1]?.includes(':') ? pairsOf(lines[index + 1] ?? '') : undefined;
    if (pairsOf(line)?.some(([name]) => name.startsWith(':'))) continue;
    if (headers?.some(([name]) => name.startsWith(':')) === true) {
      const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
      const total = Buffer.from(bytesOf(line), 'latin1').readBigUInt64LE();
      seen.push(`total size beyond the headers: ${total - BigInt(bytes)}`);
    } else seen.push(maskText(line).replace(/^(on_\w+_headers\(\d+), \d+/, '$1, *'));
  }
  return seen;
}

function pairsOf(line: string): readonly (readonly [string, string])[] | undefined {
  if (!line.startsWith('get_header_map_pairs')) return undefined;
  const bytes = Buffer.from(bytesOf(line), 'latin1');
  return readPairs(bytes, 0, bytes.length);
}

/** The bytes of the last result of a call: the guest writes those that are not ASCII as `\xx`. */
function bytesOf(line: string): string {
  const text = /"(.*)"$/s.exec(line)?.[1] ?? '';
  return text.replace(/\\([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

it.each([
  [
    'bodies of a known length',
    { requestBody: 'a'.repeat(300), responseBody: 'b'.repeat(300), hasTrailers: false },
  ],
  [
    'chunked bodies with trailers',
    { requestBody: 'a'.repeat(20), responseBody: 'b'.repeat(90), hasTrailers: true },
  ],
])('a filter sees the same of %s in loadFilter, test, bench and run', async (_form, exchange) => {
  const inRun = comparable(await players['run']!(exchange));
  expect(inRun).toContain(`total size beyond the headers: ${exchange.requestBody.length}`);
  expect(inRun.filter(line => line.includes('<uuid>'))).toHaveLength(2);
  for (const [name, play] of Object.entries(players)) {
    // A benchmark has no trailers.
    if (name === 'run' || (name === 'bench' && exchange.hasTrailers)) continue;
    expect({ [name]: comparable(await play(exchange)) }).toEqual({ [name]: inRun });
  }
});
