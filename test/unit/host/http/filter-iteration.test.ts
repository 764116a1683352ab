import { describe, expect, it } from 'vitest';
import { bytes, get, headersOf, openStream } from '../../../helpers/guests/test-environment.ts';
import { type Act, type ScriptedGuest, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';
import { profileOf } from '../../../../src/host/index.ts';

const callOut = { ':method': 'GET', ':path': '/', ':authority': 'b' };

/** Pauses in request headers with `status` and makes a call-out; `answer` lets it come back. */
async function paused(
  status: number,
  on: Record<string, Act> = {},
  options: Parameters<typeof scriptedGuest>[1] = {},
) {
  const guest = await scriptedGuest(
    {
      request_headers: act => {
        act.httpCall('backend', callOut);
        return status;
      },
      http_call_response: act => {
        act.effective(2);
        act.continueStream(0);
      },
      ...on,
    },
    options,
  );
  const opened = openStream(guest.host, [guest.plugin], { bufferLimitBytes: 10 });
  return { ...guest, ...opened, answer: () => answer(guest) };
}

function answer({ machine }: ScriptedGuest): void {
  machine.httpCalls[0]?.respond(200);
}

const bodies = (calls: readonly string[]) => calls.filter(call => call.startsWith('request_body'));

describe('flow control', () => {
  it('F1 F2 a pause in the headers callback stops everything; continuing shows the held body once', async () => {
    const { stream, sink, calls, answer: reply } = await paused(1);
    stream.decodeHeaders(get(), false);
    stream.decodeData(bytes('abc'), false);
    stream.decodeData(bytes('de'), true);
    expect(sink.events).toEqual([]);
    expect(bodies(calls)).toEqual([]);
    reply();
    expect(bodies(calls)).toEqual(['request_body 2 5 1']);
    expect(sink.events).toEqual([
      'request headers :authority=example.test :path=/ :method=GET :scheme=http',
      'request body abcde end',
    ]);
  });

  it('F2 proxy_continue_response of ABI 0.1.0 lets a held response go', async () => {
    const guest = await scriptedGuest(
      {
        response_headers: act => {
          act.httpCall('backend', callOut);
          return 1;
        },
        http_call_response: act => {
          act.effective(2);
          expect(act.call('proxy_continue_response')).toBe(0);
        },
      },
      { shape: { abi: '0.1.0' } },
    );
    const { stream, sink } = openStream(guest.host, [guest.plugin]);
    stream.decodeHeaders(get(), true);
    stream.encodeHeaders(headersOf({ ':status': '200' }), true);
    expect(sink.events.filter(event => event.startsWith('response'))).toEqual([]);
    answer(guest);
    expect(sink.events.filter(event => event.startsWith('response'))).toEqual([
      'response headers :status=200 end',
    ]);
  });

  it('F3 F4 with allow_on_headers_stop_iteration the body comes while the headers are held, and lets both go', async () => {
    const seen: unknown[] = [];
    const { host, plugin, calls } = await scriptedGuest(
      {
        request_headers: () => 1,
        request_body: (guest, _id, _size, end) => {
          seen.push(guest.replace(0, 'x-len', '3'));
          return end === 1 ? 0 : 1;
        },
      },
      { allowOnHeadersStopIteration: true },
    );
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), false);
    stream.decodeData(bytes('abc'), false);
    expect(sink.requestHeadersOut).toBeUndefined();
    stream.decodeData(bytes(''), true);
    expect(seen).toEqual([0, 0]);
    expect(bodies(calls)).toEqual(['request_body 2 3 0', 'request_body 2 3 1']);
    expect(sink.requestHeadersOut?.get('x-len')).toBe('3');
    expect(sink.events.at(-1)).toBe('request body abc end');
  });

  it('F5 ContinueAndEndStream has the effect of Continue', async () => {
    const { stream, sink } = await paused(2);
    stream.decodeHeaders(get(), false);
    expect(sink.events).toHaveLength(1);
    expect(sink.events[0]).not.toContain(' end');
  });

  it.each([
    ['F6 an unknown headers status holds like 4', 7],
    ['F6 so does a negative one', -1],
  ])('%s', async (_title, status) => {
    const { stream, sink, calls } = await paused(status);
    stream.decodeHeaders(get(), false);
    stream.decodeData(bytes('x'.repeat(20)), false);
    expect(bodies(calls)).toEqual([]);
    expect(sink.events).toEqual(['request reading stopped']);
  });

  async function body(status: number | ((end: number) => number), chunks: readonly string[], limit = 1000) {
    const guest = await scriptedGuest({
      request_body: (_guest, _id, _size, end) => (typeof status === 'number' ? status : status(end)),
    });
    const opened = openStream(guest.host, [guest.plugin], { bufferLimitBytes: limit });
    opened.stream.decodeHeaders(get(), false);
    for (const chunk of chunks) opened.stream.decodeData(bytes(chunk), false);
    opened.stream.decodeData(bytes(''), true);
    return { ...guest, ...opened };
  }

  it('F7 StopIterationAndBuffer: each callback sees all of the body so far', async () => {
    const { calls, sink } = await body(end => (end === 1 ? 0 : 1), ['abc', 'defg']);
    expect(bodies(calls)).toEqual(['request_body 2 3 0', 'request_body 2 7 0', 'request_body 2 7 1']);
    expect(sink.requestBodyText).toBe('abcdefg');
  });

  it('F8 StopIterationAndWatermark: each callback sees the new chunk, all are kept', async () => {
    const { calls, sink } = await body(end => (end === 1 ? 0 : 2), ['abc', 'defg']);
    expect(bodies(calls)).toEqual(['request_body 2 3 0', 'request_body 2 4 0', 'request_body 2 0 1']);
    expect(sink.requestBodyText).toBe('abcdefg');
  });

  it.each([
    ['F9 StopIterationNoBuffer throws the chunk away', 3],
    ['F10 and so does an unknown status', 9],
  ])('%s', async (_title, status) => {
    const { sink } = await body(end => (end === 1 ? 0 : status), ['abc']);
    expect(sink.requestBodyText).toBe('');
    expect(sink.events.at(-1)).toBe('request body  end');
  });

  it('F11 a buffered request over the limit is answered 413, through the own response callbacks', async () => {
    const { sink, calls, stream } = await body(1, ['0123456789', 'x', 'more'], 10);
    expect(sink.responseHeadersOut?.get(':status')).toBe('413');
    expect(sink.responseBodyText).toBe('Payload Too Large');
    expect(stream.info.responseCodeDetails).toBe('request_payload_too_large');
    expect(bodies(calls)).toEqual(['request_body 2 10 0']);
    expect(calls).toContain('response_headers 2 3 0');
    expect(calls).toContain('response_body 2 17 1');
  });

  it('F12 a body over the limit, held by StopAllIterationAndWatermark, stops reading without an error', async () => {
    const { stream, sink, answer: reply } = await paused(4);
    stream.decodeHeaders(get(), false);
    stream.decodeData(bytes('0123456789abc'), false);
    expect(sink.events).toEqual(['request reading stopped']);
    reply();
    expect(sink.events).toContain('request reading resumed');
    expect(sink.requestBodyText).toBe('0123456789abc');
  });

  it('F13 a request without body has its end in the headers callback', async () => {
    const { stream, calls } = await paused(0);
    stream.decodeHeaders(get(), true);
    expect(calls.slice(-1)).toEqual(['request_headers 2 4 1']);
  });

  it('F15 F16 trailers: no body callback has the end; a pause holds body and trailers until it is continued', async () => {
    const { host, plugin, calls, machine, on } = await scriptedGuest({ request_body: () => 1 });
    on['request_trailers'] = guest => {
      guest.httpCall('backend', callOut);
      return 1;
    };
    on['http_call_response'] = guest => {
      guest.effective(2);
      guest.continueStream(0);
    };
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), false);
    stream.decodeData(bytes('abc'), false);
    stream.decodeTrailers(headersOf({ t: '1' }));
    expect(calls.slice(-2)).toEqual(['request_body 2 3 0', 'request_trailers 2 1']);
    expect(sink.events).toHaveLength(1);
    machine.httpCalls[0]?.respond(200);
    expect(sink.events.slice(1)).toEqual(['request body abc', 'request trailers t=1']);
  });

  it('F17 F18 a chain: the next filter sees the changed bytes; responses go the other way', async () => {
    const order: string[] = [];
    const one = await scriptedGuest(
      {
        request_body: guest => void guest.setBody(0, 0, 1000, 'changed'),
        request_headers: (_guest, id) => void order.push(`request ${id}`),
        response_headers: (_guest, id) => void order.push(`response ${id}`),
      },
      { vmId: 'one' },
    );
    // The same puppet twice in one chain: two contexts of one root.
    const { stream, sink } = openStream(one.host, [one.plugin, one.plugin]);
    stream.decodeHeaders(get(), false);
    stream.decodeData(bytes('hello'), true);
    stream.encodeHeaders(headersOf({ ':status': '200' }), true);
    expect(one.calls).toContain('request_body 3 7 1');
    expect(order).toEqual(['request 2', 'request 3', 'response 3', 'response 2']);
    expect(sink.requestBodyText).toBe('changed');
  });

  it('F19 changing a body leaves the content-length unchanged', async () => {
    const { host, plugin } = await scriptedGuest({
      request_body: guest => void guest.setBody(0, 0, 9, 'longer body'),
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get('/', { 'content-length': '5' }), false);
    stream.decodeData(bytes('hello'), true);
    expect(sink.requestHeadersOut?.get('content-length')).toBe('5');
    expect(sink.requestBodyText).toBe('longer body');
  });

  it('F20 F21 continue_stream with a wrong or an upstream type, and outside a stream', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine } = await scriptedGuest({
      vm_start: guest => void guest.call('proxy_set_tick_period_milliseconds', 100),
      tick: guest => void seen.push(guest.continueStream(0)),
      request_headers: guest => void seen.push(guest.continueStream(4), guest.continueStream(3)),
    });
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    machine.advance(100);
    expect(seen).toEqual([2, 12, 0]);
  });

  it('F22 close_stream resets the stream and ends the filter', async () => {
    const { host, plugin, calls } = await scriptedGuest({
      request_headers: guest => void guest.call('proxy_close_stream', 0),
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    expect(sink.events).toEqual(['reset wasm_close_stream']);
    expect(calls.slice(-3)).toEqual(['log 2', 'done 2', 'delete 2']);
  });

  it('continuing inside the own callback sends the headers once, whatever is returned', async () => {
    for (const status of [0, 1]) {
      const { host, plugin } = await scriptedGuest({
        request_headers: guest => {
          guest.continueStream(0);
          return status;
        },
      });
      const { stream, sink } = openStream(host, [plugin]);
      stream.decodeHeaders(get(), true);
      expect(sink.events).toHaveLength(1);
    }
  });

  it.each([
    ['1.40 forwards', 40, 'abcdef'],
    ['1.36 loses', 36, 'abef'],
  ])(
    'a body continued from outside in its middle: Envoy %s the chunk that was buffered',
    async (_title, minor, body) => {
      const { host, plugin, machine } = await scriptedGuest(
        {
          request_body: (guest, _id, size) => {
            if (size !== 2 || machine === undefined || machine.httpCalls.length > 0) return 0;
            guest.httpCall('backend', callOut);
            return 1;
          },
          http_call_response: guest => {
            guest.effective(2);
            guest.continueStream(0);
          },
        },
        { host: { profile: profileOf(minor) } },
      );
      const { stream, sink } = openStream(host, [plugin]);
      stream.decodeHeaders(get(), false);
      stream.decodeData(bytes('ab'), false);
      machine.httpCalls[0]?.respond(200);
      stream.decodeData(bytes('cd'), false);
      stream.decodeData(bytes('ef'), true);
      expect(sink.requestBodyText).toBe(body);
    },
  );

  it('a held response over the limit is answered 500, or reset when the headers are gone', async () => {
    const run = async (headers: number) => {
      const { host, plugin } = await scriptedGuest(
        { response_headers: () => headers, response_body: () => 1 },
        { allowOnHeadersStopIteration: true },
      );
      const { stream, sink } = openStream(host, [plugin], { bufferLimitBytes: 4 });
      stream.decodeHeaders(get(), true);
      stream.encodeHeaders(headersOf({ ':status': '200' }), false);
      stream.encodeData(bytes('too much'), false);
      return sink.events.slice(1);
    };
    expect(await run(1)).toEqual([
      'response headers :status=500 content-length=21 content-type=text/plain',
      'response body Internal Server Error end',
    ]);
    expect(await run(0)).toEqual(['response headers :status=200', 'reset response_payload_too_large']);
  });
});
