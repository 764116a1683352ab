/** Shared data, queues and metrics: the stores of one thread and those over shared memory behave alike. */
import { describe, expect, it } from 'vitest';
import { LocalMetrics, type MetricStore, type StoredMetric } from '../../src/host/state/metrics.ts';
import { ThreadSharedData } from '../../src/host/state/shared-memory/data.ts';
import { newSharedBuffer, SharedMemory } from '../../src/host/state/shared-memory/memory.ts';
import { ThreadMetrics } from '../../src/host/state/shared-memory/metrics.ts';
import { ThreadSharedQueues } from '../../src/host/state/shared-memory/queues.ts';
import { LocalSharedData, type SharedData } from '../../src/host/state/shared-data.ts';
import { LocalSharedQueues, type SharedQueues } from '../../src/host/state/shared-queue.ts';

interface Stores {
  readonly data: SharedData;
  readonly queues: SharedQueues;
  readonly metrics: MetricStore & { list(): readonly StoredMetric[] };
  /** Runs what was posted. */
  readonly turn: () => void;
}

function posted(): { post: (callback: () => void) => void; turn: () => void } {
  const waiting: (() => void)[] = [];
  return {
    post: callback => void waiting.push(callback),
    turn: () => waiting.splice(0).forEach(call => call()),
  };
}

const kinds: readonly (readonly [string, () => Stores])[] = [
  [
    'one thread',
    () => {
      const { post, turn } = posted();
      return {
        data: new LocalSharedData(),
        queues: new LocalSharedQueues(post),
        metrics: new LocalMetrics(),
        turn,
      };
    },
  ],
  [
    'shared memory',
    () => {
      const memory = new SharedMemory(newSharedBuffer(), 1);
      const { post, turn } = posted();
      const send = (): void => expect.fail('there is no other thread');
      return {
        data: new ThreadSharedData(memory),
        queues: new ThreadSharedQueues(memory, { post, send }),
        metrics: new ThreadMetrics(memory),
        turn,
      };
    },
  ],
];

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

describe.each(kinds)('%s', (_, make) => {
  it('data: absent, stored, compared, swapped; one cas counter for all keys', () => {
    const { data } = make();
    expect(data.get('', 'k')).toBeUndefined();
    expect(data.set('', 'k', bytes(1, 2, 3), 0)).toBe(true);
    expect(data.get('', 'k')).toEqual({ value: bytes(1, 2, 3), cas: 1 });
    expect(data.set('', 'k', bytes(9), 77)).toBe(false);
    expect(data.set('', 'new', bytes(4), 77)).toBe(true);
    expect(data.set('', 'k', bytes(), 1)).toBe(true);
    expect(data.get('', 'k')).toEqual({ value: bytes(), cas: 3 });
    expect(data.get('', 'new')).toEqual({ value: bytes(4), cas: 2 });
  });

  it('data: vm ids and keys do not run into each other, whatever bytes they are', () => {
    const { data } = make();
    const places = [
      ['', 'ab'],
      ['a', 'b'],
      ['1', ':'],
      ['', ''],
      ['é', '\xff\0'],
      ['日本', 'k'],
    ] as const;
    for (const [i, [vmId, key]] of places.entries()) data.set(vmId, key, bytes(i), 0);
    expect(places.map(([vmId, key]) => data.get(vmId, key)?.value[0])).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('data: a value belongs to the caller, before and after', () => {
    const { data } = make();
    const value = bytes(1);
    data.set('', 'k', value, 0);
    const seen = data.get('', 'k');
    data.set('', 'k', bytes(2), 0);
    expect(seen?.value).toEqual(bytes(1));
  });

  it('data: values of all sizes replace each other a thousand times', () => {
    const { data } = make();
    for (let round = 0; round < 1000; round++) {
      const key = `key ${round % 17}`;
      const value = new Uint8Array((round * 7919) % 5000).fill(round);
      data.set('', key, value, 0);
      const seen = data.get('', key);
      if (seen === undefined || Buffer.compare(seen.value, value) !== 0 || seen.cas !== round + 1)
        expect.fail(`round ${round}`);
    }
  });

  it('queues: tokens, resolving, order, empty and unknown', () => {
    const { queues } = make();
    const none = (): void => undefined;
    expect([queues.register('v', 'q', none), queues.register('v', 'other', none)]).toEqual([1, 2]);
    expect(queues.register('v', 'q', none)).toBe(1);
    expect([queues.resolve('v', 'q'), queues.resolve('', 'q'), queues.resolve('v', 'x')]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    expect([queues.enqueue(1, bytes(1)), queues.enqueue(1, bytes()), queues.enqueue(9, bytes())]).toEqual([
      true,
      true,
      false,
    ]);
    expect(queues.dequeue(1)).toEqual(bytes(1));
    expect(queues.enqueue(1, bytes(3))).toBe(true);
    expect([queues.dequeue(1), queues.dequeue(1), queues.dequeue(1)]).toEqual([bytes(), bytes(3), null]);
    expect([queues.dequeue(2), queues.dequeue(9)]).toEqual([null, undefined]);
  });

  it('queues: one notification an item, later, to the last who registered', () => {
    const { queues, turn } = make();
    const heard: string[] = [];
    const token = queues.register('', 'q', one => void heard.push(`first ${one}`));
    queues.enqueue(token, bytes(1));
    turn();
    queues.register('', 'q', one => void heard.push(`second ${one}`));
    queues.enqueue(token, bytes(2));
    queues.enqueue(token, bytes(3));
    expect(heard).toEqual(['first 1']);
    turn();
    expect(heard).toEqual(['first 1', 'second 1', 'second 1']);
  });

  it('metrics: one stat for a name and type; 64 bits that wrap', () => {
    const { metrics } = make();
    const gauge = metrics.define(1, 'g');
    const same = metrics.define(1, 'g');
    gauge.set(5n);
    same.add(-7n);
    expect(gauge.value()).toBe(2n ** 64n - 2n);
    gauge.add(3n);
    expect(same.value()).toBe(1n);
    const counter = metrics.define(0, 'g');
    counter.add(2n ** 40n);
    expect([counter.value(), gauge.value()]).toEqual([2n ** 40n, 1n]);
  });

  it('metrics: histograms keep count, sum and the latest thousand samples', () => {
    const { metrics } = make();
    const histogram = metrics.define(2, 'h\xff');
    for (let i = 0; i < 1500; i++) histogram.record(BigInt(i));
    metrics.define(0, 'later').add(1n);
    const [first, second] = metrics.list();
    expect(metrics.list()).toHaveLength(2);
    expect([first?.name, first?.type, first?.count, first?.sum]).toEqual(['h\xff', 2, 1500, 1_124_250]);
    expect([first?.samples.length, first?.samples[0], first?.samples[999]]).toEqual([1000, 1000, 999]);
    expect([second?.name, second?.type, second?.value()]).toEqual(['later', 0, 1n]);
  });
});
