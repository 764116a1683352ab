/** The chain without filters: what comes in goes out. The quick path of a proxy that runs no filter. */
import type { HeaderMap } from '../host/http/header-map.ts';
import { isGrpc } from '../host/http/header-rules.ts';
import { buildReply } from '../host/http/local-reply.ts';
import type { HttpStream, HttpStreamSink, LocalReply, StreamInfo } from '../host/types.ts';

/** Opens a stream in front of a filter chain. */
export interface StreamFactory {
  open(sink: HttpStreamSink, info: StreamInfo): HttpStream;
}

export const passThroughChain: StreamFactory = { open: (sink, info) => new PassThrough(sink, info) };

class PassThrough implements HttpStream {
  readonly info: StreamInfo;
  readonly #sink: HttpStreamSink;
  #grpc = false;
  #head = false;

  constructor(sink: HttpStreamSink, info: StreamInfo) {
    this.#sink = sink;
    this.info = info;
  }

  decodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.#lookAt(headers);
    this.#sink.forwardRequestHeaders(headers, endOfStream);
  }

  decodeData(data: Uint8Array, endOfStream: boolean): void {
    this.info.bytesReceived += data.length;
    this.#sink.forwardRequestData(data, endOfStream);
  }

  decodeTrailers(trailers: HeaderMap): void {
    this.#sink.forwardRequestTrailers(trailers);
  }

  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.info.responseCode = Number(headers.get(':status'));
    this.#sink.forwardResponseHeaders(headers, endOfStream);
  }

  encodeData(data: Uint8Array, endOfStream: boolean): void {
    this.info.bytesSent += data.length;
    this.#sink.forwardResponseData(data, endOfStream);
  }

  encodeTrailers(trailers: HeaderMap): void {
    this.#sink.forwardResponseTrailers(trailers);
  }

  localReply(reply: LocalReply): void {
    this.info.responseCodeDetails = reply.details;
    if (reply.requestHeaders !== undefined) this.#lookAt(reply.requestHeaders);
    const { headers, body } = buildReply(reply, this.#head, this.#grpc);
    this.#sink.localReply?.(reply.status);
    this.encodeHeaders(headers, body.length === 0);
    if (body.length > 0) this.encodeData(body, true);
  }

  reset(): void {}

  complete(): void {}

  #lookAt(headers: HeaderMap): void {
    this.#grpc = isGrpc(headers);
    this.#head = headers.get(':method') === 'HEAD';
  }
}
