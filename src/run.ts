/** `wasme run`: filters in the bundled host, behind a local proxy. */
import { WasmeError } from './errors.ts';
import type { LogLevel } from './host/types.ts';
import type { Edges } from './io/edges.ts';
import { type AdminSource, startAdmin } from './proxy/admin.ts';
import { startEcho } from './proxy/echo.ts';
import { Engine } from './proxy/engine.ts';
import { type LoadedFilter, loadFilter } from './proxy/filter-source.ts';
import type { ProxyEvent, ProxyPlan } from './proxy/plan.ts';
import { kindOf, makePlan, withProject } from './proxy/run-plan.ts';
import type { StatsSnapshot } from './proxy/stats.ts';
import { type RunningProxy, superviseProxy } from './proxy/supervisor.ts';
import { watchFiles } from './proxy/watch.ts';
import type { FilterSettings } from './targets/settings.ts';
import type { ImageAccess } from './targets/source.ts';

export interface RunOptions extends Omit<FilterSettings, 'configuration' | 'kind'> {
  /** Project folders, .wasm files, images: a chain in the order of the request. None: the project here. */
  readonly targets?: readonly string[] | undefined;
  /** Plugin configurations, the first for the first target. Text or @file. */
  readonly configurations?: readonly string[] | undefined;
  readonly kind?: 'http' | 'network' | undefined;
  /** Where the proxy listens; default 127.0.0.1 and the project's port, or 8080. Port 0 takes any free one. */
  readonly listen?: Partial<Address> | undefined;
  /** Default: the project's port, or no admin interface. */
  readonly admin?: Address | undefined;
  /** A URL, or `echo` for the built-in upstream; default the project's, or echo. */
  readonly upstream?: string | undefined;
  /** Cluster name → URL. */
  readonly clusters?: Readonly<Record<string, string>> | undefined;
  /** `envoy@1.36`, `istio@1.30` …: which host to be; default the project's, or the newest Envoy. */
  readonly host?: string | undefined;
  /** Filters' log lines below it are not made; default info. */
  readonly logLevel?: LogLevel | 'off' | undefined;
  readonly trace?: boolean | undefined;
  /** Load again when a module or a configuration file changes. */
  readonly watch?: boolean | undefined;
  /** TLS with a certificate made on the spot. */
  readonly tls?: boolean | undefined;
  /** A worker whose filter does not return for so long is replaced; default 10 000 ms. */
  readonly callbackLimitMs?: number | undefined;
  /** From the end of the request to the end of the response; default Envoy's 15 000 ms, 0: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Everything in the calling thread: for tests. A filter that loops for ever then blocks the caller. */
  readonly inProcess?: boolean | undefined;
  /** How images are looked up. */
  readonly images?: ImageAccess | undefined;
  /** Log lines of filters, traces, notices. */
  readonly onEvent?: ((event: ProxyEvent) => void) | undefined;
}

export interface Address {
  readonly address: string;
  readonly port: number;
}

/** What a run is, for people and for --json. */
export interface RunResult {
  readonly url: string;
  readonly port: number;
  /** URL of the admin interface, or null. */
  readonly admin: string | null;
  /** URL of the upstream; `echo` for the built-in one. */
  readonly upstream: string;
  /** `envoy@1.40`: how the host behaves. */
  readonly host: string;
  readonly filters: readonly RunFilter[];
}

export interface RunFilter {
  readonly name: string;
  readonly source: string;
  readonly digest: string;
  readonly rootId: string;
  readonly vmId: string;
}

