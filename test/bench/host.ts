/** Measures the microseconds that the host adds to a stream, above the guest called bare with host functions that do nothing. */
import { createHost, HeaderMap, type Host, newStreamInfo, type Plugin } from '../../src/host/index.ts';
import type { HostEnvironment, HttpStreamSink } from '../../src/host/types.ts';
import { guest } from '../helpers/guests/guests.ts';

const environment: HostEnvironment = {
  realtimeNs: () => 1n,
  monotonicNs: () => process.hrtime.bigint(),
  fillRandom: () => {},
  schedule: () => () => {},
  log: () => {},
  httpCall: () => ({ status: 'unknown-cluster' }),
  grpcCall: () => ({ status: 'unknown-cluster' }),
};

const ignore: HttpStreamSink = {
  forwardRequestHeaders() {},
  forwardRequestData() {},
  forwardRequestTrailers() {},
  forwardResponseHeaders() {},
  forwardResponseData() {},
  forwardResponseTrailers() {},
  reset() {},
  readDisable() {},
  clearRouteCache() {},
};

const request = (): HeaderMap =>
  new HeaderMap([
    [':authority', 'localhost:8080'],
    [':path', '/get?x=1'],
    [':method', 'GET'],
    [':scheme', 'http'],
    ['user-agent', 'bench/1.0'],
    ['accept', '*/*'],
    ['x-forwarded-proto', 'http'],
    ['x-request-id', '5b2ac0a4-7f1e-4f10-a5e0-2ce8c8c5f6a1'],
  ]);
const response = (): HeaderMap =>
  new HeaderMap([
    [':status', '200'],
    ['content-type', 'application/json'],
    ['content-length', '2'],
    ['date', 'Mon, 01 Jan 2026 00:00:00 GMT'],
    ['x-envoy-upstream-service-time', '1'],
  ]);

/** Microseconds of one run in the best of several rounds, after warming up: other work on the machine only adds. */
function measure(run: () => void, perRound = 10_000, rounds = 40): number {
  for (let i = 0; i < perRound * 3; i++) run();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = process.hrtime.bigint();
    for (let i = 0; i < perRound; i++) run();
    times.push(Number(process.hrtime.bigint() - begun) / 1000 / perRound);
  }
  return Math.min(...times);
}

const body = new Uint8Array(2);

/** Streams through a chain of `plugins`: header callbacks and one body chunk. */
function streams(host: Host, plugins: readonly Plugin[]): () => void {
  const chain = host.httpChain(plugins);
  return () => {
    const stream = chain.open(ignore, newStreamInfo());
    stream.decodeHeaders(request(), true);
    stream.encodeHeaders(response(), false);
    stream.encodeData(body, true);
    stream.complete();
  };
}

/** The same callbacks on an instance whose imports return 0, without a host. */
function bare(code: Uint8Array): () => void {
  const module = new WebAssembly.Module(code);
  const nothing = (): number => 0;
  const env = new Proxy({}, { get: () => nothing });
  const { exports } = new WebAssembly.Instance(module, { env });
  const find = (name: string) => (exports[name] ?? nothing) as (...values: number[]) => number;
  const create = find('proxy_on_context_create');
  const requestHeaders = find('proxy_on_request_headers');
  const responseHeaders = find('proxy_on_response_headers');
  const responseBody = find('proxy_on_response_body');
  const log = find('proxy_on_log');
  const done = find('proxy_on_done');
  const remove = find('proxy_on_delete');
  let id = 1;
  return () => {
    id++;
    create(id, 1);
    requestHeaders(id, 8, 1);
    responseHeaders(id, 5, 0);
    responseBody(id, 2, 1);
    log(id);
    done(id);
    remove(id);
    request();
    response();
    newStreamInfo();
  };
}

const lines: string[] = [];
const host = createHost({ environment });
lines.push(`no filter: ${measure(streams(host, [])).toFixed(2)} µs a stream`);
for (const name of ['header', 'pairs']) {
  const code = guest(name);
  const plugin = await host.loadPlugin(code, { name });
  const whole = measure(streams(host, [plugin]));
  const alone = measure(bare(code));
  const own = whole - alone;
  lines.push(
    `${name}: ${whole.toFixed(2)} µs a stream, bare guest ${alone.toFixed(2)}, the host's own ${own.toFixed(2)} (limit 3)`,
  );
}
process.stdout.write(`${lines.join('\n')}\n`);
