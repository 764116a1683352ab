import { describe, expect, it } from 'vitest';
import { profileOf } from '../../../../src/host/index.ts';
import { get, headersOf, openStream } from '../../../helpers/guests/test-environment.ts';
import { type Act, type Guest, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';
import { writeMessage } from '../../../../src/host/encoding/protobuf.ts';

const int = (value: number): string =>
  String.fromCharCode(...new Uint8Array(new BigInt64Array([BigInt(value)]).buffer));
const proto = (...fields: Parameters<typeof writeMessage>[0]): Uint8Array => writeMessage(fields);

/** A stream to its end; what `read` gives in each callback, by callback name. */
async function phases(
  read: (guest: Guest) => unknown,
  options: Parameters<typeof scriptedGuest>[1] = {},
  request: Readonly<Record<string, string>> = {},
) {
  const seen: Record<string, unknown> = {};
  const act =
    (name: string): Act =>
    (guest, id) => {
      if (name !== 'context_create' || id === 1) seen[name] = read(guest);
    };
  const names = ['configure', 'request_headers', 'response_headers', 'log', 'done'];
  const made = await scriptedGuest(Object.fromEntries(names.map(name => [name, act(name)])), options);
  const { stream } = openStream(made.host, [made.plugin], {
    info: { startTimeNs: 1000n, bytesReceived: 7, clusterName: 'backend', routeName: 'r' },
  });
  stream.decodeHeaders(get('/p?q=1', request), true);
  stream.encodeHeaders(headersOf({ ':status': '200', 'x-r': 'v' }), true);
  stream.info.endTimeNs = 3000n;
  stream.complete();
  return seen;
}

describe('attributes', () => {
  it('P1 in a root context: the plugin and the node, nothing of a stream', async () => {
    const seen = await phases(
      guest => [
        guest.property('plugin_name'),
        guest.property('xds', 'node', 'id'),
        guest.property('request', 'path'),
        guest.property('xds', 'listener_direction'),
      ],
      { host: { node: { id: 'node-1', cluster: 'c' } } },
    );
    expect(seen['configure']).toEqual(['puppet', 'node-1', 1, 1]);
    expect(seen['request_headers']).toEqual(['puppet', 'node-1', '/p?q=1', int(0)]);
  });

  it('P2 the old top-level names exist before Envoy 1.33 only', async () => {
    const at = async (minor: number) =>
      (await phases(guest => guest.property('node', 'id'), { host: { profile: profileOf(minor) } }))['log'];
    expect([await at(32), await at(33), await at(40)]).toEqual(['wasme', 1, 1]);
  });

  it('P3 response.code: not in the request, 8 bytes from the response on', async () => {
    const seen = await phases(guest => guest.property('response', 'code'));
    expect(seen).toMatchObject({
      request_headers: 1,
      response_headers: int(200),
      log: int(200),
      done: int(200),
    });
  });

  it('P4 P5 plaintext: mtls is one 0, no TLS names; addresses have their port', async () => {
    const seen = await phases(guest => [
      guest.property('connection', 'mtls'),
      guest.property('connection', 'tls_version'),
      guest.property('source', 'address'),
      guest.property('source', 'port'),
      guest.property('connection', 'requested_server_name'),
    ]);
    expect(seen['request_headers']).toEqual(['\0', 1, '127.0.0.1:40000', int(40000), '']);
  });

  it('P6 request.query: after the question mark; Ok and empty without one', async () => {
    const seen: unknown[] = [];
    const { host, plugin } = await scriptedGuest({
      request_headers: guest => void seen.push(guest.property('request', 'query')),
    });
    openStream(host, [plugin]).stream.decodeHeaders(get('/p?a=b#c'), true);
    openStream(host, [plugin]).stream.decodeHeaders(get('/p'), true);
    expect(seen).toEqual(['a=b', '']);
  });

  it('P7 P8 header attributes are gone in the response and back in the log, with the duration', async () => {
    const seen = await phases(guest => [
      guest.property('request', 'path'),
      guest.property('request', 'headers', 'Host'),
      guest.property('request', 'duration'),
    ]);
    expect(seen).toMatchObject({
      request_headers: ['/p?q=1', 'example.test', 1],
      response_headers: [1, 1, 1],
      log: ['/p?q=1', 'example.test', int(2000)],
    });
  });

  it('P9 request.size: the content-length, NotFound when it is no number, else what came', async () => {
    const size = async (headers: Readonly<Record<string, string>>) =>
      (await phases(guest => guest.property('request', 'size'), {}, headers))['request_headers'];
    expect(await size({ 'content-length': '42' })).toBe(int(42));
    expect(await size({ 'content-length': 'abc' })).toBe(1);
    expect(await size({})).toBe(int(7));
  });

  it('P10 P11 P13 what a filter sets, it and the next one read back; only under a single segment', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine } = await scriptedGuest({
      request_headers: (guest, id) => {
        if (id === 2) seen.push(guest.setProperty('foo', 'bar'), guest.setProperty('a\0b', 'x'));
        seen.push(
          guest.property('foo'),
          guest.property('a', 'b'),
          guest.property('filter_state', 'wasm.foo'),
        );
      },
    });
    openStream(host, [plugin, plugin]).stream.decodeHeaders(get(), true);
    expect(seen).toEqual([0, 0, 'bar', 1, 'bar', 'bar', 1, 'bar']);
    expect(machine.hostLogs.join()).toContain('cannot be read back');
  });

  it('P12 set_property without a stream is NotFound', async () => {
    const seen = await phases(guest => guest.setProperty('foo', 'bar'));
    expect(seen).toMatchObject({ configure: 1, request_headers: 0 });
  });

  it('P14 a map attribute is a pairs block; empty or gone it is a count of 0', async () => {
    const seen = await phases(guest => {
      const block = guest.property('response', 'headers');
      return typeof block === 'string' ? [block.charCodeAt(0), block.length] : block;
    });
    expect(seen).toMatchObject({ request_headers: [0, 4], response_headers: [2, 38] });
  });

  it('P15 an empty path, and whole groups, cannot be serialized', async () => {
    const seen = await phases(guest =>
      ['', 'request', 'response', 'connection', 'source', 'xds', 'filter_state', 'metadata'].map(name =>
        guest.property(name),
      ),
    );
    expect(seen['request_headers']).toEqual([3, 3, 3, 3, 3, 3, 3, '']);
    expect(seen['configure']).toEqual([3, 1, 1, 1, 1, 3, 1, 1]);
  });

  it('grpc_status is derived from the HTTP status where there is none', async () => {
    const seen = await phases(guest => guest.property('response', 'grpc_status'));
    expect(seen).toMatchObject({ request_headers: 1, response_headers: int(2), log: int(2) });
  });
});

