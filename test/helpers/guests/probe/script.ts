/** Scripts for the probe guest: what it does in each callback, as data. The guest logs every call it makes with its outcome. */

/** Header list, in order. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** A result cell of an earlier call that was given a name with `as`; or the context ids the guest remembers. */
export interface Saved {
  readonly saved: string;
}

/** Exactly this pointer and size: for ranges outside memory, and for what an earlier call gave. */
export interface RawRange {
  readonly pointer: number | Saved;
  readonly size: number;
}

/** One argument as the ABI table sees it: a number, or something with a pointer and a size. */
export type Arg = number | bigint | string | Uint8Array | Pairs | Saved | RawRange;

export interface CallOp {
  readonly call: string;
  readonly args: readonly Arg[];
  /** Keeps the first result cell under this name. */
  readonly as?: string | undefined;
  /** Addresses of the result cells instead of good ones. */
  readonly cells?: readonly number[] | undefined;
  /** Log only the size of byte results. */
  readonly sizeOnly?: boolean | undefined;
}

export type Op =
  | CallOp
  | { readonly poke: number; readonly bytes: Uint8Array }
  | { readonly peek: number; readonly size: number }
  | { readonly trap: true }
  | { readonly spin: true }
  | { readonly grow: number };

/** Describes what one invocation of a callback does and returns. */
export interface Step {
  readonly ops: readonly Op[];
  readonly returns?: number | undefined;
}

/** Callback (without `proxy_`) → a step for every invocation, or one per invocation; the last one serves the rest. */
export interface Script {
  readonly abi?: '0_1_0' | '0_2_0' | '0_2_1';
  readonly callbacks: Readonly<Record<string, Step | readonly Step[]>>;
  /** `grows`: the allocator grows memory each time; `zero`: it gives 0; `calls:NAME`: it calls that host function. */
  readonly allocator?: 'grows' | 'zero' | `calls:${string}`;
  /** Name of the allocator's export. */
  readonly allocatorName?: 'malloc' | 'proxy_on_memory_allocate';
}

/** `proxy_` is left out: `call('get_header_map_value', map.requestHeaders, 'x-a')`. Others: `wasi.fd_write`, `envoy_resolve_dns`. */
export function call(name: string, ...args: Arg[]): CallOp {
  return { call: /^(wasi\.|envoy_)/.test(name) ? name : `proxy_${name}`, args };
}

/** Keeps the first result of a call: `keep('call', call('http_call', …))`, later `saved('call')`. */
export function keep(as: string, op: CallOp): CallOp {
  return { ...op, as };
}

export function saved(name: string): Saved {
  return { saved: name };
}

export function step(ops: readonly Op[] = [], returns?: number): Step {
  return { ops, returns };
}

export const map = {
  requestHeaders: 0,
  requestTrailers: 1,
  responseHeaders: 2,
  responseTrailers: 3,
  grpcInitial: 4,
  grpcTrailing: 5,
  callHeaders: 6,
  callTrailers: 7,
} as const;

export const buffer = {
  requestBody: 0,
  responseBody: 1,
  downstream: 2,
  upstream: 3,
  callBody: 4,
  grpc: 5,
  vmConfiguration: 6,
  pluginConfiguration: 7,
  callData: 8,
} as const;

/** Headers that make a call-out valid. */
export function callHeaders(path = '/callout', ...more: Pairs): Pairs {
  return [[':method', 'GET'], [':path', path], [':authority', 'callout.example'], ...more];
}

/** Every HTTP callback, doing nothing but being logged, overridden by what is given. */
export function http(callbacks: Script['callbacks'] = {}): Script['callbacks'] {
  const idle = step();
  return {
    on_context_create: idle,
    on_request_headers: idle,
    on_request_body: idle,
    on_request_trailers: idle,
    on_response_headers: idle,
    on_response_body: idle,
    on_response_trailers: idle,
    on_http_call_response: idle,
    on_log: idle,
    on_done: step([], 1),
    on_delete: idle,
    ...callbacks,
  };
}
