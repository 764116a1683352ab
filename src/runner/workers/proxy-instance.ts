/** One thread's worth of a run: environment, host with its filters, proxy, statistics. */
import { WasmeError } from '../../errors.ts';
import { Host } from '../../host/host.ts';
import { LocalMetrics } from '../../host/state/metrics.ts';
import type { Plugin } from '../../host/plugin.ts';
import { findProfile } from '../../host/profiles.ts';
import { logLevels } from '../../host/status.ts';
import type { TraceEvent } from '../../host/trace/trace.ts';
import type { LogEntry, LogLevel } from '../../host/types.ts';
import { Clusters } from '../../proxy/upstream/clusters.ts';
import { NodeEnvironment } from '../../proxy/environment.ts';
import type { FilterPlan, ProxyEvent, RunPlan } from '../run-plan.ts';
import { upstreamCluster } from '../../proxy/upstream/routes.ts';
import { type StreamFactory, passThroughChain } from '../../proxy/pass-through.ts';
import { type Proxy, startProxy } from '../../proxy/proxy.ts';
import { mergeStats, metricStats, ProxyStats, type StatsSnapshot } from '../../proxy/stats.ts';
import type { ProxyStreamInfo } from '../../proxy/stream-info.ts';
import { formatTrace } from '../format-trace.ts';
import type { WorkerStores } from './worker-stores.ts';

const levels: readonly (LogLevel | 'off')[] = [...logLevels, 'off'];

/** The listening part: an HTTP proxy or a TCP proxy. */
type Front = Pick<Proxy, 'port' | 'socket' | 'close'>;

/** Connects an instance with the other ones of the same run. */
export interface InstancePlace {
  /** Another one's listening socket. */
  readonly socket?: number | undefined;
  /** Absent: its own. What is in shared ones is not in `stats`. */
  readonly stores?: WorkerStores | undefined;
  /** Counter in which the host shows that a guest runs. */
  readonly guestCalls?: Int32Array | undefined;
}

export class ProxyInstance {
  readonly #plan: RunPlan;
  readonly #onEvent: (event: ProxyEvent) => void;
  readonly #host: Host;
  readonly #clusters: Clusters;
  readonly #place: InstancePlace;
  /** Stats of filters that are this thread's only. */
  readonly #metrics = new LocalMetrics();
  readonly #stats = new ProxyStats();
  #logLevel: number;
  #plugins: readonly Plugin[] = [];
  #chain: StreamFactory = passThroughChain;
  #front: Front | undefined;
  #created = 0;

  /** Loads the filters, then listens. Fails with what loading fails with, PORT_IN_USE or PORT_REFUSED. */
  static async start(
    plan: RunPlan,
    onEvent: (event: ProxyEvent) => void,
    place: InstancePlace = {},
  ): Promise<ProxyInstance> {
    const engine = new ProxyInstance(plan, onEvent, place);
    try {
      await engine.#useFilters(plan.filters);
      engine.#front = await engine.#listen();
    } catch (error) {
      await engine.close();
      throw error;
    }
    return engine;
  }

