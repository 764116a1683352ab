import { describe, expect, it } from 'vitest';
import { hostFunctions, envFunctions } from '../../../../src/wasm/functions.ts';
import { findImport } from '../../../../src/host/imports/index.ts';
import { encodePairs, readPairs } from '../../../../src/host/encoding/pairs.ts';
import { get, headersOf, openStream, show } from '../../../helpers/guests/test-environment.ts';
import { type Guest, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

const far = 0xfffffff0;

/** Runs `act` in the request headers of one request. */
async function during(act: (guest: Guest, seen: unknown[]) => void, headers = get()) {
  const seen: unknown[] = [];
  const made = await scriptedGuest({ request_headers: guest => void act(guest, seen) });
  const { stream, sink } = openStream(made.host, [made.plugin]);
  stream.decodeHeaders(headers, true);
  return { ...made, seen, sink };
}

const setting = (guest: Guest, name: string, value: number) => {
  (guest.exports[name] as { value: number }).value = value;
};

describe('memory', () => {
  it('M1 M2 a message outside memory is refused, after the level was checked', async () => {
    const { seen, machine } = await during((guest, out) => {
      out.push(guest.call('proxy_log', 2, far, 100), guest.call('proxy_log', 6, far, 100), guest.log('', 0));
    });
    expect(seen).toEqual([6, 2, 0]);
    expect(machine.logs).toHaveLength(1);
  });

  it('M4 M5 a block of exactly the size of the value, and none for an empty one', async () => {
    const { seen } = await during(
      (guest, out) => {
        const last = guest.exports['last'] as { value: number };
        out.push(guest.header(0, 'x'), last.value);
        last.value = -1;
        out.push(guest.header(0, 'empty'), last.value, guest.u32(1024));
      },
      get('/', { x: 'v', empty: '' }),
    );
    expect(seen).toEqual(['v', 1, '', -1, 0]);
  });

  it('M7 an allocator that returns 0 or traps makes the call return InvalidMemoryAccess', async () => {
    const { seen, plugin } = await during((guest, out) => {
      setting(guest, 'refuse', 1);
      out.push(guest.header(0, ':path'), guest.pairs(0), guest.property('plugin_name'));
      setting(guest, 'refuse', 0);
      setting(guest, 'trap', 1);
      out.push(guest.header(0, ':path'));
    });
    expect(seen).toEqual([6, 6, 6, 6]);
    expect(plugin.failed).toBe(true);
  });

  it('M8 an allocator that grows memory in the middle of a call', async () => {
    const value = 'v'.repeat(200_000);
    const { seen } = await during(
      (guest, out) => {
        const before = guest.memory.length;
        out.push(guest.header(0, 'big') === value, guest.memory.length > before);
        out.push(guest.pairs(0));
      },
      get('/', { big: value }),
    );
    expect(seen.slice(0, 2)).toEqual([true, true]);
    expect(seen[2]).toHaveLength(5);
  });

  it('M9 a map is encoded as count, lengths, names and values', () => {
    const block = encodePairs([
      ['a', '1'],
      ['b', '22'],
    ]);
    expect(Buffer.from(block).toString('hex')).toBe(
      '02000000' + '01000000' + '01000000' + '01000000' + '02000000' + '61003100' + '6200323200',
    );
  });

  it('M10 M11 M12 a map over the limits, or with a byte too many, is empty', async () => {
    const many = Array.from({ length: 1025 }, (_, i): [string, string] => [`h${i}`, '']);
    const trailing = new Uint8Array([...encodePairs([['a', '1']]), 0]);
    for (const block of [encodePairs(many), trailing, new Uint8Array(4)]) {
      const seen: unknown[] = [];
      const { host, plugin } = await scriptedGuest({
        response_headers: guest =>
          void seen.push(guest.setPairs(2, block), guest.pairs(2), guest.add(2, ':status', '200')),
      });
      const { stream, sink } = openStream(host, [plugin]);
      stream.decodeHeaders(get(), true);
      stream.encodeHeaders(headersOf({ ':status': '204', x: 'y' }), true);
      expect(seen).toEqual([0, [], 0]);
      expect(sink.responseHeadersOut && show(sink.responseHeadersOut)).toBe(':status=200');
    }
  });

  it('M13 values with any bytes come through unchanged', async () => {
    const { sink } = await during(guest => {
      guest.setPairs(0, [...get().entries, ['x', '\xff\xfe']]);
      guest.add(0, 'y', '\x80');
    });
    expect(sink.requestHeadersOut?.get('x')).toBe('\xff\xfe');
    expect(sink.requestHeadersOut?.get('y')).toBe('\x80');
    const block = encodePairs([['k', 'a\0b']]);
    expect(readPairs(block, 0, block.length)).toEqual([['k', 'a\0b']]);
  });

  it('pairs: lengths that lead outside, missing terminators, huge counts', () => {
    const good = encodePairs([['name', 'value']]);
    for (let at = 0; at < good.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const bad = good.slice();
        bad[at] = value;
        expect(() => readPairs(bad, 0, bad.length)).not.toThrow();
      }
      expect(readPairs(good, 0, at)).toBeUndefined();
    }
    expect(readPairs(new Uint8Array([255, 255, 255, 255]), 0, 4)).toBeUndefined();
  });

  it('every function, with every pointer and size out of range, leaves the host standing', async () => {
    const { seen, plugin } = await during((guest, out) => {
      for (const [name, { abis, type }] of hostFunctions) {
        if (!abis.includes('0.2.1') || name === 'proxy_call_foreign_function') continue;
        for (const wild of [0xffffffff, far, 0x80000000, 65_535, 131_071]) {
          const values = type.params.map(kind => (kind === 'i64' ? -1n : wild | 0));
          const status = guest.call(name, ...values);
          if (!(status >= 0 && status <= 12)) out.push([name, wild, status]);
        }
      }
    });
    expect(seen).toEqual([]);
    expect(plugin.failure ?? '').not.toContain('internal host error');
  });

  it('every function of the ABI table has an implementation', () => {
    const missing = [...hostFunctions.keys(), ...envFunctions.keys()].filter(
      name => !findImport('env', name),
    );
    expect(missing).toEqual([]);
  });
});
