import { describe, expect, it } from 'vitest';
import { HeaderMap } from '../../../../src/host/index.ts';
import { encodePairs } from '../../../../src/host/encoding/pairs.ts';
import { bytes, get, headersOf, openStream } from '../../../helpers/guests/test-environment.ts';
import { type Guest, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

const target = { ':method': 'GET', ':path': '/', ':authority': 'b' };
const none = new HeaderMap();
const empty = new Uint8Array(0);

async function during(
  act: (guest: Guest, seen: unknown[]) => void,
  on: Parameters<typeof scriptedGuest>[0] = {},
) {
  const seen: unknown[] = [];
  const made = await scriptedGuest({ configure: guest => void act(guest, seen), ...on });
  return { ...made, seen };
}

const status = (guest: Guest): unknown => {
  guest.call('proxy_get_status', 1024, 1028, 1032);
  return [guest.u32(1024), guest.text(guest.u32(1028), guest.u32(1032))];
};

describe('HTTP call-outs', () => {
  it('X1 X2 X3 X13 checks before anything is sent, and the ids', async () => {
    const { seen, machine } = await during((guest, out) => {
      out.push(guest.httpCall('nobody', target));
      out.push(guest.httpCall('backend', { ':method': 'GET', ':path': '/' }));
      out.push(guest.httpCall('backend', target, { timeoutMs: 0x80000000 }));
      out.push(guest.httpCall('backend', target), guest.httpCall('backend', target));
      // The alias: a host header stands for the authority.
      out.push(guest.httpCall('backend', { ':method': 'GET', ':path': '/', host: 'h' }));
    });
    expect(seen).toEqual([-2, -2, -2, 4, 8, 12]);
    expect(machine.httpCalls).toHaveLength(3);
    expect(machine.httpCalls[2]?.request.headers.get(':authority')).toBe('h');
  });

  it('X4 X5 the body sets the content-length; trailers are taken and dropped', async () => {
    const { seen, machine } = await during((guest, out) => {
      out.push(guest.httpCall('backend', target, { body: 'ab', trailers: [['t', '1']] }));
    });
    expect(seen).toEqual([4]);
    expect(machine.httpCalls[0]?.request.headers.get('content-length')).toBe('2');
    expect(Buffer.from(machine.httpCalls[0]?.request.body ?? empty).toString()).toBe('ab');
  });

  it('X6 no healthy host: InternalFailure, the cell is 0, no callback', async () => {
    const second = await scriptedGuest({});
    second.machine.clusters.add('down');
    second.machine.unavailable.add('down');
    const got: unknown[] = [];
    second.on['request_headers'] = guest => void got.push(guest.httpCall('down', target), guest.u32(1024));
    openStream(second.host, [second.plugin]).stream.decodeHeaders(get(), true);
    expect(got).toEqual([-10, 0]);
    expect(second.calls.filter(call => call.startsWith('http_call_response'))).toEqual([]);
  });

  it('X11 X14 the answer comes to the root, with the numbers of headers, bytes and trailers', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine, calls } = await scriptedGuest({
      request_headers: guest => void guest.httpCall('backend', target),
      http_call_response: guest => void seen.push(guest.body(4), guest.pairs(7), guest.setBody(4, 0, 0, 'x')),
    });
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    const trailers = headersOf({ a: '1', b: '2', c: '3' });
    machine.httpCalls[0]?.respond(200, { x: 'y' }, bytes('body'), trailers.entries);
    expect(calls.at(-1)).toBe('http_call_response 1 4 2 4 3');
    expect(seen).toEqual(['body', trailers.entries, 2]);
  });

  it('X9 a response that breaks off gives zero headers and the status reset', async () => {
    const { machine, calls, seen } = await during(guest => void guest.httpCall('backend', target), {
      http_call_response: guest => void got.push(status(guest), guest.header(6, ':status'), guest.pairs(6)),
    });
    const got: unknown[] = seen;
    machine.httpCalls[0]?.fail();
    expect(calls.at(-1)).toBe('http_call_response 1 4 0 0 0');
    expect(got).toEqual([[11, 'reset'], 2, []]);
  });

  it('X10 the root gets the response also when the stream that made the call has ended', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine } = await scriptedGuest({
      request_headers: guest => void guest.httpCall('backend', target),
      http_call_response: guest => void seen.push(guest.effective(2)),
    });
    const { stream } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    stream.complete();
    machine.httpCalls[0]?.respond(200);
    expect(seen).toEqual([2]);
  });

  it('X12 with a cell outside memory for the id nothing is sent', async () => {
    const { seen, machine } = await during((guest, out) => {
      const block = guest.put(encodePairs(Object.entries(target)));
      out.push(guest.call('proxy_http_call', ...guest.put('backend'), ...block, 0, 0, 0, 0, 5, 0xfffffff0));
    });
    expect(seen).toEqual([6]);
    expect(machine.httpCalls).toEqual([]);
  });

  it('M14 a malformed header block has no :path', async () => {
    const { seen } = await during((guest, out) => {
      out.push(
        guest.call('proxy_http_call', ...guest.put('backend'), ...guest.put('junk'), 0, 0, 0, 0, 5, 1024),
      );
    });
    expect(seen).toEqual([2]);
  });

  it('X19 a closed plugin gets no response', async () => {
    const { plugin, machine, calls } = await during(guest => void guest.httpCall('backend', target));
    plugin.close();
    expect(machine.httpCalls[0]?.over).toBe(true);
    machine.httpCalls[0]?.respond(200);
    expect(calls.at(-1)).toBe('delete 1');
  });
});

