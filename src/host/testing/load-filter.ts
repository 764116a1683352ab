/** One filter in a world driven by hand: for a test or a web page that wants to see what a filter does, call by call. */
import { concat } from '../../wasm/writer.ts';
import { utf8ByteString, utf8Bytes } from '../encoding/bytes.ts';
import type { HttpChain } from '../http/http-chain.ts';
import { HeaderMap } from '../http/header-map.ts';
import { Host } from '../host.ts';
import { type LogLine, SimulatedEnvironment, type PendingCall } from './simulated-environment.ts';
import type { Plugin } from '../plugin.ts';
import type { PluginOptions } from '../plugin-settings.ts';
import type { HostProfile } from '../profiles.ts';
import { newStreamInfo } from '../properties/stream-info.ts';
import type { HttpStreamSink, StreamInfo } from '../types.ts';

export interface LoadFilterOptions extends Omit<Partial<PluginOptions>, 'configuration' | 'vmConfiguration'> {
  /** Text is UTF-8. */
  readonly configuration?: string | Uint8Array;
  readonly vmConfiguration?: string | Uint8Array;
  readonly profile?: HostProfile;
  /** Clusters that call-outs know; absent: every name is one. */
  readonly clusters?: readonly string[];
  /** Milliseconds since the epoch at the start; default now. The clock moves only with `advance`. */
  readonly startMs?: number;
}

/** What is sent; `:method`, `:path`, `:authority` and `:scheme` come from the fields. */
export interface FilterRequest {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What the upstream answers when the request gets there. */
export interface FilterResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export type Outcome = 'complete' | 'paused' | 'reset';

/** What a filter made of one exchange so far. A paused one goes on when a call-out is answered or time moves. */
export interface FilterExchange {
  /** `complete`: a whole response came out; `paused`: the filter holds something back; `reset`: the stream was broken off. */
  readonly outcome: Outcome;
  /** 0 while there is no response. */
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** The request as it reached the upstream, undefined when it did not. */
  readonly upstream:
    | { readonly headers: readonly (readonly [string, string])[]; readonly body: Uint8Array }
    | undefined;
  readonly info: StreamInfo;
}

/**
 * Loads a filter and starts it. Everything after that is synchronous.
 * Fails with WASM_INVALID, WASM_ABI or WASM_START, as `Host.loadPlugin` does.
 */
export async function loadFilter(code: Uint8Array, options: LoadFilterOptions = {}): Promise<LoadedFilter> {
  const { configuration, vmConfiguration, profile, clusters, startMs = Date.now(), ...plugin } = options;
  const world = new SimulatedEnvironment(clusters, startMs);
  const host = new Host({ environment: world, ...(profile === undefined ? {} : { profile }) });
  const loaded = await host.loadPlugin(code, {
    name: 'filter',
    ...plugin,
    ...(configuration === undefined ? {} : { configuration: toBytes(configuration) }),
    ...(vmConfiguration === undefined ? {} : { vmConfiguration: toBytes(vmConfiguration) }),
  });
  return new LoadedFilter(host, loaded, world);
}

export class LoadedFilter {
  readonly host: Host;
  readonly plugin: Plugin;
  readonly #world: SimulatedEnvironment;
  readonly #chain: HttpChain;

  constructor(host: Host, plugin: Plugin, world: SimulatedEnvironment) {
    this.host = host;
    this.plugin = plugin;
    this.#world = world;
    this.#chain = host.httpChain([plugin]);
  }

  /** What was logged so far, the start included. */
  get logs(): readonly LogLine[] {
    return this.#world.logs;
  }

  /** Call-outs that wait for an answer. */
  get calls(): readonly PendingCall[] {
    return this.#world.calls;
  }

