import { describe, expect, it } from 'vitest';
import { LocalMetrics } from '../../../src/host/index.ts';
import { utf8ByteString } from '../../../src/host/encoding/bytes.ts';
import { get, openStream } from '../../helpers/guests/test-environment.ts';
import { guest as fixture } from '../../helpers/guests/guests.ts';
import { type Guest, scriptedGuest, scriptedModule } from '../../helpers/guests/scripted-guest.ts';

const read = (guest: Guest, key: string): unknown => {
  const status = guest.call('proxy_get_shared_data', ...guest.put(key), 1024, 1028, 1032);
  return status === 0 ? [guest.text(guest.u32(1024), guest.u32(1028)), guest.u32(1032)] : status;
};
const write = (guest: Guest, key: string, value: string, cas = 0): number =>
  guest.call('proxy_set_shared_data', ...guest.put(key), ...guest.put(value), cas);
const define = (guest: Guest, type: number, name: string): number => {
  const status = guest.call('proxy_define_metric', type, ...guest.put(name), 1024);
  return status === 0 ? guest.u32(1024) : -status;
};
const metric = (guest: Guest, id: number): bigint | number => {
  const status = guest.call('proxy_get_metric', id, 1024);
  return status === 0 ? guest.u64(1024) : status;
};
const register = (guest: Guest, name: string): number => {
  guest.call('proxy_register_shared_queue', ...guest.put(name), 1024);
  return guest.u32(1024);
};

/** Runs `act` in the configure callback and gives what it collected. */
async function during(
  act: (guest: Guest, seen: unknown[]) => void,
  options: Parameters<typeof scriptedGuest>[1] = {},
) {
  const seen: unknown[] = [];
  const made = await scriptedGuest({ configure: guest => void act(guest, seen) }, options);
  return { ...made, seen };
}

describe('shared data', () => {
  it('S1 S2 S3 S4 an absent key is NotFound, changes are counted, a wrong number is CasMismatch, an absent key takes any', async () => {
    const { seen } = await during((guest, out) => {
      out.push(read(guest, 'k'), write(guest, 'k', 'a'), write(guest, 'k', 'b'), read(guest, 'k'));
      out.push(write(guest, 'k', 'c', 100), write(guest, 'new', 'd', 7), read(guest, 'new'));
      out.push(write(guest, 'k', '', 2), read(guest, 'k'));
    });
    expect(seen).toEqual([1, 0, 0, ['b', 2], 8, 0, ['d', 3], 0, ['', 4]]);
  });

  it('M3 an empty key is a valid key', async () => {
    const { seen } = await during((guest, out) => {
      out.push(guest.call('proxy_get_shared_data', 0, 0, 1024, 1028, 1032));
      out.push(write(guest, '', 'v'), read(guest, ''));
    });
    expect(seen).toEqual([1, 0, ['v', 1]]);
  });

  it('S5 plugins with the same vm_id share it, others do not', async () => {
    const { host, on } = await during((guest, out) => void out.push(write(guest, 'k', 'v')), { vmId: 'one' });
    const seen: unknown[] = [];
    const data = host.services.sharedData;
    expect(data.get('one', 'k')?.cas).toBe(1);
    expect(data.get('two', 'k')).toBeUndefined();
    on['configure'] = guest => void seen.push(read(guest, 'k'));
    await host.loadPlugin(scriptedModule(), { name: 'other', vmId: 'one' });
    expect(seen).toEqual([['v', 1]]);
    await host.loadPlugin(fixture('header'), { name: 'header', vmId: 'one' });
  });
});

