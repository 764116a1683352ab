/** The handle of a run in the bundled host: what the caller holds, and what the admin interface asks. */
import type { LogLevel } from '../host/types.ts';
import type { Edges } from '../io/edges.ts';
import { hostAndPort } from '../io/endpoint.ts';
import type { AdminSource } from './admin.ts';
import { type LoadedFilter, filterFacts, loadFilters } from './filter-source.ts';
import type { ProxyPlan } from './plan.ts';
import type { RunInput } from './run-input.ts';
import type { Run, RunFilter, RunOptions } from './run-options.ts';
import type { StatsSnapshot } from './stats.ts';
import type { RunningProxy } from './supervisor.ts';

export class RunHandle implements Run, AdminSource {
  readonly port: number;
  readonly url: string;
  readonly upstream: string;
  readonly host: string;
  readonly envoy = null;
  admin: string | null = null;
  readonly stopped: Promise<void>;
  readonly #options: RunOptions;
  readonly #edges: Edges;
  readonly #plan: ProxyPlan;
  readonly #proxy: RunningProxy;
  readonly #closeAll: () => Promise<void>;
  readonly #startedAt: number;
  #filters: readonly LoadedFilter[];
  #logLevel: LogLevel | 'off';
  #stopping: Promise<void> | undefined;
  #settle: () => void = () => undefined;

  constructor(
    { options, edges, filters, upstream }: RunInput,
    plan: ProxyPlan,
    proxy: RunningProxy,
    closeAll: () => Promise<void>,
  ) {
    const scheme = plan.kind === 'network' ? 'tcp' : plan.certificate === undefined ? 'http' : 'https';
    this.#options = options;
    this.#edges = edges;
    this.#plan = plan;
    this.#filters = filters;
    this.#proxy = proxy;
    this.#closeAll = closeAll;
    this.#logLevel = plan.logLevel;
    this.#startedAt = edges.now();
    this.port = proxy.port;
    this.url = `${scheme}://${hostAndPort(plan.host, proxy.port)}`;
    this.upstream = upstream;
    this.host = plan.hostProfile;
    this.stopped = new Promise(resolve => (this.#settle = resolve));
  }

  get filters(): readonly RunFilter[] {
    return this.#filters.map(filterFacts);
  }

  stats(): Promise<StatsSnapshot> {
    return this.#proxy.stats();
  }

  async reload(): Promise<void> {
    const filters = await loadFilters(this.#options, this.#edges);
    await this.#proxy.reload(filters.map(filter => filter.plan));
    this.#filters = filters;
  }

  /** As `reload`, telling how it went instead of failing: nobody waits for it. */
  async reloadOnChange(): Promise<void> {
    const notice = (text: string): void => this.#options.onEvent?.({ type: 'notice', text });
    try {
      await this.reload();
      notice(`loaded again: ${this.filters.map(filter => filter.name).join(', ')}`);
    } catch (error) {
      notice(
        `not loaded again, the old filter goes on: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  logLevel(): LogLevel | 'off' {
    return this.#logLevel;
  }

  setLogLevel(level: LogLevel | 'off'): void {
    this.#logLevel = level;
    this.#proxy.setLogLevel(level);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#closeAll().then(this.#settle);
    return this.#stopping;
  }

  quit(): void {
    void this.stop();
  }

  configuration(): unknown {
    const { filters, certificate, clusters, ...plan } = this.#plan;
    return {
      ...plan,
      tls: certificate !== undefined,
      clusters: Object.fromEntries(clusters),
      filters: this.#filters.map(
        ({ plan: { module, configuration, vmConfiguration, ...rest }, source, digest }) => ({
          ...rest,
          source,
          digest,
          moduleBytes: module.length,
          configuration: new TextDecoder().decode(configuration),
          vmConfiguration: new TextDecoder().decode(vmConfiguration),
        }),
      ),
      loaded: filters.length,
    };
  }

  listeners(): { name: string; address: string }[] {
    return [{ name: 'main', address: hostAndPort(this.#plan.host, this.port) }];
  }

  clusters(): { name: string; address: string }[] {
    return this.#plan.clusters.map(([name, { host, port }]) => ({
      name,
      address: hostAndPort(host, port),
    }));
  }

  serverInfo(): Record<string, unknown> {
    return {
      version: `wasme as ${this.host}`,
      state: 'LIVE',
      uptime_current_epoch: `${Math.floor((this.#edges.now() - this.#startedAt) / 1000)}s`,
    };
  }
}