describe('foreign functions', () => {
  it('P16 an unknown name is NotFound', async () => {
    expect((await phases(guest => guest.foreign('nope')))['configure']).toBe(1);
  });

  it('P17 P18 compress and uncompress are inverse; the result can be thrown away', async () => {
    const seen: unknown[] = [];
    const { plugin } = await scriptedGuest({
      configure: guest => {
        const packed = guest.foreign('compress', 'hello hello hello');
        seen.push(typeof packed === 'string' && guest.foreign('uncompress', Buffer.from(packed, 'latin1')));
        seen.push(guest.foreign('uncompress', 'garbage'));
        const count = () => (guest.exports['allocations'] as { value: number }).value;
        const before = count();
        seen.push(
          guest.call('proxy_call_foreign_function', ...guest.put('compress'), ...guest.put('x'), 0, 0),
        );
        seen.push(count() - before);
      },
    });
    expect(seen).toEqual(['hello hello hello', 3, 0, 0]);
    expect(plugin.failed).toBe(false);
  });

  it('P19 they act on the callback, not on the effective context', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine } = await scriptedGuest(
      {
        request_headers: guest => {
          seen.push(guest.foreign('set_envoy_filter_state', proto([1, 'envoy.string'], [2, 'v'])));
          guest.httpCall('backend', { ':method': 'GET', ':path': '/', ':authority': 'b' });
          return 1;
        },
        http_call_response: guest => {
          guest.effective(2);
          seen.push(guest.foreign('clear_route_cache'));
          seen.push(guest.foreign('set_envoy_filter_state', proto([1, 'envoy.string'], [2, 'v'])));
        },
      },
      { host: { profile: profileOf(36) } },
    );
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    machine.httpCalls[0]?.respond(200);
    expect(seen).toEqual(['', '', 1]);
    expect(sink.events).toEqual([]);
  });

  it('P20 a property is declared once; read-only means set once', async () => {
    const seen: unknown[] = [];
    const { host, plugin } = await scriptedGuest({
      configure: guest => {
        const declaration = proto([1, 'fixed'], [2, 1]);
        seen.push(
          guest.foreign('declare_property', declaration),
          guest.foreign('declare_property', declaration),
        );
      },
      request_headers: guest =>
        void seen.push(guest.setProperty('fixed', 'a'), guest.setProperty('fixed', 'b')),
    });
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    expect(seen).toEqual(['', 2, 0, 2]);
  });
});