export interface Run extends RunResult {
  stats(): Promise<StatsSnapshot>;
  /** Loads modules and configurations again. Fails as loading does; then the old filters stay. */
  reload(): Promise<void>;
  setLogLevel(level: LogLevel | 'off'): void;
  /** Settled when the run has ended: by `stop`, the edges' signal, or the admin interface. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

const defaultPort = 8080;

/** Runs until the edges' signal aborts or the admin interface says so. `onReady` is called once it listens. */
export async function run(
  options: RunOptions,
  edges: Edges,
  onReady: (result: RunResult) => void,
): Promise<void> {
  const running = await startRun(options, edges);
  onReady(running);
  await running.stopped;
}

/**
 * Starts and gives back a handle. Fails with what finding and loading filters fails with (FILE_NOT_FOUND,
 * PROJECT_INVALID, WASM_INVALID, WASM_ABI, WASM_START …), PORT_IN_USE, PORT_REFUSED, USAGE; nothing is left then.
 */
export async function startRun(options: RunOptions, edges: Edges): Promise<Run> {
  const filters = await loadFilters(options, edges);
  const kind = kindOf(options.kind, filters);
  const project = filters.find(filter => filter.project !== undefined)?.project?.project;
  const chosen = withProject(options, project);
  const onEvent = options.onEvent ?? (() => undefined);
  const cleanUp: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  };
  try {
    const echo = chosen.upstream === 'echo' && kind === 'http' ? await startEcho() : undefined;
    if (echo !== undefined) cleanUp.push(() => echo.close());
    const plan = makePlan(
      {
        ...chosen,
        kind,
        address: options.listen?.address ?? '127.0.0.1',
        port: options.listen?.port ?? project?.run?.port ?? defaultPort,
        logLevel: options.logLevel ?? 'info',
        trace: options.trace ?? false,
        tls: options.tls ?? false,
        timeoutMs: options.timeoutMs ?? 15_000,
        now: edges.now(),
      },
      filters,
      echo?.port,
    );
    const proxy = await startWorkers(plan, options, onEvent);
    cleanUp.push(() => proxy.close());
    const running = new RunHandle(options, edges, plan, filters, chosen.upstream, proxy, closeAll);
    const admin = options.admin ?? adminOf(project?.run?.admin);
    if (admin !== undefined) {
      const { address, port } = admin;
      const interface_ = await startAdmin(address, port, running);
      cleanUp.push(() => interface_.close());
      running.admin = `http://${shownHost(address)}:${interface_.port}`;
    }
    if (options.watch) {
      const files = [...new Set(filters.flatMap(filter => filter.files))];
      cleanUp.push(watchFiles(files, () => void running.reloadOnChange()));
    }
    edges.signal.addEventListener('abort', () => void running.stop(), { once: true });
    if (edges.signal.aborted) await running.stop();
    return running;
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function loadFilters(options: RunOptions, edges: Edges): Promise<LoadedFilter[]> {
  const targets = options.targets?.length ? options.targets : [undefined];
  const configurations = options.configurations ?? [];
  if (configurations.length > targets.length) {
    throw new WasmeError('USAGE', `${configurations.length} configurations for ${targets.length} filters`, {
      hint: 'the first --config is for the first filter, the second for the second, and so on',
    });
  }
  const loaded: LoadedFilter[] = [];
  for (const [index, target] of targets.entries()) {
    const settings = { ...options, kind: options.kind, configuration: configurations[index] };
    loaded.push(await loadFilter(target, settings, options.images, edges));
  }
  return loaded;
}

async function startWorkers(
  plan: ProxyPlan,
  options: RunOptions,
  onEvent: (event: ProxyEvent) => void,
): Promise<RunningProxy> {
  if (!options.inProcess) {
    return superviseProxy(plan, { stallMs: options.callbackLimitMs ?? 10_000 }, onEvent);
  }
  const engine = await Engine.start(plan, onEvent);
  return {
    port: engine.port,
    stats: () => Promise.resolve(engine.stats()),
    reload: filters => engine.reload(filters),
    setLogLevel: level => engine.setLogLevel(level),
    close: () => engine.close(),
  };
}

class RunHandle implements Run, AdminSource {
  readonly port: number;
  readonly url: string;
  readonly upstream: string;
  readonly host: string;
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
    options: RunOptions,
    edges: Edges,
    plan: ProxyPlan,
    filters: readonly LoadedFilter[],
    upstream: string,
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
    this.url = `${scheme}://${shownHost(plan.host)}:${proxy.port}`;
    this.upstream = upstream;
    this.host = plan.hostProfile;
    this.stopped = new Promise(resolve => (this.#settle = resolve));
  }

  get filters(): readonly RunFilter[] {
    return this.#filters.map(({ plan: { name, rootId, vmId }, source, digest }) => ({
      name,
      source,
      digest,
      rootId,
      vmId,
    }));
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
    return [{ name: 'main', address: `${shownHost(this.#plan.host)}:${this.port}` }];
  }

  clusters(): { name: string; address: string }[] {
    return this.#plan.clusters.map(([name, { host, port }]) => ({
      name,
      address: `${shownHost(host)}:${port}`,
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

function adminOf(port: number | undefined): Address | undefined {
  return port === undefined ? undefined : { address: '127.0.0.1', port };
}

function shownHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