describe('gRPC call-outs', () => {
  const open = (guest: Guest, name: 'call' | 'stream', cluster = 'backend'): number => {
    const head = [...guest.put(cluster), ...guest.put('svc'), ...guest.put('method'), 0, 0];
    const result =
      name === 'call'
        ? guest.call('proxy_grpc_call', ...head, ...guest.put('ping'), 1000, 1024)
        : guest.call('proxy_grpc_stream', ...head, 1024);
    return result === 0 ? guest.u32(1024) : -result;
  };

  it('X15 X16 unary: an unknown cluster, then a message and nothing else', async () => {
    const seen: unknown[] = [];
    const { machine, calls } = await scriptedGuest({
      configure: guest => void seen.push(open(guest, 'call', 'nobody'), open(guest, 'call')),
      grpc_receive: guest => void seen.push(guest.body(5)),
    });
    const { listener, sent } = machine.grpcCalls[0] ?? {};
    expect(sent?.map(({ message, end }) => [Buffer.from(message).toString(), end])).toEqual([['ping', true]]);
    listener?.initialMetadata(none);
    listener?.message(bytes('pong'));
    listener?.trailingMetadata(none);
    listener?.close(0, '');
    expect(seen).toEqual([-4, 5, 'pong']);
    expect(calls.slice(3)).toEqual(['grpc_receive 1 5 4']);
  });

  it('a unary call that fails is closed with its status and message', async () => {
    const seen: unknown[] = [];
    const { machine, calls } = await scriptedGuest({
      configure: guest => void open(guest, 'call'),
      grpc_close: guest => void seen.push(status(guest)),
    });
    machine.grpcCalls[0]?.listener.close(14, 'down');
    expect(calls.at(-1)).toBe('grpc_close 1 5 14');
    expect(seen).toEqual([[14, 'down']]);
  });

  it('a stream: metadata, messages, trailers, close', async () => {
    const { machine, calls } = await scriptedGuest({ configure: guest => void open(guest, 'stream') });
    const listener = machine.grpcCalls[0]?.listener;
    listener?.initialMetadata(headersOf({ a: '1' }));
    listener?.message(bytes('one'));
    listener?.message(bytes('two!'));
    listener?.trailingMetadata(headersOf({}));
    listener?.close(0, '');
    expect(calls.slice(3)).toEqual([
      'grpc_receive_initial_metadata 1 6 1',
      'grpc_receive 1 6 3',
      'grpc_receive 1 6 4',
      'grpc_receive_trailing_metadata 1 6 0',
      'grpc_close 1 6 0',
    ]);
  });

  it('X17 X18 ids of the wrong kind and unknown ones', async () => {
    const seen: unknown[] = [];
    const { machine } = await scriptedGuest({
      configure: guest => {
        const unary = open(guest, 'call');
        const stream = open(guest, 'stream');
        const http = guest.httpCall('backend', target);
        const send = (id: number) => guest.call('proxy_grpc_send', id, ...guest.put('m'), 1);
        seen.push(send(unary), send(99 * 4 + 2), send(stream));
        seen.push(guest.call('proxy_grpc_cancel', http), guest.call('proxy_grpc_cancel', 401));
        seen.push(guest.call('proxy_grpc_close', stream), guest.call('proxy_grpc_cancel', unary));
      },
    });
    expect(seen).toEqual([2, 1, 0, 2, 1, 0, 0]);
    expect(machine.grpcCalls.map(({ closed, cancelled }) => [closed, cancelled])).toEqual([
      [false, true],
      [true, false],
    ]);
  });
});

describe('envoy_resolve_dns', () => {
  const resolve = (guest: Guest, name: string, cell = 1024): number => {
    const status = guest.call('envoy_resolve_dns', ...guest.put(name), cell);
    return status === 0 ? guest.u32(cell) : -status;
  };

  it('a name that has to be asked for: its addresses and how long they hold, on the root', async () => {
    const { seen, machine, calls } = await during(
      (guest, out) => void out.push(resolve(guest, 'a.example')),
      {
        envoy_on_resolve_dns: guest => void seen.push(guest.body(8)),
      },
    );
    expect(seen).toEqual([2]);
    machine.advance(1);
    expect(calls.at(-1)).toBe('envoy_on_resolve_dns 1 2 19');
    expect(seen).toEqual([2, '\x01\0\0\0\x3c\0\0\x0010.0.0.1:0\0']);
  });

  it('an answer inside the call: it is told first, and one in it is told before', async () => {
    const order: string[] = [];
    let depth = 0;
    await during(guest => void order.push(`asked ${resolve(guest, '10.0.0.2')}`), {
      envoy_on_resolve_dns: (guest, _context, token) => {
        order.push(`told ${token}`);
        if (++depth < 3) order.push(`asked ${resolve(guest, '10.0.0.3', 1024 + 8 * depth)}`);
      },
    });
    expect(order).toEqual(['told 2', 'told 3', 'told 4', 'asked 4', 'asked 3', 'asked 2']);
  });

  it('a guest that asks in every answer runs out of stack, and that is all', async () => {
    const { host, plugin } = await scriptedGuest({
      request_headers: guest => void resolve(guest, '10.0.0.2'),
      envoy_on_resolve_dns: guest => void resolve(guest, '10.0.0.2'),
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    expect(sink.events).toEqual(['response headers :status=503 end']);
    expect(plugin.failed).toBe(true);
  });
});
