import { describe, expect, it } from 'vitest';
import { bytes, get, openStream } from '../../../helpers/guests/test-environment.ts';
import { type Act, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

/** A request whose body is `hello`, in one chunk. */
async function hello(on: Record<string, Act>, options: Parameters<typeof scriptedGuest>[1] = {}) {
  const guest = await scriptedGuest(on, options);
  const { stream, sink } = openStream(guest.host, [guest.plugin]);
  stream.decodeHeaders(get(), false);
  stream.decodeData(bytes('hello'), true);
  return { ...guest, stream, sink };
}

describe('buffers', () => {
  it('B1 B2 B3 reading clamps to what is there', async () => {
    const seen: unknown[] = [];
    await hello({
      request_body: guest =>
        void seen.push(guest.body(0), guest.body(0, 3, 10), guest.body(0, 5, 1), guest.body(0, 9, 1)),
    });
    expect(seen).toEqual(['hello', 'lo', '', '']);
  });

  it('B4 B5 a body that is not available reads as Ok and empty, and cannot be written', async () => {
    const seen: unknown[] = [];
    await hello({
      request_headers: guest => void seen.push(guest.body(0), guest.body(1), guest.setBody(0, 0, 0, 'x')),
    });
    expect(seen).toEqual(['', '', 2]);
  });

  it.each([
    ['B6 prepend', 0, 0, 'Xhello'],
    ['B7 replace all', 0, 5, 'X'],
    ['B7 replace with the SDKs size', 0, 0x7fffffff, 'X'],
    ['B8 replace the front', 0, 2, 'Xllo'],
    ['B9 append at the end', 5, 0, 'helloX'],
    ['B9 append with the SDKs start', 0x7fffffff, 0, 'helloX'],
  ])('%s', async (_title, start, size, result) => {
    const { sink } = await hello({ request_body: guest => void guest.setBody(0, start, size, 'X') });
    expect(sink.requestBodyText).toBe(result);
  });

  it('B10 writing into the middle of a body returns BadArgument', async () => {
    const seen: unknown[] = [];
    const { sink } = await hello({ request_body: guest => void seen.push(guest.setBody(0, 2, 1, 'X')) });
    expect(seen).toEqual([2]);
    expect(sink.requestBodyText).toBe('hello');
  });

  it('B11 B12 B13 B14 B15 configurations: where they can be read, and that they cannot be written', async () => {
    const seen: unknown[] = [];
    await hello(
      {
        context_create: (guest, id) => void (id === 1 && seen.push('create', guest.body(7))),
        vm_start: guest => {
          seen.push('start', guest.body(7), guest.body(6), guest.setBody(6, 0, 0, 'x'));
        },
        configure: guest => {
          seen.push('configure', guest.body(7), guest.body(6), guest.setBody(7, 0, 0, 'x'));
        },
        request_headers: guest =>
          void seen.push('headers', guest.body(6), guest.body(7), guest.setBody(7, 0, 0, 'x')),
      },
      { configuration: bytes('plugin'), vmConfiguration: bytes('vm') },
    );
    expect(seen).toEqual([
      ...['create', 'plugin'],
      ...['start', 1, 'vm', 2],
      ...['configure', 'plugin', 'vm', 2],
      ...['headers', 'vm', 1, 1],
    ]);
  });

  it('B16 buffer type 9 is BadArgument', async () => {
    const seen: unknown[] = [];
    await hello({
      request_body: guest =>
        void seen.push(
          guest.body(9),
          guest.setBody(9, 0, 0, ''),
          guest.call('proxy_get_buffer_status', 9, 1024, 1028),
        ),
    });
    expect(seen).toEqual([2, 2, 2]);
  });

  it('B17 the body of a call-out outside its callback is NotFound', async () => {
    const seen: unknown[] = [];
    await hello({ request_body: guest => void seen.push(guest.body(4), guest.setBody(4, 0, 0, 'x')) });
    expect(seen).toEqual([1, 1]);
  });

  it('B18 the status gives the length, and flags of 0', async () => {
    const seen: unknown[] = [];
    await hello({
      request_body: guest => {
        seen.push(guest.call('proxy_get_buffer_status', 0, 1024, 1028), guest.u32(1024), guest.u32(1028));
      },
    });
    expect(seen).toEqual([0, 5, 0]);
  });

  it('B19 0.1.0: proxy_get_configuration gives the VM one at start and the plugin one in configure', async () => {
    const seen: unknown[] = [];
    await scriptedGuest(
      {
        vm_start: guest => void seen.push(guest.bytes('proxy_get_configuration')),
        configure: guest => void seen.push(guest.bytes('proxy_get_configuration')),
      },
      { shape: { abi: '0.1.0' }, configuration: bytes('plugin'), vmConfiguration: bytes('vm') },
    );
    expect(seen).toEqual(['vm', 'plugin']);
  });
});
