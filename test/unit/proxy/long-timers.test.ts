/** Delays that a filter chooses and Node's timers cannot hold: 2^31 ms and more (Envoy 1.40 waits that long). */
import { afterEach, expect, it, vi } from 'vitest';
import { HeaderMap, createHost, newStreamInfo } from '../../../src/host/index.ts';
import type { HttpCallListener } from '../../../src/host/types.ts';
import { startHttpCall } from '../../../src/proxy/upstream/http-call.ts';
import { NodeEnvironment } from '../../../src/proxy/environment.ts';
import { startGrpcCall } from '../../../src/proxy/upstream/grpc-call.ts';
import { RoutedRequest, type RouterListener } from '../../../src/proxy/upstream/router.ts';
import { ProxyStreamInfo } from '../../../src/proxy/stream-info.ts';
import type { Upstream } from '../../../src/proxy/streams.ts';
import { compileWat } from '../../helpers/guests/guests.ts';
import { oneCluster } from '../../helpers/servers/proxy-clusters.ts';

const longestMs = 2 ** 32 - 1;

// The fake timers overflow above 2^31 − 1 ms as those of Node do.
afterEach(() => vi.useRealTimers());

/** An upstream that never answers, and the headers of the requests it got. */
function silentUpstream(): { upstream: Upstream; requests: HeaderMap[] } {
  const requests: HeaderMap[] = [];
  const upstream: Upstream = {
    close: () => undefined,
    open: () => ({
      sendHeaders: headers => void requests.push(headers),
      sendData: () => undefined,
      sendTrailers: () => undefined,
      pauseResponse: () => undefined,
      reset: () => undefined,
    }),
  };
  return { upstream, requests };
}

const request = (extra: readonly [string, string][] = []): HeaderMap =>
  new HeaderMap([
    [':method', 'GET'],
    [':path', '/'],
    [':authority', 'a'],
    ['x-forwarded-proto', 'http'],
    ...extra,
  ]);

/** Expects that `happened` stays 0 until `delayMs` have passed. */
function expectAfter(delayMs: number, happened: () => number): void {
  vi.advanceTimersByTime(10_000);
  expect(happened()).toBe(0);
  vi.advanceTimersByTime(delayMs - 10_001);
  expect(happened()).toBe(0);
  vi.advanceTimersByTime(1);
  expect(happened()).toBe(1);
}

it('a tick period of 2^32 − 1 ms lets the first tick come after 49 days', async () => {
  vi.useFakeTimers();
  let ticks = 0;
  const environment = new NodeEnvironment({
    clusters: oneCluster(1),
    log: () => void ticks++,
    showTransportFailure: false,
  });
  const host = createHost({ environment });
  await host.loadPlugin(
    compileWat(`(module
      (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (drop (call $tick (i32.const -1))) (i32.const 1))
      (func (export "proxy_on_tick") (param i32) (drop (call $log (i32.const 2) (i32.const 0) (i32.const 4)))))`),
    { name: 'p' },
  );
  expectAfter(longestMs, () => ticks);
  host.close();
  expect(vi.getTimerCount()).toBe(0);
});

it('a timeout of 2^32 − 1 ms ends an HTTP or gRPC call-out after 49 days', () => {
  vi.useFakeTimers();
  const { upstream, requests } = silentUpstream();
  let ends = 0;
  const listener: HttpCallListener = { response: () => void ends++, failure: () => void ends++ };
  const call = { cluster: 'c', headers: request(), body: new Uint8Array(), timeoutMs: longestMs };
  startHttpCall(upstream, call, listener, false);
  expectAfter(longestMs, () => ends);

  let closes = 0;
  const grpc = { cluster: 'c', service: 's', method: 'm', metadata: new HeaderMap(), timeoutMs: longestMs };
  const unheard = () => undefined;
  startGrpcCall(
    upstream,
    grpc,
    { initialMetadata: unheard, message: unheard, trailingMetadata: unheard, close: () => void closes++ },
    false,
  );
  expectAfter(longestMs, () => closes);
  expect(requests[1]?.get('grpc-timeout')).toBe('4294967S');
});

it.each([
  ['2147483648', 2_147_483_648],
  ['99999999999', 99_999_999_999],
  [' +5000 ', 5_000],
  ['9223372036854775808', 15_000],
  ['soon', 15_000],
])('x-envoy-upstream-rq-timeout-ms: %s gives a request %i ms', (value, expectedMs) => {
  vi.useFakeTimers();
  const { upstream, requests } = silentUpstream();
  let failures = 0;
  const table = {
    routes: [{ prefix: '/', cluster: 'c', timeoutMs: 15_000 }],
    cluster: () => upstream,
    showTransportFailure: false,
  };
  const unheard = () => undefined;
  const listener: RouterListener = {
    encodeHeaders: unheard,
    encodeData: unheard,
    encodeTrailers: unheard,
    onUpstreamFailure: () => void failures++,
    onUpstreamWritable: unheard,
  };
  const facts = new ProxyStreamInfo('HTTP/1.1', newStreamInfo().downstream);
  new RoutedRequest(table, facts, listener).decodeHeaders(
    request([['x-envoy-upstream-rq-timeout-ms', value]]),
    true,
  );
  expect(requests[0]?.get('x-envoy-expected-rq-timeout-ms')).toBe(String(expectedMs));
  if (expectedMs > 10_001) expectAfter(expectedMs, () => failures);
});
