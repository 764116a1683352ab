/** Counters, gauges and histograms of filters. Values belong to the host, ids to a VM. */
import { Status } from '../status.ts';
import type { ByteString } from '../types.ts';

export const MetricType = { Counter: 0, Gauge: 1, Histogram: 2 } as const;

/** One stat. Values are unsigned 64-bit; `number` while exact, since BigInt is slow and rarely needed. */
export interface Metric {
  readonly type: number;
  readonly name: ByteString;
  /** Adds, wrapping below zero and above 2⁶⁴. */
  add(amount: bigint): void;
  set(value: bigint): void;
  /** A histogram's sample. */
  record(value: bigint): void;
  value(): bigint;
}

/** A stat as `/stats` shows it. `count`, `sum` and `samples` are those of a histogram. */
export interface StoredMetric extends Metric {
  readonly count: number;
  readonly sum: number;
  readonly samples: readonly number[];
}

export interface MetricStore {
  /** Returns the stat of a name and a type; makes it the first time. */
  define(type: number, name: ByteString): Metric;
}

/** Keeps stats for one thread. */
export class LocalMetrics implements MetricStore {
  readonly #metrics = new Map<string, LocalMetric>();

  define(type: number, name: ByteString): StoredMetric {
    const key = `${type}${name}`;
    let metric = this.#metrics.get(key);
    if (!metric) {
      metric = new LocalMetric(type, name);
      this.#metrics.set(key, metric);
    }
    return metric;
  }

  /** Returns all stats in the order of their definition. */
  list(): readonly StoredMetric[] {
    return [...this.#metrics.values()];
  }
}

/** Samples kept of a histogram; newer ones overwrite the oldest, sum and count include all. */
export const keptSamples = 1000;

class LocalMetric implements StoredMetric {
  readonly type: number;
  readonly name: ByteString;
  #current = 0n;
  count = 0;
  sum = 0;
  readonly samples: number[] = [];

  constructor(type: number, name: ByteString) {
    this.type = type;
    this.name = name;
  }

  add(amount: bigint): void {
    this.#current = BigInt.asUintN(64, this.#current + amount);
  }

  set(value: bigint): void {
    this.#current = value;
  }

  record(value: bigint): void {
    this.samples[this.count % keptSamples] = Number(value);
    this.count++;
    this.sum += Number(value);
  }

  value(): bigint {
    return this.#current;
  }
}

/** The ids of one VM: the lowest two bits are the type, so that counters are 4, 8 …, gauges 5, 9 …, histograms 6, 10 …. */
export class MetricIds {
  readonly #store: MetricStore;
  readonly #metrics = new Map<number, Metric>();
  readonly #next = [4, 5, 6];

  constructor(store: MetricStore) {
    this.#store = store;
  }

  define(type: number, name: ByteString): number {
    const id = this.#next[type] as number;
    this.#next[type] = id + 4;
    this.#metrics.set(id, this.#store.define(type, name));
    return id;
  }

  increment(id: number, offset: bigint): number {
    const type = id & 3;
    if (type > MetricType.Gauge) return Status.BadArgument;
    const metric = this.#metrics.get(id);
    if (!metric) return Status.NotFound;
    if (type === MetricType.Counter && offset <= 0n) return Status.BadArgument;
    metric.add(offset);
    return Status.Ok;
  }

  record(id: number, value: bigint): number {
    const metric = this.#metrics.get(id);
    if (!metric) return Status.NotFound;
    if (metric.type === MetricType.Counter) metric.add(value);
    else if (metric.type === MetricType.Gauge) metric.set(value);
    else metric.record(value);
    return Status.Ok;
  }

  /** Returns the value, or a status other than Ok. */
  get(id: number): bigint | number {
    if ((id & 3) > MetricType.Gauge) return Status.BadArgument;
    return this.#metrics.get(id)?.value() ?? Status.NotFound;
  }
}
