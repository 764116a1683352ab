/** The environment of host tests, and a sink that lists what leaves a chain. */
import {
  createHost,
  type Host,
  type HostOptions,
  HeaderMap,
  type HeaderEntry,
  type HttpChainOptions,
  newStreamInfo,
  type PendingCall,
  type Plugin,
  SimulatedEnvironment,
} from '../../../src/host/index.ts';
import type {
  GrpcCallStart,
  GrpcListener,
  GrpcRequest,
  HttpStream,
  HttpStreamSink,
  StreamInfo,
} from '../../../src/host/types.ts';

/** A simulated environment whose log, call-outs and clusters a test can look into. */
export class TestEnvironment extends SimulatedEnvironment {
  readonly logs: string[] = [];
  readonly hostLogs: string[] = [];
  readonly httpCalls: PendingCall[] = [];
  readonly grpcCalls: {
    request: GrpcRequest;
    listener: GrpcListener;
    sent: { message: Uint8Array; end: boolean }[];
    closed: boolean;
    cancelled: boolean;
  }[] = [];
  readonly clusters: Set<string>;
  readonly unavailable: Set<string>;

  constructor() {
    const clusters = new Set(['backend']);
    const unavailable = new Set<string>();
    super({
      startMs: 1_700_000_001_000,
      clusters,
      fillRandom: bytes => void bytes.fill(7),
      connectionOf: ({ cluster }) => (unavailable.has(cluster) ? 'unavailable' : 'open'),
      lookUp: () => [{ address: '10.0.0.1', ttlSeconds: 60 }],
      onLog: ({ level, message, prefix, source }) => {
        const text = Buffer.from(message).toString('latin1');
        if (source === 'guest') this.logs.push(`${level} ${prefix}${text}`);
        else this.hostLogs.push(`${level} ${text}`);
      },
      onHttpCall: call => void this.httpCalls.push(call),
      onGrpcCall: (request, listener) => this.#startGrpcCall(request, listener),
    });
    this.clusters = clusters;
    this.unavailable = unavailable;
  }

  #startGrpcCall(request: GrpcRequest, listener: GrpcListener): GrpcCallStart {
    if (this.unavailable.has(request.cluster)) return { status: 'unavailable' };
    const call: (typeof this.grpcCalls)[number] = {
      request,
      listener,
      sent: [],
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
}

/** Lists what leaves a chain, one line for each part. */
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
  readonly machine: TestEnvironment;
  readonly host: Host;
}

export function newHost(options: Partial<HostOptions> = {}): Bench {
  const machine = new TestEnvironment();
  return { machine, host: createHost({ environment: machine, ...options }) };
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