  private constructor(plan: RunPlan, onEvent: (event: ProxyEvent) => void, place: InstancePlace) {
    this.#plan = plan;
    this.#place = place;
    this.#onEvent = onEvent;
    this.#logLevel = levels.indexOf(plan.logLevel);
    const profile = findProfile(plan.hostProfile);
    if (profile === undefined) throw new WasmeError('USAGE', `unknown host ${plan.hostProfile}`);
    this.#clusters = new Clusters(new Map(plan.clusters), {
      trailers: plan.trailers,
      keepAliveShown: !profile.removesKeepAlive,
      connectTimeoutMs: 5_000,
    });
    this.#host = new Host({
      environment: new NodeEnvironment({
        clusters: this.#clusters,
        log: entry => this.#onLog(entry),
        showTransportFailure: profile.transportFailureText,
      }),
      profile,
      metrics: this.#metrics,
      ...place.stores,
      ...(place.guestCalls && { guestCalls: place.guestCalls }),
      logLevel: () => this.#logLevel,
    });
  }

  get port(): number {
    return this.#front?.port ?? 0;
  }

  /** Its listening socket, for engines in other threads. */
  get socket(): number | undefined {
    return this.#front?.socket;
  }

  /** Swaps the filters. Streams that run keep theirs; a failure leaves everything as it was. */
  async reload(filters: readonly FilterPlan[]): Promise<void> {
    const before = this.#plugins;
    await this.#useFilters(filters);
    for (const plugin of before) plugin.close();
  }

  setLogLevel(level: LogLevel | 'off'): void {
    this.#logLevel = levels.indexOf(level);
  }

  stats(): StatsSnapshot {
    const { counters, gauges, histograms } = mergeStats([
      this.#stats.snapshot(),
      metricStats(this.#metrics.list()),
    ]);
    const all = { counters: { ...counters }, gauges: { ...gauges }, histograms };
    for (const { name, reloads } of this.#plugins) {
      all.counters[`wasm.${name}.vm_reload_success`] = reloads.success;
      all.counters[`wasm.${name}.vm_reload_failure`] = reloads.failure;
      all.counters[`wasm.${name}.vm_reload_backoff`] = reloads.backoff;
    }
    all.gauges['wasm.envoy.wasm.runtime.v8.active'] = this.#host.vmCount;
    all.counters['wasm.envoy.wasm.runtime.v8.created'] = this.#created;
    all.gauges['wasme.contexts'] = this.#plugins.reduce((sum, plugin) => sum + plugin.contextCount, 0);
    all.gauges['wasme.guest_memory_bytes'] = this.#plugins.reduce(
      (sum, plugin) => sum + plugin.memoryBytes,
      0,
    );
    return all;
  }

  async close(): Promise<void> {
    await this.#front?.close();
    this.#clusters.close();
    this.#host.close();
  }

  async #useFilters(filters: readonly FilterPlan[]): Promise<void> {
    const loaded: Plugin[] = [];
    try {
      for (const filter of filters) {
        loaded.push(
          await this.#host.loadPlugin(filter.module, {
            ...filter,
            ...(this.#plan.trace ? { onTrace: (event: TraceEvent) => this.#onTrace(event) } : {}),
          }),
        );
        this.#created++;
      }
    } catch (error) {
      for (const plugin of loaded) plugin.close();
      throw error;
    }
    this.#plugins = loaded;
    if (this.#plan.kind === 'http')
      this.#chain = loaded.length === 0 ? passThroughChain : this.#host.httpChain(loaded);
  }

  async #listen(): Promise<Front> {
    const plan = this.#plan;
    const { profile } = this.#host.services;
    if (plan.kind === 'network') {
      const { startTcpProxy } = await import('../../proxy/tcp.ts');
      return startTcpProxy({
        host: plan.host,
        port: plan.port,
        socket: this.#place.socket,
        chain: () => this.#host.tcpChain(this.#plugins),
        upstream: new Map(plan.clusters).get(upstreamCluster),
        resets: { client: profile.clientResets, upstream: profile.upstreamResets },
      });
    }
    return startProxy({
      host: plan.host,
      port: plan.port,
      socket: this.#place.socket,
      clusters: this.#clusters,
      routes: plan.routes,
      chain: { open: (sink, info) => this.#chain.open(sink, info) },
      trailers: plan.trailers,
      certificate: plan.certificate,
      showTransportFailure: profile.transportFailureText,
      onStart: () => this.#stats.begin(),
      onExchange: facts => this.#onExchange(facts),
    });
  }

  #onExchange(facts: ProxyStreamInfo): void {
    this.#stats.end(facts);
  }

  #onLog({ level, prefix, message, source }: LogEntry): void {
    const text = prefix + Buffer.from(message).toString('utf8');
    this.#onEvent({ type: 'log', line: { timeMs: Date.now(), level, text, source } });
  }

  #onTrace(event: TraceEvent): void {
    this.#onEvent({ type: 'trace', text: formatTrace(event) });
  }
}
