import { describe, expect, it } from 'vitest';
import { bytes, get, headersOf, openStream } from '../../../helpers/guests/test-environment.ts';
import { type Act, type Guest, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

const callOut = { ':method': 'GET', ':path': '/', ':authority': 'b' };

async function run(
  on: Record<string, Act>,
  request: Readonly<Record<string, string>> = {},
  options: Parameters<typeof scriptedGuest>[1] = {},
) {
  const guest = await scriptedGuest(on, options);
  const opened = openStream(guest.host, [guest.plugin]);
  opened.stream.decodeHeaders(get('/', request), false);
  return { ...guest, ...opened };
}

const inRequest = (reply: (guest: Guest) => void): Record<string, Act> =>
  // Each guest of this file returns Continue: the reply decides all the same.
  ({ request_headers: guest => void reply(guest) });

describe('local replies', () => {
  it('R1 R2 a reply from the request goes through the own response callbacks; the upstream hears nothing', async () => {
    const seen: unknown[] = [];
    const { sink, calls, stream } = await run({
      ...inRequest(guest => guest.reply(403, 'no')),
      response_headers: guest => void seen.push(guest.pairs(2)),
    });
    stream.decodeData(bytes('late'), true);
    expect(sink.events).toEqual([
      'response headers :status=403 content-length=2 content-type=text/plain',
      'response body no end',
    ]);
    expect(seen).toEqual([
      [
        [':status', '403'],
        ['content-length', '2'],
        ['content-type', 'text/plain'],
      ],
    ]);
    expect(calls.slice(-2)).toEqual(['response_headers 2 3 0', 'response_body 2 2 1']);
  });

  it('R3 a local reply keeps its own content type', async () => {
    const { sink } = await run(inRequest(guest => guest.reply(403, 'no', [['Content-Type', 'a/b']])));
    expect(sink.responseHeadersOut?.getAll('content-type')).toEqual(['a/b']);
  });

  it('R4 a local reply without a body has no content type', async () => {
    const { sink, calls } = await run(inRequest(guest => guest.reply(403, '', [['content-type', 'a/b']])));
    expect(sink.events).toEqual(['response headers :status=403 end']);
    expect(calls).toContain('response_headers 2 1 1');
  });

  it('R5 a reply from the response headers goes straight to the client', async () => {
    const { sink, stream, calls } = await run({ response_headers: guest => void guest.reply(500, 'x') });
    stream.encodeHeaders(headersOf({ ':status': '200' }), true);
    expect(sink.responseHeadersOut?.get(':status')).toBe('500');
    expect(calls.filter(call => call.startsWith('response_headers'))).toHaveLength(1);
  });

  it('R6 a reply after the response headers went out resets the stream', async () => {
    const { sink, stream } = await run({
      response_body: guest => void guest.reply(500, 'x', [], 'too late'),
    });
    stream.encodeHeaders(headersOf({ ':status': '200' }), false);
    stream.encodeData(bytes('abc'), false);
    expect(sink.events.at(-1)).toBe('reset too_late');
  });

  it('R7 a local reply to a gRPC request has its status in the headers', async () => {
    const { sink } = await run(
      inRequest(guest => guest.reply(503, 'a%b c', [], '', -1)),
      { 'content-type': 'application/grpc' },
    );
    expect(sink.events).toEqual([
      'response headers :status=200 content-type=application/grpc grpc-status=14 grpc-message=a%25b c end',
    ]);
  });

  it('R8 white space in the details of a local reply becomes an underscore', async () => {
    const { stream } = await run(inRequest(guest => guest.reply(403, '', [], 'a b\tc')));
    expect(stream.info.responseCodeDetails).toBe('a_b_c');
  });

  it('R9 malformed headers of a local reply are left out', async () => {
    const { sink } = await run({
      request_headers: guest =>
        void guest.call('proxy_send_local_response', 200, 0, 0, 0, 0, ...guest.put('garbage'), -1),
    });
    expect(sink.events).toEqual(['response headers :status=200 end']);
  });

  it('R10 a local reply from a call-out with the stream as effective context passes the own response callbacks', async () => {
    const { sink, calls, machine } = await run({
      request_headers: guest => {
        guest.httpCall('backend', callOut);
        return 1;
      },
      http_call_response: guest => {
        guest.effective(2);
        guest.reply(401);
      },
    });
    machine.httpCalls[0]?.respond(200);
    expect(sink.events).toEqual(['response headers :status=401 end']);
    expect(calls.at(-1)).toBe('response_headers 2 1 1');
  });

  it.each([
    ['R11 without the effective context it is Ok and does nothing', 'http_call_response'],
    ['R12 so it is in a tick', 'tick'],
  ])('%s', async (_title, callback) => {
    const seen: unknown[] = [];
    const { sink, machine } = await run({
      vm_start: guest => void guest.call('proxy_set_tick_period_milliseconds', 50),
      request_headers: guest => {
        guest.httpCall('backend', callOut);
        return 1;
      },
      [callback]: guest => void seen.push(guest.reply(401)),
    });
    machine.httpCalls[0]?.respond(200);
    machine.advance(50);
    expect(seen).toEqual([0]);
    expect(sink.events).toEqual([]);
    expect(machine.hostLogs.join()).toContain('no stream to answer');
  });

  it('R13 the filters behind the one that answered see only the end', async () => {
    const guest = await scriptedGuest({ request_headers: (act, id) => void (id === 2 && act.reply(403)) });
    const { stream } = openStream(guest.host, [guest.plugin, guest.plugin]);
    stream.decodeHeaders(get(), true);
    stream.complete();
    expect(guest.calls.slice(3)).toEqual([
      'context_create 2 1',
      'request_headers 2 4 1',
      'response_headers 2 1 1',
      'log 2',
      'context_create 3 1',
      'log 3',
      'done 2',
      'delete 2',
      'done 3',
      'delete 3',
    ]);
  });

  it('R14 a local reply to a HEAD request has the headers of its body', async () => {
    const { sink } = await run(
      inRequest(guest => guest.reply(403, 'no')),
      { ':method': 'HEAD' },
    );
    expect(sink.events).toEqual([
      'response headers :status=403 content-length=2 content-type=text/plain end',
    ]);
  });

  it('two replies in one call: the first is sent, with the details of the second', async () => {
    const { sink, stream } = await run(
      inRequest(guest => {
        guest.reply(401, 'one', [], 'first');
        guest.reply(402, 'two', [], 'second');
      }),
    );
    expect(sink.events[0]).toContain(':status=401');
    expect(sink.responseBodyText).toBe('one');
    expect(stream.info.responseCodeDetails).toBe('second');
  });

  it('continue before or after the reply: the reply wins', async () => {
    for (const first of [true, false]) {
      const { sink } = await run(
        inRequest(guest => {
          if (first) guest.continueStream(0);
          guest.reply(403);
          if (!first) guest.continueStream(0);
        }),
      );
      expect(sink.events.at(-1)).toBe('response headers :status=403 end');
    }
  });

  it('a reply from on_log, on_done and on_delete is refused and reported, where Envoy crashes', async () => {
    const seen: unknown[] = [];
    const act: Act = guest => void seen.push(guest.reply(500));
    const { stream, machine } = await run({ log: act, done: act, delete: act });
    stream.encodeHeaders(headersOf({ ':status': '200' }), true);
    stream.complete();
    expect(seen).toEqual([0, 0, 0]);
    expect(machine.hostLogs.filter(line => line.includes('no stream to answer'))).toHaveLength(3);
  });

  it('the own response callbacks can change a local reply, and the request map is still there', async () => {
    const seen: unknown[] = [];
    const { sink } = await run({
      ...inRequest(guest => guest.reply(403, 'no')),
      response_headers: guest => void seen.push(guest.header(0, ':path'), guest.replace(2, ':status', '404')),
      response_body: guest => void guest.setBody(1, 0, 9, 'changed'),
    });
    expect(seen).toEqual(['/', 0]);
    expect(sink.responseHeadersOut?.get(':status')).toBe('404');
    expect(sink.responseBodyText).toBe('changed');
  });

  it('a reply of the proxy itself passes the filters', async () => {
    const { stream, sink, calls } = await run({});
    stream.localReply({ status: 503, body: bytes('down'), details: 'upstream_reset' });
    expect(sink.responseBodyText).toBe('down');
    expect(calls).toContain('response_headers 2 3 0');
  });
});
