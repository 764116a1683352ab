/** Describes a run completely, as data that can be sent to a worker thread. */
import type { FailurePolicy } from '../host/plugin-settings.ts';
import type { LogLevel } from '../host/types.ts';
import type { Endpoint } from '../io/http/endpoint.ts';
import type { Certificate } from '../proxy/certificate.ts';
import type { Route } from '../proxy/upstream/routes.ts';
import type { StreamKind } from '../project/names.ts';

export interface FilterPlan {
  /** Plugin name: shown in logs and statistics. */
  readonly name: string;
  readonly module: Uint8Array;
  readonly rootId: string;
  readonly vmId: string;
  readonly configuration: Uint8Array;
  readonly vmConfiguration: Uint8Array;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly failurePolicy: FailurePolicy;
  readonly allowOnHeadersStopIteration: boolean;
  /** The only functions that may be called; empty: all. */
  readonly allowedCapabilities: readonly string[];
}

export interface RunPlan {
  readonly kind: StreamKind;
  readonly host: string;
  /** 0: any free one; the first worker's choice holds for the others. */
  readonly port: number;
  readonly clusters: readonly (readonly [name: string, endpoint: Endpoint])[];
  readonly routes: readonly Route[];
  /** In the order of the request. */
  readonly filters: readonly FilterPlan[];
  /** `envoy@1.40` */
  readonly hostProfile: string;
  readonly logLevel: LogLevel | 'off';
  readonly trace: boolean;
  readonly certificate: Certificate | undefined;
  /** Pass HTTP/1 trailers on. */
  readonly trailers: boolean;
}

/** Reports something that happened in a worker while it runs. */
export type ProxyEvent =
  | { readonly type: 'log'; readonly line: GuestLog }
  | { readonly type: 'trace'; readonly text: string }
  /** Informs the user: a worker that hung and was replaced, a module that could not be reloaded. */
  | { readonly type: 'notice'; readonly text: string };

export interface GuestLog {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly level: LogLevel;
  /** `wasm log <plugin> <root id> <vm id>: <message>`; bytes that are not UTF-8 are shown as �. */
  readonly text: string;
  /** `guest`: the filter said it; `host`: the host says it about the filter. */
  readonly source: 'guest' | 'host';
}
