import { describe, expect, it } from 'vitest';
import { get, headersOf, openStream, show } from '../../../helpers/guests/test-environment.ts';
import { type Act, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

/** One request without body, answered with 200 and a body of one byte. */
async function exchange(on: Record<string, Act>, options: Parameters<typeof scriptedGuest>[1] = {}) {
  const guest = await scriptedGuest(on, options);
  const { stream, sink } = openStream(guest.host, [guest.plugin]);
  stream.decodeHeaders(get('/p', { 'x-a': '1', 'x-A2': '' }), true);
  stream.encodeHeaders(headersOf({ ':status': '200', 'x-r': 'r' }), true);
  stream.complete();
  return { ...guest, sink };
}

describe('header maps', () => {
  it('H1 the count has every entry, pseudo headers and repetitions included', async () => {
    const { host, plugin, calls } = await scriptedGuest();
    const { stream } = openStream(host, [plugin]);
    stream.decodeHeaders(headersOf([...get().entries, ['x', '1'], ['x', '2']]), true);
    expect(calls).toContain('request_headers 2 6 1');
  });

  it('H2 H3 a repeated header: the first value from the map, all of them from the attribute', async () => {
    const seen: unknown[] = [];
    const { host, plugin } = await scriptedGuest({
      request_headers: guest => {
        seen.push(guest.header(0, 'X'), guest.property('request', 'headers', 'X'));
      },
    });
    openStream(host, [plugin]).stream.decodeHeaders(
      headersOf([...get().entries, ['x', '1'], ['x', '2']]),
      true,
    );
    expect(seen).toEqual(['1', '1,2']);
  });

  it('H4 getting a missing key returns NotFound', async () => {
    const seen: unknown[] = [];
    await exchange({ request_headers: guest => void seen.push(guest.header(0, 'nope')) });
    expect(seen).toEqual([1]);
  });

  it('H5 a missing key is Ok and empty in ABI 0.1.0, in the log too', async () => {
    const seen: unknown[] = [];
    await exchange(
      {
        request_headers: guest => void seen.push(guest.header(0, 'nope')),
        log: guest => void seen.push(guest.header(1, 'nope')),
      },
      { shape: { abi: '0.1.0' } },
    );
    expect(seen).toEqual(['', '']);
  });

  it('H6 map type 8 is BadArgument everywhere', async () => {
    const seen: unknown[] = [];
    await exchange({
      request_headers: guest => {
        seen.push(guest.header(8, 'a'), guest.pairs(8), guest.add(8, 'a', 'b'), guest.replace(8, 'a', 'b'));
        seen.push(guest.remove(8, 'a'), guest.setPairs(8, []), guest.mapSize(8), guest.header(-1, 'a'));
      },
    });
    expect(seen).toEqual([2, 2, 2, 2, 2, 2, -2, 2]);
  });

  it('H7 H8 H9 request headers in the response phase: gone, though the pairs are Ok and empty', async () => {
    const seen: unknown[] = [];
    await exchange({
      response_headers: guest =>
        void seen.push(guest.header(0, ':path'), guest.pairs(0), guest.add(0, 'a', 'b'), guest.mapSize(0)),
    });
    expect(seen).toEqual([2, [], 2, -2]);
  });

  it('H10 request headers cannot be changed in the body callback after Continue', async () => {
    const seen: unknown[] = [];
    const { host, plugin } = await scriptedGuest({
      request_body: guest => void seen.push(guest.replace(0, 'a', 'b')),
    });
    const { stream } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), false);
    stream.decodeData(new Uint8Array(3), true);
    expect(seen).toEqual([2]);
  });

  it('H11 H12 a paused stream, a call-out answered: the map is there until the stream is continued', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine } = await scriptedGuest({
      request_headers: guest => {
        guest.httpCall('backend', { ':method': 'GET', ':path': '/', ':authority': 'b' });
        return 1;
      },
      http_call_response: guest => {
        seen.push(
          guest.effective(2),
          guest.add(0, 'x-late', '1'),
          guest.continueStream(0),
          guest.add(0, 'y', '2'),
        );
      },
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    expect(sink.requestHeadersOut).toBeUndefined();
    machine.httpCalls[0]?.respond(200);
    expect(seen).toEqual([0, 0, 0, 2]);
    expect(sink.requestHeadersOut?.get('x-late')).toBe('1');
    expect(sink.requestHeadersOut?.has('y')).toBe(false);
  });

  it('H13 continuing the response while the request is paused drops the request map, and is otherwise refused', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine } = await scriptedGuest({
      request_headers: guest => {
        guest.httpCall('backend', { ':method': 'GET', ':path': '/', ':authority': 'b' });
        return 1;
      },
      http_call_response: guest => {
        guest.effective(2);
        seen.push(guest.continueStream(1), guest.header(0, ':path'));
      },
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    machine.httpCalls[0]?.respond(200);
    expect(seen).toEqual([0, 2]);
    expect(sink.requestHeadersOut).toBeUndefined();
    expect(machine.hostLogs.join()).toContain('not paused');
  });

  it('H14 the size of a map is its bytes', async () => {
    const seen: unknown[] = [];
    const { host, plugin } = await scriptedGuest({
      request_headers: guest => void seen.push(guest.mapSize(0)),
    });
    openStream(host, [plugin]).stream.decodeHeaders(headersOf({ ':path': '/', aa: 'bbb', c: '' }), true);
    expect(seen).toEqual([12]);
  });

  it('H15 H16 H17 the maps of a call-out: read-only inside, gone outside', async () => {
    const seen: unknown[] = [];
    const { host, plugin, machine } = await scriptedGuest({
      request_headers: guest => {
        seen.push(guest.header(6, ':status'), guest.pairs(6));
        guest.httpCall('backend', { ':method': 'GET', ':path': '/', ':authority': 'b' });
        return 1;
      },
      http_call_response: guest => {
        seen.push(guest.header(6, ':status'), guest.mapSize(6), guest.add(6, 'a', 'b'), guest.pairs(7));
      },
    });
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    machine.httpCalls[0]?.respond(204, {}, undefined, [['t', 'x']]);
    expect(seen).toEqual([2, [], '204', -2, 2, [['t', 'x']]]);
  });

  it('H18 H19 in the log: request trailers and call-out maps NotFound, nothing can be changed', async () => {
    const seen: unknown[] = [];
    await exchange({
      log: guest =>
        void seen.push(
          guest.header(0, 'x-a'),
          guest.header(1, 'a'),
          guest.header(2, 'x-r'),
          guest.header(6, 'a'),
          guest.replace(2, 'a', 'b'),
        ),
    });
    expect(seen).toEqual(['1', 1, 'r', 1, 2]);
  });

  it('H20 getting a response header in the log of a stream without a response returns NotFound', async () => {
    const seen: unknown[] = [];
    const { host, plugin } = await scriptedGuest({
      log: guest => void seen.push(guest.header(2, ':status')),
    });
    const { stream } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), false);
    stream.reset('downstream_remote_disconnect');
    stream.complete();
    expect(seen).toEqual([1]);
  });

  it('H21 H22 trailers can be made in the last body callback only; this filter is not called for them', async () => {
    const seen: unknown[] = [];
    const first = await scriptedGuest({
      request_body: (guest, _id, _size, end) => void seen.push(end, guest.add(1, 'x-t', '1')),
    });
    const { stream, sink } = openStream(first.host, [first.plugin]);
    stream.decodeHeaders(get(), false);
    stream.decodeData(new Uint8Array(2), false);
    stream.decodeData(new Uint8Array(0), true);
    expect(seen).toEqual([0, 2, 1, 0]);
    expect(sink.events.at(-1)).toBe('request trailers x-t=1');
    expect(first.calls.filter(call => call.startsWith('request_trailers'))).toEqual([]);
  });

  it('H23 names are stored in lower case', async () => {
    const { sink } = await exchange({ request_headers: guest => void guest.replace(0, 'X-Foo', 'Bar') });
    expect(sink.requestHeadersOut?.get('x-foo')).toBe('Bar');
  });

  it('H24 removing a header that does not exist returns Ok', async () => {
    const seen: unknown[] = [];
    await exchange({ request_headers: guest => void seen.push(guest.remove(0, 'nope')) });
    expect(seen).toEqual([0]);
  });

  it('H25 without :path there is no route; without :method it cannot be sent; without :authority it can', async () => {
    const removed = async (name: string) => {
      const { host, plugin, calls } = await scriptedGuest({
        request_headers: guest => void guest.remove(0, name),
      });
      const { stream, sink } = openStream(host, [plugin]);
      stream.decodeHeaders(get(), true);
      return { sink, details: stream.info.responseCodeDetails, calls };
    };
    const path = await removed(':path');
    expect(path.sink.events.at(-1)).toBe('response headers :status=404 end');
    expect(path.details).toBe('route_not_found');
    expect(path.calls).toContain('response_headers 2 1 1');
    const method = await removed(':method');
    expect(method.sink.responseBodyText).toBe('missing required header: :method');
    expect(method.details).toBe('filter_removed_required_request_headers{missing_required_header:_:method}');
    const authority = await removed(':authority');
    expect(authority.sink.requestHeadersOut && show(authority.sink.requestHeadersOut)).toBe(
      ':path=/ :method=GET :scheme=http',
    );
  });

  it('H26 a response without :status becomes 502, past the filters', async () => {
    const { sink, calls } = await exchange({ response_headers: guest => void guest.remove(2, ':status') });
    expect(sink.responseHeadersOut?.get(':status')).toBe('502');
    expect(sink.responseBodyText).toBe('missing required header: :status');
    expect(calls.filter(call => call.startsWith('response_headers'))).toHaveLength(1);
  });

  it('H27 changing a request header clears the route cache, once', async () => {
    const { sink } = await exchange({
      request_headers: guest => {
        guest.add(0, 'a', '1');
        guest.add(0, 'b', '2');
      },
    });
    expect(sink.events.filter(event => event === 'route cache cleared')).toHaveLength(1);
  });

  it('host stands for :authority in every call on request headers', async () => {
    const seen: unknown[] = [];
    const { sink } = await exchange({
      request_headers: guest => void seen.push(guest.header(0, 'Host'), guest.replace(0, 'host', 'other')),
    });
    expect(seen).toEqual(['example.test', 0]);
    expect(sink.requestHeadersOut?.get(':authority')).toBe('other');
  });

  it('adding joins the names Envoy keeps one of, and cookies and custom names are new entries', async () => {
    const { sink } = await exchange({
      request_headers: guest => {
        for (const name of ['user-agent', 'cookie', 'x-mine']) {
          guest.add(0, name, 'one');
          guest.add(0, name, 'two');
        }
      },
    });
    expect(sink.requestHeadersOut?.getAll('user-agent')).toEqual(['one,two']);
    expect(sink.requestHeadersOut?.getAll('cookie')).toEqual(['one', 'two']);
    expect(sink.requestHeadersOut?.getAll('x-mine')).toEqual(['one', 'two']);
  });

  it('a header that HTTP cannot carry upstream is answered 503', async () => {
    const { sink } = await exchange({ request_headers: guest => void guest.add(0, 'x-n', 'a\r\nb') });
    expect(sink.responseBodyText).toBe('invalid header value for: x-n');
    expect(sink.requestHeadersOut).toBeUndefined();
  });
});
