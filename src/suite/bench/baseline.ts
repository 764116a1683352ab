/** A result of today beside one that was saved: ratios, above 1 when more is needed (or done) now. */
import { maxParsedBytes } from '../../io/files/file-limits.ts';
import { readText } from '../../io/files/files.ts';
import { parseFile } from '../../project/parse.ts';
import type { CallbackCost } from './callbacks.ts';
import { type Baseline, baselineSchema } from './schema.ts';
import { type Spread, ratio } from './statistics.ts';

export interface Comparison {
  readonly file: string;
  /** Now divided by then. null: then it was 0. */
  readonly median: number | null;
  readonly p99: number | null;
  readonly perSecond: number | null;
  /** Both medians in units of a stream without filter of the same run: mostly free of how fast the machine was. */
  readonly relativeMedian: number | null;
  /** Callbacks that both have. */
  readonly callbacks: readonly { readonly name: string; readonly median: number | null }[];
}

export interface Measured {
  readonly stream: Spread & { readonly perSecond: number };
  readonly empty: Spread;
  readonly callbacks: readonly CallbackCost[];
}

/** Fails with FILE_NOT_FOUND, FILE_ACCESS or BENCH_BASELINE. */
export async function loadBaseline(path: string): Promise<Baseline> {
  return parseFile(await readText(path, maxParsedBytes), path, baselineSchema, {
    format: 'json',
    code: 'BENCH_BASELINE',
    hint: 'write one with "wasme bench --save baseline.json"',
  });
}

export function compareWith(file: string, then: Baseline, now: Measured): Comparison {
  const own = ratio(now.stream.medianUs, now.empty.medianUs);
  const others = ratio(then.stream.medianUs, then.empty.medianUs);
  return {
    file,
    median: ratio(now.stream.medianUs, then.stream.medianUs),
    p99: ratio(now.stream.p99Us, then.stream.p99Us),
    perSecond: ratio(now.stream.perSecond, then.stream.perSecond),
    relativeMedian: own === null || others === null ? null : ratio(own, others),
    callbacks: now.callbacks.flatMap(({ name, medianUs }) => {
      const before = then.callbacks.find(callback => callback.name === name);
      return before === undefined ? [] : [{ name, median: ratio(medianUs, before.medianUs) }];
    }),
  };
}
