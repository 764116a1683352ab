/**
 * Times whole streams, alternately with the filter and without any, so that other work on the machine affects both.
 * Nothing is traced here; single callbacks are measured in another pass (callbacks.ts).
 */
import { setImmediate } from 'node:timers/promises';
import { WasmeError } from '../../errors.ts';
import type { Plugin } from '../../host/index.ts';
import type { StreamEnd } from './traffic.ts';

export interface MeasureOptions {
  readonly warmUpStreams: number;
  readonly streams: number;
  /** The measurement ends when this time has passed, after at least one block. */
  readonly budgetMs: number;
  readonly signal: AbortSignal;
}

export interface StreamSamples {
  /** Microseconds of each stream with the filter. */
  readonly filtered: readonly number[];
  /** The same through a chain without filters. */
  readonly empty: readonly number[];
  /** The number of streams with the filter by the way they ended. */
  readonly outcomes: Readonly<Record<StreamEnd, number>>;
}

export interface Concurrency {
  readonly filtered: () => StreamEnd;
  readonly empty: () => StreamEnd;
  /** Moves virtual time between streams; its cost is not measured. */
  readonly between: () => void;
  readonly plugin: Plugin;
}

const blockStreams = 100;

/** Fails with WASM_TRAP as soon as the filter has trapped, and when the signal is aborted. */
export async function measureStreams(lanes: Concurrency, options: MeasureOptions): Promise<StreamSamples> {
  const { plugin, between } = lanes;
  const filtered: number[] = [];
  const empty: number[] = [];
  const outcomes: Record<string, number> = {};
  const quiet = { warmUpStreams: options.warmUpStreams, startedMs: performance.now() };
  for (let at = 0; at < quiet.warmUpStreams; at += blockStreams) {
    repeat(lanes.filtered, blockStreams, between);
    repeat(lanes.empty, blockStreams, between);
    await yieldToLoop(plugin, options.signal);
    if (performance.now() - quiet.startedMs > options.budgetMs / 4) break;
  }
  const startedMs = performance.now();
  while (filtered.length < options.streams) {
    const count = Math.min(blockStreams, options.streams - filtered.length);
    repeat(lanes.filtered, count, between, filtered, outcomes);
    repeat(lanes.empty, count, between, empty);
    await yieldToLoop(plugin, options.signal);
    if (performance.now() - startedMs > options.budgetMs) break;
  }
  return { filtered, empty, outcomes };
}

function repeat(
  play: () => StreamEnd,
  count: number,
  between: () => void,
  samples?: number[],
  outcomes?: Record<string, number>,
): void {
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    const end = play();
    const ended = performance.now();
    samples?.push((ended - begun) * 1000);
    if (outcomes !== undefined) outcomes[end] = (outcomes[end] ?? 0) + 1;
    between();
  }
}

/** Lets signals be handled. Fails with WASM_TRAP when the filter has trapped. */
export async function yieldToLoop(plugin: Plugin, signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
  if (plugin.failed) {
    throw new WasmeError(
      'WASM_TRAP',
      `${plugin.name} trapped: ${plugin.failure ?? 'for an unknown reason'}`,
      {
        hint: 'a filter that trapped is not called again; "wasme run --trace" shows the calls before the trap',
      },
    );
  }
}

/** Returns the cost of two readings of the clock in microseconds, which every sample includes. */
export function clockCostUs(): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 20; round++) {
    const begun = performance.now();
    for (let i = 0; i < 500; i++) performance.now();
    best = Math.min(best, ((performance.now() - begun) * 1000) / 500);
  }
  return best;
}
