/** A world for host tests that a test can look into and move, and a sink that remembers what came out of a chain. */
import {
  createHost,
  type Host,
  type HostOptions,
  HeaderMap,
  type HeaderEntry,
  type HttpChainOptions,
  newStreamInfo,
  type Plugin,
} from '../../../src/host/index.ts';
import type {
  HostEnvironment,
  HttpCallListener,
  HttpCallRequest,
  HttpStream,
  HttpStreamSink,
  GrpcRequest,
  GrpcListener,
  StreamInfo,
} from '../../../src/host/types.ts';

interface Scheduled {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A world with a clock that only moves when told, and call-outs that answer when told. */
export class TestEnvironment implements HostEnvironment {
  nowMs = 1_000;
  readonly logs: string[] = [];
  readonly hostLogs: string[] = [];
  readonly httpCalls: { request: HttpCallRequest; listener: HttpCallListener; cancelled: boolean }[] = [];
  readonly grpcCalls: {
    request: GrpcRequest;
    listener: GrpcListener;
    sent: { message: Uint8Array; end: boolean }[];
    closed: boolean;
    cancelled: boolean;
  }[] = [];
  readonly clusters = new Set(['backend']);
  readonly unavailable = new Set<string>();
  private scheduled: Scheduled[] = [];

  realtimeNs(): bigint {
    return 1_700_000_000_000_000_000n + BigInt(Math.round(this.nowMs * 1e6));
  }

  monotonicNs(): bigint {
    return BigInt(Math.round(this.nowMs * 1e6));
  }

  fillRandom(bytes: Uint8Array): void {
    bytes.fill(7);
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const entry = { atMs: this.nowMs + delayMs, callback };
    this.scheduled.push(entry);
    return () => {
      this.scheduled = this.scheduled.filter(item => item !== entry);
    };
  }

  log(entry: Parameters<HostEnvironment['log']>[0]): void {
    const text = Buffer.from(entry.message).toString('latin1');
    if (entry.source === 'guest') this.logs.push(`${entry.level} ${entry.prefix}${text}`);
    else this.hostLogs.push(`${entry.level} ${text}`);
  }

  httpCall(request: HttpCallRequest, listener: HttpCallListener): ReturnType<HostEnvironment['httpCall']> {
    if (!this.clusters.has(request.cluster)) return { status: 'unknown-cluster' };
    if (this.unavailable.has(request.cluster)) return { status: 'unavailable' };
    const call = { request, listener, cancelled: false };
    this.httpCalls.push(call);
    return { status: 'started', cancel: () => void (call.cancelled = true) };
  }

  /** An address is its own answer, at once; a name gets one when time moves. */
  resolveDns(name: string, callback: (addresses: { address: string; ttlSeconds: number }[]) => void): void {
    if (/^[\d.]+$/.test(name)) callback([{ address: name, ttlSeconds: 0 }]);
    else this.schedule(1, () => callback([{ address: '10.0.0.1', ttlSeconds: 60 }]));
  }

  grpcCall(request: GrpcRequest, listener: GrpcListener): ReturnType<HostEnvironment['grpcCall']> {
    if (!this.clusters.has(request.cluster)) return { status: 'unknown-cluster' };
    if (this.unavailable.has(request.cluster)) return { status: 'unavailable' };
    const call = {
      request,
      listener,
      sent: [] as { message: Uint8Array; end: boolean }[],
      closed: false,
      cancelled: false,
    };
    this.grpcCalls.push(call);
    return {
      status: 'started',
      call: {
        send: (message, end) => void call.sent.push({ message, end }),
        close: () => void (call.closed = true),
        cancel: () => void (call.cancelled = true),
      },
    };
  }

  /** Moves the clock; what is due runs in order, and so does what it schedules. */
  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = this.scheduled.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > end) break;
      this.scheduled = this.scheduled.filter(item => item !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = end;
  }
}

/** What came out of a chain, as lines. */
export class RecordingSink implements HttpStreamSink {
  readonly events: string[] = [];
  requestHeadersOut: HeaderMap | undefined;
  responseHeadersOut: HeaderMap | undefined;
  requestBodyText = '';
  responseBodyText = '';

  forwardRequestHeaders(headers: HeaderMap, end: boolean): void {
    this.requestHeadersOut = headers;
    this.events.push(`request headers ${show(headers)}${end ? ' end' : ''}`);
  }

  forwardRequestData(data: Uint8Array, end: boolean): void {
    const text = Buffer.from(data).toString('latin1');
    this.requestBodyText += text;
    this.events.push(`request body ${text}${end ? ' end' : ''}`);
  }

  forwardRequestTrailers(trailers: HeaderMap): void {
    this.events.push(`request trailers ${show(trailers)}`);
  }

  forwardResponseHeaders(headers: HeaderMap, end: boolean): void {
    this.responseHeadersOut = headers;
    this.events.push(`response headers ${show(headers)}${end ? ' end' : ''}`);
  }

  forwardResponseData(data: Uint8Array, end: boolean): void {
    const text = Buffer.from(data).toString('latin1');
    this.responseBodyText += text;
    this.events.push(`response body ${text}${end ? ' end' : ''}`);
  }

  forwardResponseTrailers(trailers: HeaderMap): void {
    this.events.push(`response trailers ${show(trailers)}`);
  }

  reset(details: string): void {
    this.events.push(`reset ${details}`);
  }

  readDisable(direction: 'request' | 'response', disabled: boolean): void {
    this.events.push(`${direction} reading ${disabled ? 'stopped' : 'resumed'}`);
  }

  clearRouteCache(): void {
    this.events.push('route cache cleared');
  }
}

export function show(headers: HeaderMap): string {
  return headers.entries.map(([name, value]) => `${name}=${value}`).join(' ');
}

export function headersOf(entries: Readonly<Record<string, string>> | HeaderEntry[]): HeaderMap {
  const list = Array.isArray(entries) ? entries : Object.entries(entries);
  return new HeaderMap(list.map(([name, value]) => [name, value]));
}

export function get(path = '/', extra: Readonly<Record<string, string>> = {}): HeaderMap {
  return headersOf({
    ':authority': 'example.test',
    ':path': path,
    ':method': 'GET',
    ':scheme': 'http',
    ...extra,
  });
}

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

export interface Bench {
  readonly world: TestEnvironment;
  readonly host: Host;
}

export function newHost(options: Partial<HostOptions> = {}): Bench {
  const world = new TestEnvironment();
  return { world, host: createHost({ environment: world, ...options }) };
}

/** A stream in front of some plugins, with its sink. */
export function openStream(
  host: Host,
  plugins: readonly Plugin[],
  options: HttpChainOptions & { info?: Partial<StreamInfo> } = {},
): { stream: HttpStream; sink: RecordingSink } {
  const sink = new RecordingSink();
  const stream = host.httpChain(plugins, options).open(sink, newStreamInfo(options.info));
  return { stream, sink };
}
