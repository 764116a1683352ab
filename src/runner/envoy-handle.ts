/** The handle of a run in a real Envoy: the bundled host's, answered by Envoy's admin interface. */
import { WasmeError } from '../errors.ts';
import type { LogLevel } from '../host/types.ts';
import { hostAndPort } from '../io/http/endpoint.ts';
import type { RunningEnvoy } from '../targets/envoy/launch.ts';
import type { EnvoyLogLevel } from '../targets/envoy/log.ts';
import { type RunnableFilter, filterFacts } from './load-filters.ts';
import type { RunInput } from './run-input.ts';
import type { Run, RunFilter } from './run-options.ts';
import type { StatsSnapshot } from '../proxy/stats.ts';

export interface StartedEnvoy {
  readonly envoy: RunningEnvoy;
  /** Path of the program. */
  readonly program: string;
  /** `1.40.0` */
  readonly release: string;
  readonly port: number;
}

export function envoyLevel(level: LogLevel | 'off'): EnvoyLogLevel | 'off' {
  return level === 'warn' ? 'warning' : level;
}

export class EnvoyHandle implements Run {
  readonly url: string;
  readonly port: number;
  readonly admin: string;
  readonly upstream: string;
  readonly host: string;
  readonly envoy: string;
  readonly stopped: Promise<void>;
  readonly #filters: readonly RunnableFilter[];
  readonly #envoy: RunningEnvoy;
  readonly #closeAll: () => Promise<void>;
  #stopping: Promise<void> | undefined;

  constructor(
    { kind, listen, upstream, filters, system }: RunInput,
    { envoy, program, release, port }: StartedEnvoy,
    closeAll: () => Promise<void>,
  ) {
    this.url = `${kind === 'network' ? 'tcp' : 'http'}://${hostAndPort(listen.address, port)}`;
    this.port = port;
    this.admin = envoy.admin.url;
    this.upstream = upstream;
    this.host = `envoy@${release}`;
    this.envoy = program;
    this.#filters = filters;
    this.#envoy = envoy;
    this.#closeAll = closeAll;
    this.stopped = this.#end(system.signal);
    this.stopped.catch(() => undefined);
  }

  get filters(): readonly RunFilter[] {
    return this.#filters.map(filterFacts);
  }

  /** Returns no histograms, as Envoy does not report samples of them. */
  async stats(): Promise<StatsSnapshot> {
    const { admin } = this.#envoy;
    const [counters, gauges] = await Promise.all([admin.stats('', 'Counters'), admin.stats('', 'Gauges')]);
    return { counters, gauges, histograms: {} };
  }

  reload(): Promise<void> {
    return Promise.reject(
      new WasmeError('USAGE', 'an Envoy that was started with a module keeps it', {
        hint: 'stop the run and start it again',
      }),
    );
  }

  setLogLevel(level: LogLevel | 'off'): void {
    this.#envoy.admin.post(`/logging?wasm=${envoyLevel(level)}`).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#closeAll();
    await this.#stopping;
  }

  async #end(signal: AbortSignal): Promise<void> {
    const exitCode = await this.#envoy.ended.catch((error: unknown) => {
      if (signal.aborted) return 0;
      throw error;
    });
    await this.stop();
    if (exitCode === 0) return;
    throw new WasmeError('TOOL_FAILED', `Envoy ended with code ${exitCode}`, {
      hint: '-v shows what it says',
      details: { exitCode },
    });
  }
}
