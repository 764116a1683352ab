/**
 * Generated guests that do everything wrong: random calls with random pointers, sizes and bytes, random results, at every
 * point of a stream's life. The host has to stand. WASME_FUZZ_RUNS sets how many streams (100,000 takes some minutes).
 */
import { expect, it } from 'vitest';
import { WasmeError } from '../../../src/errors.ts';
import { compileFilter, newestProfile, newStreamInfo } from '../../../src/host/index.ts';
import { encodePairs } from '../../../src/host/encoding/pairs.ts';
import { hostFunctions } from '../../../src/wasm/functions.ts';
import { parseModule } from '../../../src/wasm/module.ts';
import { functionNames } from '../../../src/wasm/names.ts';
import { get, headersOf, openStream, RecordingSink } from '../../helpers/guests/test-environment.ts';
import {
  type Guest,
  type ScriptedGuest,
  scriptedGuest,
  scriptedModule,
} from '../../helpers/guests/scripted-guest.ts';

const runs = Number(process.env['WASME_FUZZ_RUNS'] ?? 3000);

/** Small, fast and the same everywhere. */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const functions = [...hostFunctions.values()].filter(({ abis }) => abis.includes('0.2.1'));
const wild = [0, 1, 4, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, 131_070, 131_072];

/** Bytes that mean something to some call, so that random pointers sometimes hit. */
const scenery: readonly (readonly [at: number, bytes: string | Uint8Array])[] = [
  [40_000, 'backend'],
  [40_016, ':path'],
  [40_032, 'x-header'],
  [40_048, 'request\0path'],
  [40_064, 'compress'],
  [40_072, '10.0.0.1'],
  [40_080, 'declare_property'],
  [
    40_100,
    encodePairs([
      [':method', 'GET'],
      [':path', '/'],
      [':authority', 'a'],
    ]),
  ],
  [
    40_200,
    encodePairs([
      [':status', '204'],
      ['a\0b', '\xff'],
    ]),
  ],
  [40_300, new Uint8Array(64).fill(0xff)],
];

function act(guest: Guest, pick: (below: number) => number): number | 'trap' {
  for (const [at, bytes] of scenery)
    guest.memory.set(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, at);
  for (let left = pick(6); left > 0; left--) {
    const { name, type } = functions[pick(functions.length)]!;
    const values = type.params.map((kind, i) => {
      if (kind === 'i64') return BigInt(pick(3)) - 1n;
      const [at, bytes] = scenery[pick(scenery.length)]!;
      const choices = [wild[pick(wild.length)]!, pick(16), at, bytes.length, 1024 + 8 * i, pick(200_000)];
      return choices[pick(choices.length)]! | 0;
    });
    // The puppet's own strings go through this one.
    if (name === 'proxy_call_foreign_function' && values[0] === 16) continue;
    const status = guest.call(name, ...values);
    if (!(status >= 0 && status <= 12) && status < 900)
      throw new Error(`${name}(${values.join()}) returned ${status}`);
  }
  // A result cell may have hit the name by which the puppet finds its strings: it would never act again.
  guest.memory.set(Buffer.from('puppet'), 16);
  if (pick(300) === 0) return 'trap';
  return pick(3) === 0 ? pick(8) - 2 : 0;
}

