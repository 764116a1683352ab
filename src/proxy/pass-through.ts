/** The chain without filters: what comes in goes out. The quick path of a proxy that runs no filter. */
import { HeaderMap } from '../host/header-map.ts';
import type { HttpStream, HttpStreamSink, LocalReply, StreamInfo } from '../host/types.ts';

/** What opens a stream in front of a filter chain. */
export interface HttpChain {
  open(sink: HttpStreamSink, info: StreamInfo): HttpStream;
}

export const passThroughChain: HttpChain = { open: (sink, info) => new PassThrough(sink, info) };

class PassThrough implements HttpStream {
  readonly info: StreamInfo;
  readonly #sink: HttpStreamSink;
  #grpc = false;
  #head = false;

  constructor(sink: HttpStreamSink, info: StreamInfo) {
    this.#sink = sink;
    this.info = info;
  }

  requestHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.#lookAt(headers);
    this.#sink.requestHeaders(headers, endOfStream);
  }

  requestBody(data: Uint8Array, endOfStream: boolean): void {
    this.#sink.requestBody(data, endOfStream);
  }

  requestTrailers(trailers: HeaderMap): void {
    this.#sink.requestTrailers(trailers);
  }

  responseHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.#sink.responseHeaders(headers, endOfStream);
  }

  responseBody(data: Uint8Array, endOfStream: boolean): void {
    this.#sink.responseBody(data, endOfStream);
  }

  responseTrailers(trailers: HeaderMap): void {
    this.#sink.responseTrailers(trailers);
  }

  localReply(reply: LocalReply): void {
    this.info.responseCodeDetails = reply.details;
    if (reply.requestHeaders !== undefined) this.#lookAt(reply.requestHeaders);
    if (this.#grpc) {
      this.#sink.responseHeaders(grpcReply(reply), true);
      return;
    }
    const headers = new HeaderMap([[':status', String(reply.status)]]);
    const empty = reply.body.length === 0;
    if (!empty) {
      headers.append('content-length', String(reply.body.length));
      headers.append('content-type', 'text/plain');
    }
    const headersOnly = empty || this.#head;
    this.#sink.responseHeaders(headers, headersOnly);
    if (!headersOnly) this.#sink.responseBody(reply.body, true);
  }

  reset(): void {}

  complete(): void {}

  #lookAt(headers: HeaderMap): void {
    this.#grpc = headers.get('content-type')?.startsWith('application/grpc') ?? false;
    this.#head = headers.get(':method') === 'HEAD';
  }
}

/** HTTP status → gRPC status, where it is not "unknown" (2). */
const grpcStatusOf: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

function grpcReply(reply: LocalReply): HeaderMap {
  const headers = new HeaderMap([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', String(reply.grpcStatus ?? grpcStatusOf[reply.status] ?? 2)],
  ]);
  const message = Buffer.from(reply.body).toString('latin1');
  if (message !== '') {
    headers.append('grpc-message', message.replace(/[^\x20-\x24\x26-\x7e]/g, percentEncode));
  }
  return headers;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
