/** Metrics for several threads, over shared memory: one stat for the same name and type, whichever worker defines it. */
import { keptSamples, type MetricStore, MetricType, type StoredMetric } from '../metrics.ts';
import type { ByteString } from '../../types.ts';
import { allocate } from './blocks.ts';
import type { SharedMemory } from './memory.ts';
import { findEntry, kinds, makeEntry, nameOf, roots } from './table.ts';

/** 64 bits, so two words. A histogram has the block of its numbers here. */
const valueField = 0;
const typeField = 2;
const nextField = 3;

/** Numbers of a histogram: count, sum, then the latest samples. */
const countAt = 0;
const sumAt = 1;
const samplesAt = 2;

/** Keeps stats for several threads, otherwise as `LocalMetrics`. `define` fails with WASM_TRAP when the memory is full. */
export class ThreadMetrics implements MetricStore {
  readonly #memory: SharedMemory;
  readonly #integers: BigInt64Array<SharedArrayBuffer>;
  readonly #numbers: Float64Array<SharedArrayBuffer>;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
    this.#integers = new BigInt64Array(memory.words.buffer);
    this.#numbers = new Float64Array(memory.words.buffer);
  }

  define(type: number, name: ByteString): StoredMetric {
    const memory = this.#memory;
    const key = `${type}${name}`;
    const fields = memory.exclusive(() => {
      const known = findEntry(memory, kinds.metric, key);
      return known === 0 ? this.#make(type, key) : known;
    });
    return this.#at(fields);
  }

  /**
   * Returns all stats in the order of their definition. Takes no lock: a supervisor must not wait for a worker that hangs.
   */
  list(): readonly StoredMetric[] {
    const { words } = this.#memory;
    const found: StoredMetric[] = [];
    let fields = Atomics.load(words, roots.firstMetric);
    while (fields !== 0) {
      found.push(this.#at(fields));
      fields = Atomics.load(words, fields + nextField);
    }
    return found;
  }

  #make(type: number, key: ByteString): number {
    const memory = this.#memory;
    const numbers = this.#numbers;
    const { words } = memory;
    const fields = makeEntry(memory, kinds.metric, key);
    words[fields + typeField] = type;
    if (type === MetricType.Histogram) {
      const block = allocate(memory, (samplesAt + keptSamples) * 8);
      numbers.fill(0, block / 2, block / 2 + samplesAt);
      words[fields + valueField] = block;
    }
    const last = words[roots.lastMetric] as number;
    memory.put(last === 0 ? roots.firstMetric : last + nextField, fields);
    memory.put(roots.lastMetric, fields);
    return fields;
  }

  #at(fields: number): StoredMetric {
    const memory = this.#memory;
    const integers = this.#integers;
    const numbers = this.#numbers;
    const type = memory.words[fields + typeField] as number;
    const name = nameOf(memory, fields).slice(1);
    if (type !== MetricType.Histogram) return new ThreadValue(type, name, integers, fields / 2);
    return new ThreadHistogram(name, memory, numbers, (memory.words[fields + valueField] as number) / 2);
  }
}

/** A counter or a gauge. */
class ThreadValue implements StoredMetric {
  readonly count = 0;
  readonly sum = 0;
  readonly samples: readonly number[] = [];
  readonly type: number;
  readonly name: ByteString;
  readonly #integers: BigInt64Array<SharedArrayBuffer>;
  readonly #index: number;

  constructor(type: number, name: ByteString, integers: BigInt64Array<SharedArrayBuffer>, index: number) {
    this.type = type;
    this.name = name;
    this.#integers = integers;
    this.#index = index;
  }

  add(amount: bigint): void {
    Atomics.add(this.#integers, this.#index, amount);
  }

  set(value: bigint): void {
    Atomics.store(this.#integers, this.#index, value);
  }

  record(): void {}

  value(): bigint {
    return BigInt.asUintN(64, Atomics.load(this.#integers, this.#index));
  }
}

class ThreadHistogram implements StoredMetric {
  readonly type = MetricType.Histogram;
  readonly name: ByteString;
  readonly #memory: SharedMemory;
  readonly #numbers: Float64Array<SharedArrayBuffer>;
  readonly #index: number;

  constructor(
    name: ByteString,
    memory: SharedMemory,
    numbers: Float64Array<SharedArrayBuffer>,
    index: number,
  ) {
    this.name = name;
    this.#memory = memory;
    this.#numbers = numbers;
    this.#index = index;
  }

  get count(): number {
    return this.#numbers[this.#index + countAt] as number;
  }

  get sum(): number {
    return this.#numbers[this.#index + sumAt] as number;
  }

  get samples(): readonly number[] {
    const start = this.#index + samplesAt;
    return [...this.#numbers.subarray(start, start + Math.min(this.count, keptSamples))];
  }

  add(): void {}

  set(): void {}

  record(value: bigint): void {
    const memory = this.#memory;
    const numbers = this.#numbers;
    const index = this.#index;
    const sample = Number(value);
    memory.exclusive(() => {
      const count = this.count;
      numbers[index + samplesAt + (count % keptSamples)] = sample;
      numbers[index + sumAt] = this.sum + sample;
      numbers[index + countAt] = count + 1;
    });
  }

  value(): bigint {
    return 0n;
  }
}
