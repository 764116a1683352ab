/** The result of `bench` for people. */
import type { BenchResult } from '../../src/bench.ts';
import { formatBytes } from '../ui/progress-line.ts';
import { table } from '../ui/result.ts';

export function benchText(result: BenchResult): string {
  const { stream, empty, outcomes, callbacks, soak, baseline, problems } = result;
  const ends = Object.entries(outcomes).map(([end, count]) => `${end}: ${count}`);
  const rows = [
    ['', 'median', 'p99', 'mean'],
    ['a stream with the filter', us(stream.medianUs), us(stream.p99Us), us(stream.meanUs)],
    ['a stream without', us(empty.medianUs), us(empty.p99Us), us(empty.meanUs)],
  ];
  const facts = [
    ['the filter adds', us(result.filterUs)],
    ['throughput of one thread', `${stream.perSecond} streams a second`],
    ['load and start', `${result.loadMs.toFixed(1)} ms`],
    ['guest memory', formatBytes(result.guestMemoryBytes)],
    ['streams ended with', ends.join(', ')],
  ];
  return [
    `${result.target} as ${result.kind} filter in ${result.host}: ${result.streams} streams, bodies of ${result.workload.bodyBytes} bytes\n\n`,
    `${table(rows)}\n${table(facts)}\n`,
    table([
      ['callback', 'a stream', 'median', 'p99', 'host calls'],
      ...callbacks.map(({ name, perStream, medianUs, p99Us, hostCalls }) => [
        name,
        count(perStream),
        us(medianUs),
        us(p99Us),
        count(hostCalls),
      ]),
    ]),
    `callbacks were measured apart, with a clock around each that adds about ${us(result.clockUs)}\n`,
    soak === null ? '' : soakText(soak),
    baseline === null ? '' : baselineText(baseline),
    ...problems.map(problem => `\n✗ ${problem.replaceAll('\n', '\n  ')}\n`),
  ].join('');
}

function soakText(soak: NonNullable<BenchResult['soak']>): string {
  return `\n${table([
    [`after ${soak.streams} streams more`, ''],
    ['  guest memory', `${formatBytes(soak.guestMemoryBytes)}, ${growth(soak.guestBytesPer1000)}`],
    ['  JS heap', `${formatBytes(soak.heapBytes)}, ${growth(soak.heapBytesPer1000)}`],
    ['  live stream contexts', String(soak.liveContexts)],
  ])}`;
}

function baselineText(baseline: NonNullable<BenchResult['baseline']>): string {
  return `\n${table([
    [`against ${baseline.file}`, ''],
    ['  median', times(baseline.median)],
    ['  median, in streams without filter', times(baseline.relativeMedian)],
    ['  p99', times(baseline.p99)],
    ['  throughput', times(baseline.perSecond)],
    ...baseline.callbacks.map(({ name, median }) => [`  ${name}`, times(median)]),
  ])}`;
}

function us(value: number): string {
  return `${value.toFixed(2)} µs`;
}

function count(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

function growth(bytesPer1000: number): string {
  const sign = bytesPer1000 < 0 ? '-' : '+';
  return `${sign}${formatBytes(Math.abs(Math.round(bytesPer1000)))} per 1000 streams`;
}

function times(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(2)} ×`;
}
