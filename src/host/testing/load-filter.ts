/** One filter in a simulated environment: for a test or a web page that shows what a filter does, call by call. */
import { displayText, emptyBytes, utf8ByteString, utf8Bytes } from '../encoding/bytes.ts';
import type { HttpChain } from '../http/http-chain.ts';
import { type HeaderEntry, HeaderMap } from '../http/header-map.ts';
import { Host } from '../host.ts';
import { HttpStreamDriver } from './http-stream-driver.ts';
import { type Message, requestHead } from './message.ts';
import type { PendingCall } from './simulated-call.ts';
import { SimulatedEnvironment } from './simulated-environment.ts';
import type { Plugin } from '../plugin.ts';
import type { PluginOptions } from '../plugin-settings.ts';
import type { HostProfile } from '../profiles.ts';
import type { LogLevel, SignatureProvider, StreamInfo } from '../types.ts';

export interface LoadFilterOptions extends Omit<Partial<PluginOptions>, 'configuration' | 'vmConfiguration'> {
  /** Text is UTF-8. */
  readonly configuration?: string | Uint8Array;
  readonly vmConfiguration?: string | Uint8Array;
  readonly profile?: HostProfile;
  /** Names of clusters. Absent: HTTP call-outs reach any name, gRPC calls none. No cluster has a gRPC host. */
  readonly clusters?: readonly string[];
  /** For the foreign functions `sign` and `verify_signature`; absent: the host does not have them. */
  readonly signatures?: SignatureProvider;
  /** Milliseconds since the epoch at the start; default now. The clock moves only with `advance`. */
  readonly startMs?: number;
}

interface MessageParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** A request as its client sends it; `:method`, `:path`, `:authority` and `:scheme` come from the fields. */
export interface FilterRequest extends MessageParts {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
}

/** The answer of the upstream to a request that got there. */
export interface FilterResponse extends MessageParts {
  readonly status?: number;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
  /** `guest`: logged by the filter; `host`: said about the filter by its host. */
  readonly source: 'guest' | 'host';
}

export type Outcome = 'complete' | 'paused' | 'reset';

type Pairs = readonly (readonly [name: string, value: string])[];

/** One exchange as it left the filter so far. A paused one continues when a call-out is answered or time moves. */
export interface FilterExchange {
  /** `complete`: a whole response left the filter; `paused`: the filter holds something back; `reset`: the stream was broken off. */
  readonly outcome: Outcome;
  /** 0 while there is no response. */
  readonly status: number;
  readonly headers: Pairs;
  readonly body: Uint8Array;
  readonly trailers: Pairs;
  /** The request as it reached the upstream, undefined when it did not. */
  readonly upstream:
    | { readonly headers: Pairs; readonly body: Uint8Array; readonly trailers: Pairs }
    | undefined;
  readonly info: StreamInfo;
}

/**
 * Loads a filter and starts it. Everything after that is synchronous.
 * Fails with WASM_INVALID, WASM_ABI or WASM_START, as `Host.loadPlugin` does.
 */
export async function loadFilter(code: Uint8Array, options: LoadFilterOptions = {}): Promise<LoadedFilter> {
  const { configuration, vmConfiguration, profile, clusters, startMs, signatures, ...plugin } = options;
  const logs: LogLine[] = [];
  const calls: PendingCall[] = [];
  const environment = new SimulatedEnvironment({
    startMs: startMs ?? Date.now(),
    latencyMs: 0,
    fillRandom: bytes => void crypto.getRandomValues(bytes),
    clusters: clusters && new Set(clusters),
    signatures,
    onLog: ({ level, message, source }) => logs.push({ level, text: displayText(message), source }),
    onHttpCall: call => calls.push(call),
  });
  const host = new Host({ environment, ...(profile === undefined ? {} : { profile }) });
  const loaded = await host.loadPlugin(code, {
    name: 'filter',
    ...plugin,
    ...(configuration === undefined ? {} : { configuration: toBytes(configuration) }),
    ...(vmConfiguration === undefined ? {} : { vmConfiguration: toBytes(vmConfiguration) }),
  });
  return new LoadedFilter(host, loaded, environment, logs, calls);
}