/** One stream with events in random order. */
function live(made: ScriptedGuest, pick: (below: number) => number): void {
  const { stream } = openStream(made.host, [made.plugin, made.plugin], { bufferLimitBytes: 64 });
  const events = [
    () =>
      stream.decodeHeaders(
        get('/', pick(4) === 0 ? { 'content-type': 'application/grpc' } : {}),
        pick(3) === 0,
      ),
    () => stream.decodeData(new Uint8Array(pick(100)), pick(2) === 0),
    () => stream.decodeTrailers(headersOf({ t: '1' })),
    () => stream.encodeHeaders(headersOf({ ':status': '200' }), pick(3) === 0),
    () => stream.encodeData(new Uint8Array(pick(100)), pick(2) === 0),
    () => stream.encodeTrailers(headersOf({ t: '1' })),
    () => stream.localReply({ status: 503, body: new Uint8Array(3), details: 'd' }),
    () => made.machine.advance(pick(50)),
    () => made.machine.httpCalls.pop()?.respond(200, {}, new Uint8Array(9)),
    () => made.machine.httpCalls.pop()?.fail(),
    () => made.machine.grpcCalls.pop()?.listener.close(pick(20), 'm'),
    () => stream.reset('gone'),
  ];
  events[0]!();
  for (let left = 2 + pick(5); left > 0; left--) events[1 + pick(pick(4) === 0 ? events.length - 1 : 5)]!();
  stream.complete();
}

it(`${runs} random guests leave the host standing`, { timeout: 900_000 }, async () => {
  let failed = 0;
  for (let run = 0; run < runs; ) {
    const pick = random(run + 12345);
    const names = [
      'context_create',
      'request_headers',
      'request_body',
      'request_trailers',
      'response_headers',
    ];
    names.push('response_body', 'response_trailers', 'log', 'done', 'delete', 'tick', 'queue_ready');
    names.push(
      'envoy_on_resolve_dns',
      'http_call_response',
      'grpc_close',
      'new_connection',
      'downstream_data',
      'upstream_data',
    );
    let busy = false;
    const made = await scriptedGuest();
    for (const name of names) made.on[name] = guest => (busy ? act(guest, pick) : 0);
    busy = true;
    for (let i = 0; i < 200 && run < runs && !made.plugin.failed; i++, run++) {
      live(made, pick);
      if (pick(10) === 0) {
        const quiet = {
          toUpstream() {},
          toDownstream() {},
          connectUpstream() {},
          closeDownstream() {},
          closeUpstream() {},
        };
        const tcp = made.host.tcpChain([made.plugin]).open(quiet, newStreamInfo());
        tcp.downstreamData(new Uint8Array(pick(50)), false);
        tcp.upstreamData(new Uint8Array(pick(50)), pick(2) === 0);
        tcp.downstreamClosed('remote');
      }
    }
    expect(made.plugin.failure ?? '').not.toContain('internal host error');
    if (made.plugin.failed) failed++;
    // Roots only: every stream that was opened is gone.
    else expect(made.plugin.contextCount).toBe(1);
    busy = false;
    made.host.close();
  }
  expect(failed).toBeGreaterThan(0);
});

it('a module with random damage is refused with a coded error, and only what the engine takes is compiled', async () => {
  const good = scriptedModule();
  const pick = random(99);
  let refused = 0;
  let compiled = 0;
  for (let run = 0; run < Math.min(runs, 3000); run++) {
    const bad = good.slice(0, pick(4) === 0 ? pick(good.length) : good.length);
    for (let left = 1 + pick(4); left > 0 && bad.length > 0; left--)
      bad[pick(Math.min(bad.length, 4000))] = pick(256);
    try {
      functionNames(parseModule(bad));
      if (run % 20 !== 0) continue;
      await compileFilter(bad, newestProfile);
      expect(WebAssembly.validate(bad)).toBe(true);
      compiled++;
    } catch (error) {
      expect(error).toBeInstanceOf(WasmeError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(0);
  expect(compiled).toBeGreaterThan(0);
});

it('the sink of a stream that is over is left alone', async () => {
  const { host, plugin } = await scriptedGuest();
  const sink = new RecordingSink();
  const stream = host.httpChain([plugin]).open(sink, newStreamInfo());
  stream.decodeHeaders(get(), false);
  stream.complete();
  const before = sink.events.length;
  stream.decodeData(new Uint8Array(3), true);
  stream.encodeHeaders(headersOf({ ':status': '200' }), true);
  stream.localReply({ status: 500, body: new Uint8Array(0), details: 'late' });
  stream.reset('late');
  expect(sink.events).toHaveLength(before);
});
