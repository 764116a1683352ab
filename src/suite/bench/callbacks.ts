/**
 * What each callback costs, and how many host calls it makes. Two passes of their own: one with a clock around every
 * export, one with the trace, which counts but is too slow to be timed.
 */
import type { Plugin, TraceEvent } from '../../host/index.ts';
import { type Spread, rounded, spreadOf } from './statistics.ts';

export interface CallbackCost extends Spread {
  /** `proxy_on_request_headers`. */
  readonly name: string;
  /** How often a stream calls it; ticks and answers of call-outs count too. */
  readonly perStream: number;
  /** Host calls made in one call of it, on average. */
  readonly hostCalls: number;
}

/** Puts a clock around every export that the host calls; the time includes the host calls that the guest makes. */
export function clockCallbacks(plugin: Plugin): ReadonlyMap<string, readonly number[]> {
  const samples = new Map<string, number[]>();
  const { vm } = plugin.root;
  const timed = Object.entries(vm.on).map(([field, callback]) => {
    // The allocator runs inside other callbacks: its time is theirs.
    if (callback === undefined || field === 'malloc' || field === 'memoryAllocate') return [field, callback];
    const own: number[] = [];
    samples.set(callback.name, own);
    const call: typeof callback.call = (a, b, c, d, e) => {
      const begun = performance.now();
      const result = callback.call(a, b, c, d, e);
      own.push((performance.now() - begun) * 1000);
      return result;
    };
    return [field, { ...callback, call }];
  });
  vm.on = Object.fromEntries(timed) as typeof vm.on;
  return samples;
}

/** Counts host calls by the callback that was running. */
export class HostCallCount {
  readonly #calls = new Map<string, number>();
  readonly #entered = new Map<string, number>();
  #running = '';

  readonly listen = ({ kind, name }: TraceEvent): void => {
    if (kind === 'begin') {
      this.#running = name;
      this.#entered.set(name, (this.#entered.get(name) ?? 0) + 1);
    } else if (kind === 'call') {
      this.#calls.set(this.#running, (this.#calls.get(this.#running) ?? 0) + 1);
    }
  };

  perCall(callback: string): number {
    return (this.#calls.get(callback) ?? 0) / (this.#entered.get(callback) ?? 1);
  }
}

/** In the order of the first call; callbacks that were never called are left out. */
export function callbackCosts(
  samples: ReadonlyMap<string, readonly number[]>,
  streams: number,
  calls: HostCallCount,
): CallbackCost[] {
  return [...samples]
    .filter(([, times]) => times.length > 0)
    .map(([name, times]) => ({
      name,
      perStream: rounded(times.length / streams),
      hostCalls: rounded(calls.perCall(name)),
      ...spreadOf(times),
    }));
}
