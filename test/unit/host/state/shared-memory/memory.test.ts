import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate, release } from '../../../../../src/host/state/shared-memory/blocks.ts';
import { ThreadSharedData } from '../../../../../src/host/state/shared-memory/data.ts';
import {
  maxSharedBytes,
  newSharedBuffer,
  SharedMemory,
} from '../../../../../src/host/state/shared-memory/memory.ts';
import { ThreadMetrics } from '../../../../../src/host/state/shared-memory/metrics.ts';
import { ThreadSharedQueues } from '../../../../../src/host/state/shared-memory/queues.ts';
import { root } from '../../../../helpers/tree.ts';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

interface Task {
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
  readonly task: 'count' | 'metrics' | 'produce' | 'consume' | 'churn' | 'hang';
  readonly times?: number;
}

const folder = mkdtempSync(join(tmpdir(), 'wasme-shared-'));
const program = join(folder, 'worker.mjs');
beforeAll(async () => {
  const input = join(root, 'test', 'fixtures', 'shared-worker.js');
  const bundle = await rolldown({ input, platform: 'node', external: /^node:/ });
  await bundle.write({ file: program });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function thread(task: Task): Worker {
  return new Worker(program, { workerData: task });
}

async function outcome(task: Task): Promise<unknown> {
  const [message] = (await once(thread(task), 'message')) as unknown[];
  return message;
}

function doors(buffer = newSharedBuffer()) {
  const memory = new SharedMemory(buffer, 1);
  const silent = { post: () => undefined, send: () => undefined };
  return {
    buffer,
    memory,
    data: new ThreadSharedData(memory),
    queues: new ThreadSharedQueues(memory, silent),
    metrics: new ThreadMetrics(memory),
  };
}

describe('blocks', () => {
  it('hold what was asked for, aligned, apart from each other, and serve again', () => {
    const { memory } = doors();
    const give = (size: number): number => memory.exclusive(() => allocate(memory, size));
    const sizes = Array.from({ length: 400 }, (_, i) => 1 + i * i);
    const blocks = sizes.map(give);
    const sorted = blocks
      .map((block, i) => ({ start: block * 4, end: block * 4 + sizes[i]! }))
      .sort((a, b) => a.start - b.start);
    for (const [i, { start }] of sorted.entries()) {
      if (start % 8 !== 0 || (i > 0 && start < sorted[i - 1]!.end)) expect.fail(`block ${i} at ${start}`);
    }
    for (const block of blocks) memory.exclusive(() => release(memory, block));
    expect(new Set(sizes.map(give))).toEqual(new Set(blocks));
  });

  it('end at the cap; a failed operation changes nothing', () => {
    const { data } = doors();
    data.set('', 'k', bytes(1), 0);
    const huge = new Uint8Array(maxSharedBytes / 4);
    let stored = 0;
    const fill = (): void => {
      for (; ; stored++) data.set('', `huge ${stored}`, huge, 0);
    };
    expect(fill).toThrow(/shared data, queues and metrics of all workers take more than 256 MiB/);
    expect(stored).toBe(3);
    expect(data.get('', `huge ${stored}`)).toBeUndefined();
    expect(data.set('', 'k', bytes(2), 1)).toBe(true);
    expect(data.get('', 'k')).toEqual({ value: bytes(2), cas: stored + 2 });
  });
});

describe('work that ends in the middle', () => {
  it('is taken back at whichever step it fails, and the lock is free', () => {
    const { memory, queues, data } = doors();
    const token = queues.register('', 'q', () => undefined);
    data.set('', 'k', bytes(1), 0);
    queues.enqueue(token, bytes(10));
    const put = memory.put.bind(memory);
    let failures = 0;
    /** Fails at the first step, then at the second, and so on until there is no such step. */
    const failEverywhere = (work: () => unknown, unchanged: () => void): void => {
      for (let steps = 0; ; steps++) {
        let left = steps;
        memory.put = (at, value) => {
          if (left-- === 0) throw new RangeError('Maximum call stack size exceeded');
          put(at, value);
        };
        try {
          work();
          return;
        } catch {
          failures++;
        } finally {
          Reflect.deleteProperty(memory, 'put');
        }
        unchanged();
      }
    };
    failEverywhere(
      () => data.set('', 'k', bytes(2), 0),
      () => expect(data.get('', 'k')).toEqual({ value: bytes(1), cas: 1 }),
    );
    failEverywhere(
      () => data.set('', 'fresh', bytes(3), 0),
      () => expect(data.get('', 'fresh')).toBeUndefined(),
    );
    failEverywhere(
      () => queues.enqueue(token, bytes(11)),
      () => expect(queues.resolve('', 'q')).toBe(token),
    );
    failEverywhere(
      () => expect(queues.dequeue(token)).toEqual(bytes(10)),
      () => expect(data.get('', 'fresh')).toEqual({ value: bytes(3), cas: 3 }),
    );
    failEverywhere(
      () => expect(queues.register('', 'new', () => undefined)).toBe(token + 1),
      () => expect(queues.resolve('', 'new')).toBeUndefined(),
    );
    expect([queues.dequeue(token), queues.dequeue(token)]).toEqual([bytes(11), null]);
    expect(failures).toBeGreaterThan(15);
  });

  it('does not even begin where the stack is nearly used up', () => {
    const { data } = doors();
    data.set('', 'k', bytes(1), 0);
    let outcomes = 0;
    const deep = (): void => {
      try {
        deep();
      } catch {
        try {
          data.set('', 'k', bytes(2), 0);
        } catch {
          outcomes++;
        }
      }
    };
    deep();
    expect(outcomes).toBeGreaterThan(0);
    expect(data.set('', 'k', bytes(3), 0)).toBe(true);
    expect(data.get('', 'k')?.value).toEqual(bytes(3));
  });

  it('of a stopped thread is taken back by whoever survives it', async () => {
    const { buffer, memory, data, queues } = doors();
    let held = 0;
    for (let run = 0; run < 12; run++) {
      const worker = thread({ buffer, thread: run + 2, task: 'churn' });
      await once(worker, 'message');
      await worker.terminate();
      if (memory.recover(run + 2)) held++;
      expect(memory.recover(run + 2)).toBe(false);
      expect(data.set('', 'alive', bytes(run), 0)).toBe(true);
      const token = queues.register('', 'churn', () => undefined);
      let items = 0;
      while (queues.dequeue(token) !== null) items++;
      expect(items).toBeGreaterThan(0);
      for (let i = 0; i < 50; i++) {
        const value = data.get('', `k${i}`)?.value;
        if (value?.some(byte => byte !== value[0])) expect.fail(`key ${i} is torn`);
      }
    }
    // Not asserted: on some runs no thread is stopped inside the lock. The next test stops one there for certain.
    expect(held).toBeLessThanOrEqual(12);
  });

  it('keeps others waiting until it is taken back', async () => {
    const { buffer, memory, data } = doors();
    data.set('', 'counter', bytes(1, 0, 0, 0), 0);
    const doomed = thread({ buffer, thread: 3, task: 'hang' });
    await once(doomed, 'message');
    let finished = false;
    const waiting = outcome({ buffer, thread: 2, task: 'count', times: 1 }).then(() => (finished = true));
    await doomed.terminate();
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(finished).toBe(false);
    expect(memory.recover(3)).toBe(true);
    await waiting;
    expect(data.get('', 'counter')).toEqual({ value: bytes(2, 0, 0, 0), cas: 2 });
  });
});

describe('several threads', () => {
  it('lose no update that was compared and swapped', async () => {
    const { buffer, data } = doors();
    const threads = [2, 3, 4].map(id => outcome({ buffer, thread: id, task: 'count', times: 5_000 }));
    expect(await Promise.all(threads)).toEqual(['done', 'done', 'done']);
    const { value, cas } = data.get('', 'counter')!;
    expect(new DataView(value.buffer).getUint32(0, true)).toBe(15_000);
    expect(cas).toBe(15_000);
  });

  it('take each item once, those of one producer in order', async () => {
    const { buffer, queues } = doors();
    queues.register('', 'q', () => undefined);
    const [, , first, second] = (await Promise.all([
      outcome({ buffer, thread: 2, task: 'produce', times: 4_000 }),
      outcome({ buffer, thread: 3, task: 'produce', times: 4_000 }),
      outcome({ buffer, thread: 4, task: 'consume', times: 4_000 }),
      outcome({ buffer, thread: 5, task: 'consume', times: 4_000 }),
    ])) as [unknown, unknown, [number, number][], [number, number][]];
    for (const taken of [first, second]) {
      for (const producer of [2, 3]) {
        const order = taken.filter(([from]) => from === producer).map(([, at]) => at);
        if (order.some((at, i) => i > 0 && at <= order[i - 1]!))
          expect.fail(`items of ${producer} out of order`);
      }
    }
    expect(new Set([...first, ...second].map(item => item.join(' '))).size).toBe(8_000);
  });

  it('add to one metric', async () => {
    const { buffer, metrics } = doors();
    await Promise.all([2, 3].map(id => outcome({ buffer, thread: id, task: 'metrics', times: 3_000 })));
    expect(metrics.list().map(one => [one.name, one.value(), one.count, one.sum])).toEqual([
      ['m0', 6_000n, 0, 0],
      ['m1', 6_000n, 0, 0],
      ['m2', 0n, 6_000, 12_000],
    ]);
  });
});
