/** The exports of an instance that the host calls, found once, as fields with fixed names. */
import { callbacksOf } from '../../wasm/abi.ts';
import { guestEntries } from '../../wasm/callbacks.ts';
import type { AbiVersion } from '../../wasm/functions.ts';

/** Extra arguments are ignored by the engine, so that one shape of call serves all callbacks. */
export type GuestCall = (a: number, b: number, c: number, d: number, e: number) => number | undefined;

export interface GuestFunction {
  readonly name: string;
  readonly call: GuestCall;
  readonly parameters: readonly string[];
}

const fields = {
  initialize: '_initialize',
  start: '_start',
  main: 'main',
  mainVoid: '__main_void',
  malloc: 'malloc',
  memoryAllocate: 'proxy_on_memory_allocate',
  contextCreate: 'proxy_on_context_create',
  vmStart: 'proxy_on_vm_start',
  configure: 'proxy_on_configure',
  tick: 'proxy_on_tick',
  queueReady: 'proxy_on_queue_ready',
  newConnection: 'proxy_on_new_connection',
  downstreamData: 'proxy_on_downstream_data',
  upstreamData: 'proxy_on_upstream_data',
  downstreamClose: 'proxy_on_downstream_connection_close',
  upstreamClose: 'proxy_on_upstream_connection_close',
  requestHeaders: 'proxy_on_request_headers',
  requestBody: 'proxy_on_request_body',
  requestTrailers: 'proxy_on_request_trailers',
  responseHeaders: 'proxy_on_response_headers',
  responseBody: 'proxy_on_response_body',
  responseTrailers: 'proxy_on_response_trailers',
  httpCallResponse: 'proxy_on_http_call_response',
  grpcInitialMetadata: 'proxy_on_grpc_receive_initial_metadata',
  grpcReceive: 'proxy_on_grpc_receive',
  grpcTrailingMetadata: 'proxy_on_grpc_receive_trailing_metadata',
  grpcClose: 'proxy_on_grpc_close',
  foreignFunction: 'proxy_on_foreign_function',
  done: 'proxy_on_done',
  log: 'proxy_on_log',
  delete: 'proxy_on_delete',
  resolveDns: 'envoy_on_resolve_dns',
  statsUpdate: 'envoy_on_stats_update',
} as const;

export type GuestExports = Readonly<Record<keyof typeof fields, GuestFunction | undefined>>;

/** Types were checked when the module was judged. A callback outside the allowed capabilities counts as not exported. */
export function findCallbacks(
  exports: WebAssembly.Exports,
  version: AbiVersion,
  capabilities: ReadonlySet<string> | undefined,
): GuestExports {
  const callbacks = callbacksOf(version);
  const entries = Object.entries(fields).map(([field, name]) => {
    const value = exports[name];
    const entry = guestEntries.has(name);
    const parameters = entry ? [] : callbacks.get(name)?.parameters;
    const allowed =
      entry || name.startsWith('envoy_') || capabilities === undefined || capabilities.has(name);
    const found =
      typeof value === 'function' && parameters !== undefined && allowed
        ? { name, call: value as GuestCall, parameters }
        : undefined;
    return [field, found];
  });
  return Object.fromEntries(entries) as GuestExports;
}
