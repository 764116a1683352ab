/** The handle of a run in the bundled host: what the caller holds, and what the admin interface asks. */
import { isDeepStrictEqual } from 'node:util';
import { asFailure } from '../errors.ts';
import type { LogLevel } from '../host/types.ts';
import type { SystemContext } from '../io/system-context.ts';
import { hostAndPort } from '../io/http/endpoint.ts';
import type { AdminSource } from '../proxy/admin.ts';
import { type RunnableFilter, filterFacts, loadFilters } from './load-filters.ts';
import type { RunPlan } from './run-plan.ts';
import type { RunInput } from './run-input.ts';
import type { Run, RunFilter, RunOptions } from './run-options.ts';
import type { StatsSnapshot } from '../proxy/stats.ts';
import type { RunningProxy } from './workers/supervisor.ts';

export class BundledHandle implements Run, AdminSource {
  readonly port: number;
  readonly url: string;
  readonly upstream: string;
  readonly host: string;
  readonly envoy = null;
  admin: string | null = null;
  readonly stopped: Promise<void>;
  readonly #options: RunOptions;
  readonly #system: SystemContext;
  readonly #onEvent: RunInput['onEvent'];
  readonly #plan: RunPlan;
  readonly #proxy: RunningProxy;
  readonly #closeAll: () => Promise<void>;
  readonly #startedAt: number;
  #filters: readonly RunnableFilter[];
  #loading: Promise<unknown> = Promise.resolve();
  #logLevel: LogLevel | 'off';
  #stopping: Promise<void> | undefined;
  #settle: () => void = () => undefined;

  constructor(
    { options, system, filters, upstream, onEvent }: RunInput,
    plan: RunPlan,
    proxy: RunningProxy,
    closeAll: () => Promise<void>,
  ) {
    const scheme = plan.kind === 'network' ? 'tcp' : plan.certificate === undefined ? 'http' : 'https';
    this.#options = options;
    this.#system = system;
    this.#onEvent = onEvent;
    this.#plan = plan;
    this.#filters = filters;
    this.#proxy = proxy;
    this.#closeAll = closeAll;
    this.#logLevel = plan.logLevel;
    this.#startedAt = system.now();
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
    await this.#load();
  }

  /** Reloads as `reload` does, but reports the result as an event instead of failing, as no caller waits for it. */
  async reloadOnChange(): Promise<void> {
    try {
      if (await this.#load()) {
        this.#tell(`loaded again: ${this.filters.map(filter => filter.name).join(', ')}`);
      }
    } catch (error) {
      this.tellFailure(error, 'not loaded again, the old filter stays in use');
    }
  }

  /** Reports a failure outside of the traffic, and its consequence for the traffic. */
  tellFailure(error: unknown, consequence: string): void {
    this.#onEvent({ type: 'failure', error: asFailure(error) });
    this.#tell(consequence);
  }

  #tell(text: string): void {
    this.#onEvent({ type: 'notice', text });
  }

  /** One after the other: a build and the file that it wrote both ask. False: nothing was different. */
  #load(): Promise<boolean> {
    const load = async (): Promise<boolean> => {
      const filters = await loadFilters(this.#options, this.#system);
      const plans = filters.map(filter => filter.plan);
      if (
        isDeepStrictEqual(
          plans,
          this.#filters.map(filter => filter.plan),
        )
      )
        return false;
      await this.#proxy.reload(plans);
      this.#filters = filters;
      return true;
    };
    const result = this.#loading.then(load, load);
    this.#loading = result;
    return result;
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
      uptime_current_epoch: `${Math.floor((this.#system.now() - this.#startedAt) / 1000)}s`,
    };
  }
}