export class LoadedFilter {
  readonly host: Host;
  readonly plugin: Plugin;
  /** Everything that was logged so far, from the start of the filter on. */
  readonly logs: readonly LogLine[];
  readonly #environment: SimulatedEnvironment;
  readonly #chain: HttpChain;
  #calls: readonly PendingCall[];

  constructor(
    host: Host,
    plugin: Plugin,
    environment: SimulatedEnvironment,
    logs: readonly LogLine[],
    calls: PendingCall[],
  ) {
    this.host = host;
    this.plugin = plugin;
    this.logs = logs;
    this.#environment = environment;
    this.#calls = calls;
    this.#chain = host.httpChain([plugin]);
  }

  /** Call-outs that wait for an answer. They time out when time moves. */
  get calls(): readonly PendingCall[] {
    return this.#calls.filter(call => !call.over);
  }

  /** Sends one request through the filter; `upstream` answers it, with an empty 200 by default. */
  request(
    request: FilterRequest = {},
    upstream: (seen: FilterRequest) => FilterResponse = () => ({}),
  ): FilterExchange {
    const stream = new HttpStreamDriver(this.#chain, this.#environment, {
      record: true,
      onRequestEnd: driver => respond(driver, upstream),
    });
    const { method = request.body === undefined ? 'GET' : 'POST', path, authority = 'localhost' } = request;
    const headers = requestHead({ method, path, authority }, entriesOf(request.headers));
    for (const step of stream.requestSteps({ headers, ...restOf(request) })) step();
    return new DrivenExchange(stream);
  }

  /** Moves the clock: ticks run, and call-outs time out. */
  advance(ms: number): void {
    this.#environment.advance(ms);
  }

  close(): void {
    this.host.close();
  }
}

class DrivenExchange implements FilterExchange {
  readonly #stream: HttpStreamDriver;

  constructor(stream: HttpStreamDriver) {
    this.#stream = stream;
  }

  get outcome(): Outcome {
    if (this.#stream.wasReset) return 'reset';
    return this.#stream.responseEnded ? 'complete' : 'paused';
  }

  get status(): number {
    return this.#stream.status;
  }

  get headers(): Pairs {
    return (this.#stream.downstream?.headers?.entries ?? []).filter(([name]) => name !== ':status');
  }

  get body(): Uint8Array {
    return this.#stream.downstream?.body ?? emptyBytes;
  }

  get trailers(): Pairs {
    return this.#stream.downstream?.trailers?.entries ?? [];
  }

  get upstream(): FilterExchange['upstream'] {
    const { headers, body = emptyBytes, trailers } = this.#stream.upstream ?? {};
    return headers && { headers: headers.entries, body, trailers: trailers?.entries ?? [] };
  }

  get info(): StreamInfo {
    return this.#stream.info;
  }
}

function respond(stream: HttpStreamDriver, answer: (seen: FilterRequest) => FilterResponse): void {
  const { headers, body = emptyBytes, trailers } = stream.upstream ?? {};
  const entries = headers?.entries ?? [];
  const response = answer({
    method: headers?.get(':method') ?? '',
    path: headers?.get(':path') ?? '',
    authority: headers?.get(':authority') ?? '',
    headers: Object.fromEntries(entries.filter(([name]) => !name.startsWith(':'))),
    body,
    trailers: Object.fromEntries(trailers?.entries ?? []),
  });
  const status = String(response.status ?? 200);
  const head = new HeaderMap([[':status', status], ...entriesOf(response.headers)]);
  for (const step of stream.responseSteps({ headers: head, ...restOf(response) })) step();
}

function restOf({ body, trailers }: MessageParts): Omit<Message, 'headers'> {
  return {
    chunks: body === undefined ? undefined : [toBytes(body)],
    trailers: trailers && new HeaderMap(entriesOf(trailers)),
  };
}

function entriesOf(headers: Readonly<Record<string, string>> = {}): HeaderEntry[] {
  return Object.entries(headers).map(([name, value]) => [name.toLowerCase(), utf8ByteString(value)]);
}

function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? utf8Bytes(value) : value;
}
