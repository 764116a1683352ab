import { expect, it } from 'vitest';
import { loadFilter } from '../../../../src/host/index.ts';
import { compileWat, guest } from '../../../helpers/guests/guests.ts';
import { compileProbe } from '../../../helpers/guests/probe/compile.ts';
import { buffer, call, callHeaders, http, map, step } from '../../../helpers/guests/probe/script.ts';

it('an exchange shows the request at the upstream and the response', async () => {
  const filter = await loadFilter(guest('header'));
  const answer = filter.request({ path: '/a', body: 'hello' }, seen => ({
    status: 201,
    headers: { 'X-Seen': `${seen.method ?? ''} ${seen.path ?? ''}` },
    body: seen.body ?? '',
  }));
  expect([answer.outcome, answer.status]).toEqual(['complete', 201]);
  expect(answer.headers).toEqual([
    ['x-seen', 'POST /a'],
    ['x-guest', 'hello'],
  ]);
  expect(Buffer.from(answer.body).toString()).toBe('hello');
  expect(answer.upstream?.headers).toContainEqual(['x-guest', 'hello']);
  expect(filter.plugin.contextCount).toBe(1);
  filter.close();
});

it('an exchange that waits for a call-out continues when the call-out is answered', async () => {
  const filter = await loadFilter(
    compileWat(`(module
      (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
      (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "auth")
      (data (i32.const 32) "\\03\\00\\00\\00\\07\\00\\00\\00\\03\\00\\00\\00\\05\\00\\00\\00\\01\\00\\00\\00\\0a\\00\\00\\00\\01\\00\\00\\00:method\\00GET\\00:path\\00/\\00:authority\\00a\\00")
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 4096))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $call (i32.const 16) (i32.const 4) (i32.const 32) (i32.const 61) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 8)))
        (i32.const 1))
      (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
        (drop (call $effective (i32.const 2))) (drop (call $continue (i32.const 0)))))`),
    { clusters: ['auth'] },
  );
  const answer = filter.request();
  expect([answer.outcome, answer.status, filter.calls.length]).toEqual(['paused', 0, 1]);
  expect(filter.calls[0]?.request.cluster).toBe('auth');
  filter.calls[0]?.respond(200);
  expect([answer.outcome, answer.status, filter.calls.length]).toEqual(['complete', 200, 0]);
});

it('a call-out whose headers cannot be sent is answered 503, and nothing waits for an answer', async () => {
  const filter = await loadFilter(
    compileProbe({
      callbacks: http({
        on_request_headers: step([call('http_call', 'auth', callHeaders('/', ['x-n', 'a\nb']), '', [], 100)]),
        on_http_call_response: step([
          call('get_header_map_pairs', map.callHeaders),
          call('get_buffer_bytes', buffer.callBody, 0, 100),
        ]),
      }),
    }),
  );
  filter.request();
  expect(filter.calls).toEqual([]);
  expect(filter.logs.map(({ text }) => text)).toContain(
    'get_buffer_bytes = 0 "invalid header value for: x-n"',
  );
});

it('a call-out that nothing answers times out when the clock moves: the filter gets 504', async () => {
  const filter = await loadFilter(
    compileProbe({
      callbacks: http({
        on_request_headers: step([call('http_call', 'auth', callHeaders(), '', [], 100)]),
        on_http_call_response: step([call('get_header_map_value', map.callHeaders, ':status')]),
      }),
    }),
  );
  filter.request();
  filter.advance(99);
  expect(filter.calls).toHaveLength(1);
  filter.advance(1);
  expect(filter.calls).toEqual([]);
  expect(filter.logs.map(({ text }) => text)).toContain('get_header_map_value = 0 "504"');
});

it('trailers pass the filter in both directions', async () => {
  const filter = await loadFilter(guest('header'));
  const exchange = filter.request({ body: 'a', trailers: { 'X-Sum': '1' } }, seen => ({
    trailers: { 'x-seen': seen.trailers?.['x-sum'] ?? 'none' },
  }));
  expect(exchange.upstream?.trailers).toEqual([['x-sum', '1']]);
  expect([exchange.outcome, exchange.trailers]).toEqual(['complete', [['x-seen', '1']]]);
});

it('a filter gets its configuration as UTF-8, and ticks when the clock is advanced', async () => {
  const filter = await loadFilter(
    compileWat(`(module
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (import "env" "proxy_set_tick_period_milliseconds" (func $period (param i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 16) "tick")
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 4096))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $period (i32.const 10))) (i32.eq (local.get 1) (i32.const 5)))
      (func (export "proxy_on_tick") (param i32) (drop (call $log (i32.const 3) (i32.const 16) (i32.const 4)))))`),
    { configuration: 'wörd' },
  );
  filter.advance(25);
  expect(filter.logs).toEqual([
    { level: 'warn', text: 'tick', source: 'guest' },
    { level: 'warn', text: 'tick', source: 'guest' },
  ]);
});