describe('shared queues', () => {
  it('S6 S7 S8 S10 tokens, resolving, order, empty and unknown queues', async () => {
    const { seen } = await during(
      (guest, out) => {
        const token = register(guest, 'q');
        out.push(token, register(guest, 'q'), register(guest, 'other'));
        const resolve = (vmId: string, name: string): number => {
          const status = guest.call(
            'proxy_resolve_shared_queue',
            ...guest.put(vmId),
            ...guest.put(name),
            1024,
          );
          return status === 0 ? guest.u32(1024) : -status;
        };
        out.push(
          resolve('', 'q'),
          resolve(utf8ByteString('vüm'), 'q'),
          resolve('x', 'q'),
          resolve('', 'none'),
        );
        out.push(guest.call('proxy_enqueue_shared_queue', token, ...guest.put('one')));
        out.push(guest.call('proxy_enqueue_shared_queue', token, ...guest.put('')));
        const next = () => guest.bytes('proxy_dequeue_shared_queue', token);
        out.push(next(), next(), next(), guest.bytes('proxy_dequeue_shared_queue', 99));
        out.push(guest.call('proxy_enqueue_shared_queue', 99, 0, 0));
      },
      { vmId: 'vüm' },
    );
    expect(seen).toEqual([1, 1, 2, 1, 1, -1, -1, 0, 0, 'one', '', 7, 1, 1]);
  });

  it('S9 one notification per item, after the guest has returned, to the root that registered', async () => {
    const { machine, calls, seen } = await during((guest, out) => {
      const token = register(guest, 'q');
      for (const item of ['a', 'b', 'c']) guest.call('proxy_enqueue_shared_queue', token, ...guest.put(item));
      out.push('configured');
    });
    expect(seen).toEqual(['configured']);
    expect(calls.filter(call => call.startsWith('queue_ready'))).toEqual([]);
    machine.advance(0);
    expect(calls.slice(3)).toEqual(['queue_ready 1 1', 'queue_ready 1 1', 'queue_ready 1 1']);
  });

  it('M6 a bad result cell: InvalidMemoryAccess, and the item is gone', async () => {
    const { seen } = await during((guest, out) => {
      const token = register(guest, 'q');
      guest.call('proxy_enqueue_shared_queue', token, ...guest.put('item'));
      out.push(guest.call('proxy_dequeue_shared_queue', token, 0xfffffff0, 1028));
      out.push(guest.bytes('proxy_dequeue_shared_queue', token));
    });
    expect(seen).toEqual([6, 7]);
  });
});

describe('metrics', () => {
  it('S11 S12 ids by type, and one stat behind two ids', async () => {
    const { seen } = await during((guest, out) => {
      out.push(define(guest, 0, 'c'), define(guest, 1, 'g'), define(guest, 2, 'h'), define(guest, 0, 'c'));
      guest.call('proxy_increment_metric', 4, 2n);
      out.push(metric(guest, 8));
    });
    expect(seen).toEqual([4, 5, 6, 8, 2n]);
  });

  it('S13 S14 S15 S16 counters go up, gauges both ways, histograms are recorded only', async () => {
    const { seen } = await during((guest, out) => {
      const counter = define(guest, 0, 'c');
      const gauge = define(guest, 1, 'g');
      const histogram = define(guest, 2, 'h');
      const increment = (id: number, by: bigint) => guest.call('proxy_increment_metric', id, by);
      const record = (id: number, value: bigint) => guest.call('proxy_record_metric', id, value);
      out.push(increment(counter, 0n), increment(counter, -1n), record(counter, 5n), record(counter, 5n));
      out.push(metric(guest, counter), record(gauge, 5n), increment(gauge, -2n), metric(guest, gauge));
      out.push(increment(gauge, -10n), metric(guest, gauge), increment(gauge, 0n));
      out.push(increment(histogram, 1n), metric(guest, histogram), record(histogram, 3n));
    });
    const wrapped = 2n ** 64n - 7n;
    expect(seen).toEqual([2, 2, 0, 0, 10n, 0, 0, 3n, 0, wrapped, 0, 2, 2, 0]);
  });

  it('S17 S18 unknown ids and types: the kind of the id decides first', async () => {
    const { seen } = await during((guest, out) => {
      for (const id of [400, 401, 402, 403]) {
        out.push([
          guest.call('proxy_increment_metric', id, 1n),
          guest.call('proxy_record_metric', id, 1n),
          metric(guest, id),
        ]);
      }
      out.push(define(guest, 3, 'x'));
    });
    expect(seen).toEqual([[1, 1, 1], [1, 1, 1], [2, 1, 2], [2, 1, 2], -2]);
  });

  it('S19 names are kept as they are; the store belongs to the host', async () => {
    const metrics = new LocalMetrics();
    const { host } = await during((guest, out) => void out.push(define(guest, 0, 'a.b')), {
      host: { metrics },
    });
    expect(metrics.list().map(({ name, type }) => [name, type])).toEqual([['a.b', 0]]);
    expect(host.services.metrics).toBe(metrics);
  });
});

it('queues notify the last root that registered', async () => {
  const { host, calls, on, machine } = await scriptedGuest(
    { configure: guest => void register(guest, 'q') },
    { rootId: 'a' },
  );
  await host.loadPlugin(scriptedModule(), { name: 'puppet', rootId: 'b' });
  on['request_headers'] = guest => void guest.call('proxy_enqueue_shared_queue', 1, ...guest.put('x'));
  const plugin = await host.loadPlugin(scriptedModule(), { name: 'puppet', rootId: 'b' });
  openStream(host, [plugin]).stream.decodeHeaders(get(), true);
  machine.advance(0);
  expect(calls.at(-1)).toBe('queue_ready 2 1');
});