  /** Sends one request through the filter; `upstream` answers it, with an empty 200 by default. */
  request(
    request: FilterRequest = {},
    upstream: (seen: FilterRequest) => FilterResponse = () => ({}),
  ): FilterExchange {
    const exchange = new RunningExchange(upstream);
    exchange.begin(this.#chain, request, this.#world.realtimeNs());
    return exchange;
  }

  /** Moves the clock: ticks run. */
  advance(ms: number): void {
    this.#world.advance(ms);
  }

  close(): void {
    this.host.close();
  }
}

/** The stream, its client and its upstream in one. */
class RunningExchange implements HttpStreamSink, FilterExchange {
  outcome: Outcome = 'paused';
  status = 0;
  headers: [string, string][] = [];
  upstream: { headers: [string, string][]; body: Uint8Array } | undefined;
  readonly info = newStreamInfo();
  readonly #answer: (seen: FilterRequest) => FilterResponse;
  readonly #requestChunks: Uint8Array[] = [];
  readonly #responseChunks: Uint8Array[] = [];
  #stream: ReturnType<HttpChain['open']> | undefined;

  constructor(answer: (seen: FilterRequest) => FilterResponse) {
    this.#answer = answer;
  }

  get body(): Uint8Array {
    return joined(this.#responseChunks);
  }

  begin(chain: HttpChain, request: FilterRequest, now: bigint): void {
    this.info.startTimeNs = now;
    const stream = chain.open(this, this.info);
    this.#stream = stream;
    const map = new HeaderMap([
      [':authority', utf8ByteString(request.authority ?? 'localhost')],
      [':path', utf8ByteString(request.path ?? '/')],
      [':method', request.method ?? (request.body === undefined ? 'GET' : 'POST')],
      [':scheme', 'http'],
    ]);
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      map.append(utf8ByteString(name.toLowerCase()), utf8ByteString(value));
    }
    const body = request.body === undefined ? undefined : toBytes(request.body);
    stream.decodeHeaders(map, body === undefined);
    if (body === undefined) return;
    this.info.bytesReceived += body.length;
    // As HTTP/1 does: the end comes as an empty chunk of its own.
    if (body.length > 0) stream.decodeData(body, false);
    stream.decodeData(new Uint8Array(0), true);
  }

  forwardRequestHeaders(headers: HeaderMap, end: boolean): void {
    this.upstream = { headers: headers.clone().entries, body: new Uint8Array(0) };
    if (end) this.#respond();
  }

  forwardRequestData(data: Uint8Array, end: boolean): void {
    this.#requestChunks.push(data.slice());
    if (end) this.#respond();
  }

  forwardRequestTrailers(): void {
    this.#respond();
  }

  forwardResponseHeaders(headers: HeaderMap, end: boolean): void {
    this.status = Number(headers.get(':status'));
    this.headers = headers.entries
      .filter(([name]) => name !== ':status')
      .map(([name, value]) => [name, value]);
    if (end) this.#finish();
  }

  forwardResponseData(data: Uint8Array, end: boolean): void {
    this.#responseChunks.push(data.slice());
    this.info.bytesSent += data.length;
    if (end) this.#finish();
  }

  forwardResponseTrailers(): void {
    this.#finish();
  }

  reset(): void {
    this.outcome = 'reset';
  }

  readDisable(): void {}

  clearRouteCache(): void {}

  #respond(): void {
    const stream = this.#stream;
    const { upstream } = this;
    if (stream === undefined || upstream === undefined) return;
    upstream.body = joined(this.#requestChunks);
    const find = (name: string): string => upstream.headers.find(entry => entry[0] === name)?.[1] ?? '';
    const {
      status = 200,
      headers = {},
      body,
    } = this.#answer({
      method: find(':method'),
      path: find(':path'),
      authority: find(':authority'),
      headers: Object.fromEntries(upstream.headers.filter(([name]) => !name.startsWith(':'))),
      body: upstream.body,
    });
    const bytes = body === undefined ? undefined : toBytes(body);
    const map = new HeaderMap([[':status', String(status)]]);
    for (const [name, value] of Object.entries(headers))
      map.append(name.toLowerCase(), utf8ByteString(value));
    stream.encodeHeaders(map, bytes === undefined);
    if (bytes !== undefined) stream.encodeData(bytes, true);
  }

  #finish(): void {
    this.outcome = 'complete';
    this.#stream?.complete();
  }
}

function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? utf8Bytes(value) : value;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return concat(
    chunks,
    chunks.reduce((total, chunk) => total + chunk.length, 0),
  );
}
