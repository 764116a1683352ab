/** Counters of the proxy itself and of its filters, named as Envoy names them. */
import { MetricType, type StoredMetric } from '../host/state/metrics.ts';
import type { ProxyStreamInfo } from './stream-info.ts';

export interface Histogram {
  readonly count: number;
  readonly sum: number;
  readonly samples: readonly number[];
}

/** One thread's numbers at one moment; plain data. Sums of several threads are made by `mergeStats`. */
export interface StatsSnapshot {
  readonly counters: Readonly<Record<string, number | bigint>>;
  readonly gauges: Readonly<Record<string, number | bigint>>;
  readonly histograms: Readonly<Record<string, Histogram>>;
}

const prefix = 'http.http.';

interface Counter {
  value: number;
}

/** Names are put together once for each status and cluster, not for each request. */
export class ProxyStats {
  readonly #counters = new Map<string, Counter>();
  readonly #total = this.#counter(`${prefix}downstream_rq_total`);
  readonly #completed = this.#counter(`${prefix}downstream_rq_completed`);
  readonly #rxReset = this.#counter(`${prefix}downstream_rq_rx_reset`);
  readonly #statuses = new Map<number, Counter>();
  readonly #clusters = new Map<string, ClusterStats>();
  #active = 0;

  begin(): void {
    this.#active++;
    this.#total.value++;
  }

  end(facts: ProxyStreamInfo): void {
    this.#active--;
    const { clusterName, responseCode: code, responseCodeDetails: details } = facts;
    if (code !== undefined) {
      this.#status(code).value++;
      this.#completed.value++;
    }
    if (details === 'downstream_remote_disconnect') this.#rxReset.value++;
    if (clusterName === undefined || facts.upstreamRequestAttempts === 0) return;
    const cluster = this.#cluster(clusterName);
    cluster.total.value++;
    if (details === 'via_upstream' && code !== undefined) cluster.answered(code);
  }

  snapshot(): StatsSnapshot {
    const counters: Record<string, number> = {};
    for (const [name, { value }] of this.#counters) counters[name] = value;
    return { counters, gauges: { [`${prefix}downstream_rq_active`]: this.#active }, histograms: {} };
  }

  #status(code: number): Counter {
    let counter = this.#statuses.get(code);
    if (counter === undefined) {
      counter = this.#counter(`${prefix}downstream_rq_${Math.floor(code / 100)}xx`);
      this.#statuses.set(code, counter);
    }
    return counter;
  }

  #cluster(name: string): ClusterStats {
    let cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      cluster = new ClusterStats(stat => this.#counter(`cluster.${name}.${stat}`));
      this.#clusters.set(name, cluster);
    }
    return cluster;
  }

  #counter(name: string): Counter {
    const known = this.#counters.get(name);
    if (known !== undefined) return known;
    const counter = { value: 0 };
    this.#counters.set(name, counter);
    return counter;
  }
}

class ClusterStats {
  readonly total: Counter;
  readonly #completed: Counter;
  readonly #codes = new Map<number, readonly Counter[]>();
  readonly #counter: (name: string) => Counter;

  constructor(counter: (name: string) => Counter) {
    this.#counter = counter;
    this.total = counter('upstream_rq_total');
    this.#completed = counter('upstream_rq_completed');
  }

  answered(code: number): void {
    let counters = this.#codes.get(code);
    if (counters === undefined) {
      const group = this.#counter(`upstream_rq_${Math.floor(code / 100)}xx`);
      counters = [group, this.#counter(`upstream_rq_${code}`)];
      this.#codes.set(code, counters);
    }
    this.#completed.value++;
    for (const counter of counters) counter.value++;
  }
}

/** Returns the metrics of filters under Envoy's names. */
export function metricStats(metrics: readonly StoredMetric[]): StatsSnapshot {
  const counters: Record<string, bigint> = {};
  const gauges: Record<string, bigint> = {};
  const histograms: Record<string, Histogram> = {};
  for (const metric of metrics) {
    const name = `wasmcustom.${metric.name}`;
    if (metric.type === MetricType.Counter) counters[name] = metric.value();
    else if (metric.type === MetricType.Gauge) gauges[name] = metric.value();
    else histograms[name] = { count: metric.count, sum: metric.sum, samples: metric.samples };
  }
  return { counters, gauges, histograms };
}

/** The sum over threads. */
export function mergeStats(snapshots: readonly StatsSnapshot[]): StatsSnapshot {
  const counters: Record<string, number | bigint> = {};
  const gauges: Record<string, number | bigint> = {};
  const histograms: Record<string, Histogram> = {};
  for (const snapshot of snapshots) {
    for (const [name, value] of Object.entries(snapshot.counters))
      counters[name] = sum(counters[name], value);
    for (const [name, value] of Object.entries(snapshot.gauges)) gauges[name] = sum(gauges[name], value);
    for (const [name, one] of Object.entries(snapshot.histograms)) {
      const other = histograms[name];
      histograms[name] =
        other === undefined
          ? one
          : {
              count: other.count + one.count,
              sum: other.sum + one.sum,
              samples: [...other.samples, ...one.samples],
            };
    }
  }
  return { counters, gauges, histograms };
}

function sum(a: number | bigint | undefined, b: number | bigint): number | bigint {
  if (a === undefined) return b;
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  // Gauges of guests are unsigned 64-bit and wrap.
  return BigInt.asUintN(64, BigInt(a) + BigInt(b));
}

/** `/stats`: `name: value` lines, sorted; histograms after them. */
export function statsText(stats: StatsSnapshot, kept: (name: string) => boolean): string {
  const values = [...Object.entries(stats.counters), ...Object.entries(stats.gauges)]
    .map(([name, value]) => `${name}: ${value}`)
    .concat(Object.entries(stats.histograms).map(([name, one]) => `${name}: ${quantiles(one)}`))
    .filter(line => kept(line.slice(0, line.indexOf(': '))));
  return values
    .sort()
    .map(line => `${line}\n`)
    .join('');
}

const shown = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

function quantiles(histogram: Histogram): string {
  if (histogram.count === 0) return 'No recorded values';
  const sorted = [...histogram.samples].sort((a, b) => a - b);
  return shown
    .map(percent => {
      const at = Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length));
      return `P${percent}(nan,${sorted[at] ?? 0})`;
    })
    .join(' ');
}

/** `/stats?format=prometheus`. Guests' own stats lose `wasmcustom.`, all others get `envoy_`, as Envoy does. */
export function statsPrometheus(stats: StatsSnapshot, kept: (name: string) => boolean): string {
  let text = '';
  for (const [type, values] of [
    ['counter', stats.counters],
    ['gauge', stats.gauges],
  ] as const) {
    for (const [name, value] of Object.entries(values)
      .filter(([one]) => kept(one))
      .sort()) {
      const shownName = prometheusName(name);
      text += `# TYPE ${shownName} ${type}\n${shownName}{} ${value}\n`;
    }
  }
  for (const [name, { count, sum: total }] of Object.entries(stats.histograms)
    .filter(([one]) => kept(one))
    .sort()) {
    const shownName = prometheusName(name);
    text += `# TYPE ${shownName} summary\n${shownName}_sum{} ${total}\n${shownName}_count{} ${count}\n`;
  }
  return text;
}

function prometheusName(name: string): string {
  const own = name.startsWith('wasmcustom.');
  const plain = (own ? name.slice('wasmcustom.'.length) : name).replace(/[^a-zA-Z0-9_]/g, '_');
  return own ? plain : `envoy_${plain}`;
}
