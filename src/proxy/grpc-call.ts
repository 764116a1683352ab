/** gRPC exchanges that filters open: length-prefixed messages over HTTP/2. */
import type { GrpcCall, GrpcListener, GrpcRequest } from '../host/types.ts';
import { HeaderMap } from '../host/header-map.ts';
import type { ResetReason, Upstream, UpstreamListener, UpstreamStream } from './streams.ts';

/** A frame is one flag byte, four bytes of length, and the message. */
const prefixBytes = 5;
/** gRPC's own default for what a client takes in one message. */
const maxMessageBytes = 4 * 1024 * 1024;

const status = {
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  internal: 13,
  unavailable: 14,
};

/** Opens an exchange; the listener hears of it later, `close` last and once. */
export function startGrpcCall(upstream: Upstream, request: GrpcRequest, listener: GrpcListener): GrpcCall {
  return new GrpcExchange(upstream, request, listener);
}

class GrpcExchange implements GrpcCall, UpstreamListener {
  readonly #stream: UpstreamStream;
  readonly #listener: GrpcListener;
  readonly #timer: NodeJS.Timeout | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #halfClosed = false;
  #over = false;
  #started = false;

  constructor(upstream: Upstream, request: GrpcRequest, listener: GrpcListener) {
    this.#listener = listener;
    const { cluster, service, method, metadata, timeoutMs } = request;
    const headers = new HeaderMap([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', `/${service}/${method}`],
      [':authority', cluster],
      ['te', 'trailers'],
      ['content-type', 'application/grpc'],
    ]);
    if (timeoutMs > 0) headers.append('grpc-timeout', `${timeoutMs}m`);
    for (const [name, value] of metadata.entries) headers.append(name, value);
    headers.set('x-envoy-internal', 'true');
    if (timeoutMs > 0) {
      this.#timer = setTimeout(() => {
        this.#stream.reset();
        this.#close(status.deadlineExceeded, 'upstream request timeout');
      }, timeoutMs);
    }
    this.#stream = upstream.open(this);
    this.#stream.requestHeaders(headers, false);
  }

  send(message: Uint8Array, endStream: boolean): void {
    if (this.#over || this.#halfClosed) return;
    const frame = Buffer.alloc(prefixBytes + message.length);
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, prefixBytes);
    this.#halfClosed = endStream;
    this.#stream.requestBody(frame, endStream);
  }

  close(): void {
    if (this.#over || this.#halfClosed) return;
    this.#halfClosed = true;
    this.#stream.requestBody(new Uint8Array(0), true);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#stream.reset();
  }

  upstreamConnected(): void {}
  upstreamWritable(): void {}

  upstreamHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#over) return;
    const code = Number(headers.get(':status'));
    if (code !== 200) {
      this.#stream.reset();
      this.#close(statusOfHttp(code), '');
      return;
    }
    if (endOfStream) {
      this.#finish(headers);
      return;
    }
    this.#started = true;
    this.#listener.initialMetadata(headers);
  }

  upstreamBody(data: Buffer, endOfStream: boolean): void {
    if (this.#over) return;
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    while (!this.#over && this.#rest.length >= prefixBytes) {
      const length = this.#rest.readUInt32BE(1);
      if (this.#rest[0] !== 0 || length > maxMessageBytes) {
        this.#stream.reset();
        this.#close(this.#rest[0] === 0 ? status.resourceExhausted : status.internal, '');
        return;
      }
      if (this.#rest.length < prefixBytes + length) break;
      const message = this.#rest.subarray(prefixBytes, prefixBytes + length);
      this.#rest = this.#rest.subarray(prefixBytes + length);
      this.#listener.message(message);
    }
    // A gRPC answer ends with trailers.
    if (endOfStream) this.#close(status.unknown, '');
  }

  upstreamTrailers(trailers: HeaderMap): void {
    if (!this.#over) this.#finish(trailers);
  }

  upstreamReset(reason: ResetReason): void {
    if (this.#over) return;
    const text = `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`;
    this.#close(status.unavailable, this.#started ? '' : text);
  }

  #finish(trailers: HeaderMap): void {
    this.#listener.trailingMetadata(trailers);
    const code = trailers.get('grpc-status');
    this.#close(
      code !== undefined && /^\d{1,3}$/.test(code) ? Number(code) : status.unknown,
      decodeMessage(trailers.get('grpc-message') ?? ''),
    );
  }

  #close(code: number, message: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#listener.close(code, message);
  }
}

/** HTTP status → gRPC status as gRPC defines it for answers that are not gRPC. */
function statusOfHttp(code: number): number {
  const table: Readonly<Record<number, number>> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
  };
  return table[code] ?? status.unknown;
}

function decodeMessage(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
