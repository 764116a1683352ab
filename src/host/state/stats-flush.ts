/** Encodes what a stats sink gets: counters, then gauges, in the layout of Envoy's `envoy_on_stats_update`. */
import { fromByteString, int64, uint32, utf8ByteString } from '../encoding/bytes.ts';
import type { ByteString } from '../types.ts';

/** One stat of a flush. Stats that were never used are counted, but not listed. */
export interface FlushedStat {
  readonly type: 'counter' | 'gauge';
  /** As in `/stats`: `wasmcustom.` is in front of what filters define. */
  readonly name: string;
  readonly value: bigint;
  /** Of a counter: since the flush before. */
  readonly delta?: bigint;
  readonly used: boolean;
}

/**
 * Envoy's size of the block of gauges doubles with each gauge. Up to this number it is written as Envoy writes it, above it
 * the right size.
 */
const maxClaimedBytes = 1 << 20;
/** Size, type, number of stats. */
const headBytes = 12;

/**
 * Encodes a block for each type: its size, the type, the number of stats, then the used ones: length, name, padding,
 * values.
 */
export function encodeStats(stats: readonly FlushedStat[]): Uint8Array {
  const counters = stats.filter(({ type }) => type === 'counter');
  const gauges = stats.filter(({ type }) => type === 'gauge');
  const first = entries(counters, headBytes);
  const counterBytes = headBytes + first.length;
  const second = entries(gauges, counterBytes + headBytes);
  const gaugeBytes = claimedBytes(gauges) ?? headBytes + second.length;
  const text =
    uint32(counterBytes) +
    uint32(1) +
    uint32(counters.length) +
    first +
    uint32(gaugeBytes) +
    uint32(2) +
    uint32(gauges.length) +
    second;
  return fromByteString(text.padEnd(counterBytes + gaugeBytes, '\0'));
}

/** Encodes the used stats; `at` is their offset in the flush, to which values are aligned. */
function entries(stats: readonly FlushedStat[], at: number): ByteString {
  let text = '';
  for (const { type, name, value, delta, used } of stats) {
    if (!used) continue;
    const bytes = utf8ByteString(name);
    text += uint32(bytes.length) + bytes;
    text = text.padEnd(align(at + text.length) - at, '\0') + int64(value);
    if (type === 'counter') text += int64(delta ?? 0n);
  }
  return text;
}

/** Returns the size as Envoy computes it, which adds up earlier sums; undefined when that overflows. */
function claimedBytes(gauges: readonly FlushedStat[]): number | undefined {
  let size = headBytes;
  for (const { name, used } of gauges) {
    if (!used) continue;
    size += 4 + utf8ByteString(name).length;
    size += align(size + 8);
    if (size > maxClaimedBytes) return undefined;
  }
  return size;
}

function align(size: number): number {
  return (size + 7) & ~7;
}
