/** Declares the options and results of the verb `run`, shared by every way of running. */
import type { WasmeError } from '../errors.ts';
import type { LogLevel } from '../host/types.ts';
import type { RegistryTargetOptions } from '../oci/registry/registry.ts';
import type { FilterSettings } from '../targets/make-intent.ts';
import type { ProxyEvent } from './run-plan.ts';
import type { StatsSnapshot } from '../proxy/stats.ts';
import type { StreamKind } from '../project/names.ts';

export interface RunOptions extends Omit<FilterSettings, 'configuration' | 'kind'> {
  /** Project folders, .wasm files, images (the local store's, else the registry's): a chain in the order of the request. None: the project here. */
  readonly targets?: readonly string[] | undefined;
  /** Plugin configurations, the first for the first target. Text or @file. */
  readonly configurations?: readonly string[] | undefined;
  readonly kind?: StreamKind | undefined;
  /** Address of the proxy; default 127.0.0.1 and the project's port, or 8080. Port 0 takes any free one. */
  readonly listen?: Partial<ListenAddress> | undefined;
  /** Default: the project's port, or no admin interface. */
  readonly admin?: ListenAddress | undefined;
  /** A URL, or `echo` for the built-in upstream; default the project's, or echo. */
  readonly upstream?: string | undefined;
  /** Cluster name → URL. */
  readonly clusters?: Readonly<Record<string, string>> | undefined;
  /** `envoy@1.36`, `istio@1.30` …: which host to be; default the project's, or the newest Envoy. */
  readonly host?: string | undefined;
  /** Filters' log lines below it are not made; default info. */
  readonly logLevel?: LogLevel | 'off' | undefined;
  readonly trace?: boolean | undefined;
  /** Load again when a module or a configuration file changes; projects are built when their sources do. */
  readonly watch?: boolean | undefined;
  /** TLS with a certificate made on the spot. */
  readonly tls?: boolean | undefined;
  /** Worker threads, each with VMs of its own; default the project's, or 1. */
  readonly concurrency?: number | undefined;
  /** A worker whose filter does not return for so long is replaced; default 10 000 ms. */
  readonly callbackLimitMs?: number | undefined;
  /** From the end of the request to the end of the response; default Envoy's 15 000 ms, 0: no limit. */
  readonly timeoutMs?: number | undefined;
  /** In a real Envoy: the program of this path; true: the first of envoy, func-e, docker, podman on PATH. */
  readonly envoy?: string | true | undefined;
  /** Everything in the calling thread: for tests. A filter that loops for ever then blocks the caller. */
  readonly inProcess?: boolean | undefined;
  /** Settings for the registries of images. */
  readonly registry?: RegistryTargetOptions | undefined;
  /** Log lines of filters, traces, notices, and failures that do not end the run. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}

export type RunEvent = ProxyEvent | { readonly type: 'failure'; readonly error: WasmeError };

export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** Describes a run, for the user and for --json. */
export interface RunResult {
  readonly url: string;
  readonly port: number;
  /** URL of the admin interface, or null. */
  readonly admin: string | null;
  /** URL of the upstream; `echo` for the built-in one. */
  readonly upstream: string;
  /** `envoy@1.40`: how the host behaves; `envoy@1.40.0` for a real one. */
  readonly host: string;
  /** Path of the real Envoy, or null in the bundled host. */
  readonly envoy: string | null;
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
  /** Loads modules and configurations again. Fails as loading does; then the old filters stay. A real Envoy: USAGE. */
  reload(): Promise<void>;
  setLogLevel(level: LogLevel | 'off'): void;
  /** Settled when the run has ended: by `stop`, the system's signal, or the admin interface. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}
