/**
 * Measures the cost of each callback and counts its host calls, in two separate passes: one with a clock around every
 * export, one with the trace, which is too slow to be timed.
 */
import type { Plugin, TraceEvent } from '../../host/index.ts';
import { type Spread, rounded, spreadOf } from './statistics.ts';

export interface CallbackCost extends Spread {
  /** `proxy_on_request_headers`. */
  readonly name: string;
  /** Calls per stream; ticks and answers to call-outs count too. */
  readonly perStream: number;
  /** Host calls made in one call of it, on average. */
  readonly hostCalls: number;
}

/** Wraps every export that the host calls with a clock; the time includes the host calls of the guest. */
export function clockCallbacks(plugin: Plugin): ReadonlyMap<string, readonly number[]> {
  const samples = new Map<string, number[]>();
  const { vm } = plugin.root;
  const timed = Object.entries(vm.on).map(([field, callback]) => {
    // The allocator runs inside other callbacks, which include its time.
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

/** Returns the costs in the order of the first call, without callbacks that were never called. */
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
