/**
 * One HTTP stream through a chain without sockets. A test or a page calls it in the place of the client and of the upstream, in any
 * order; it adds to requests what Envoy's connection manager adds.
 */
import type { HeaderMap } from '../http/header-map.ts';
import type { HttpChain } from '../http/http-chain.ts';
import { brokenUpstream } from '../http/message-validity.ts';
import { newStreamInfo } from '../properties/stream-info.ts';
import type { HttpStream, HttpStreamSink, StreamInfo } from '../types.ts';
import { type Message, RecordedMessage, messageSteps } from './message.ts';
import type { SimulatedEnvironment } from './simulated-environment.ts';

export interface HttpStreamDriverOptions {
  /** Keeps copies of both messages in `upstream` and `downstream`; without it nothing is kept. */
  readonly record?: boolean | undefined;
  /** The whole request has reached the upstream, which may answer now or later. */
  readonly onRequestEnd?: ((stream: HttpStreamDriver) => void) | undefined;
}

const fixedRequestId = '00000000-0000-4000-8000-000000000000';
const nothing: HttpStreamDriverOptions = {};

export class HttpStreamDriver implements HttpStreamSink {
  readonly info: StreamInfo;
  readonly upstream: RecordedMessage | undefined;
  readonly downstream: RecordedMessage | undefined;
  /** The status that left for the client; 0 before. */
  status = 0;
  /** The whole request reached the upstream. */
  requestEnded = false;
  /** The whole response reached the client. */
  responseEnded = false;
  wasReset = false;
  readonly #options: HttpStreamDriverOptions;
  readonly #stream: HttpStream;

  constructor(
    chain: HttpChain,
    environment: SimulatedEnvironment,
    options: HttpStreamDriverOptions = nothing,
  ) {
    this.#options = options;
    if (options.record) {
      this.upstream = new RecordedMessage();
      this.downstream = new RecordedMessage();
    }
    this.info = newStreamInfo({ startTimeNs: environment.realtimeNs() });
    this.#stream = chain.open(this, this.info);
  }

  /** The stream is complete or broken off: nothing that is sent after that has an effect. */
  get over(): boolean {
    return this.responseEnded || this.wasReset;
  }

  // The client.

  sendHeaders(headers: HeaderMap, endOfStream = false): void {
    if (this.over) return;
    if (!headers.has('x-forwarded-proto')) {
      headers.append('x-forwarded-proto', headers.get(':scheme') ?? 'http');
    }
    if (!headers.has('x-request-id')) headers.append('x-request-id', fixedRequestId);
    this.#stream.decodeHeaders(headers, endOfStream);
  }

  sendData(data: Uint8Array, endOfStream = false): void {
    if (!this.over) this.#stream.decodeData(data, endOfStream);
  }

  sendTrailers(trailers: HeaderMap): void {
    if (!this.over) this.#stream.decodeTrailers(trailers);
  }

  /** Returns the steps in which the request is sent: its headers, each chunk, and what ends it. */
  requestSteps(message: Message): (() => void)[] {
    return messageSteps(message, {
      headers: (headers, end) => this.sendHeaders(headers, end),
      data: (data, end) => this.sendData(data, end),
      trailers: trailers => this.sendTrailers(trailers),
    });
  }

  disconnectClient(): void {
    if (this.over) return;
    this.wasReset = true;
    this.#stream.reset('downstream_remote_disconnect');
    this.#stream.complete();
  }

  // The upstream.

  respondHeaders(headers: HeaderMap, endOfStream = false): void {
    if (!this.over) this.#stream.encodeHeaders(headers, endOfStream);
  }

  respondData(data: Uint8Array, endOfStream = false): void {
    if (!this.over) this.#stream.encodeData(data, endOfStream);
  }

  respondTrailers(trailers: HeaderMap): void {
    if (!this.over) this.#stream.encodeTrailers(trailers);
  }

  responseSteps(message: Message): (() => void)[] {
    return messageSteps(message, {
      headers: (headers, end) => this.respondHeaders(headers, end),
      data: (data, end) => this.respondData(data, end),
      trailers: trailers => this.respondTrailers(trailers),
    });
  }

  /** The upstream closes its connection: the client gets a 503 unless response headers have left the chain already. */
  disconnectUpstream(): void {
    if (this.over) return;
    if (this.status === 0) {
      this.info.responseFlags |= brokenUpstream.flags;
      this.#stream.localReply(brokenUpstream.reply);
      return;
    }
    const details = 'upstream_reset_after_response_started{connection_termination}';
    this.info.responseCodeDetails = details;
    this.reset(details);
  }

  // What leaves the chain.

  forwardRequestHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.upstream !== undefined) this.upstream.headers = headers.clone();
    if (endOfStream) this.#endRequest();
  }

  forwardRequestData(data: Uint8Array, endOfStream: boolean): void {
    this.upstream?.chunks.push(data.slice());
    if (endOfStream) this.#endRequest();
  }

  forwardRequestTrailers(trailers: HeaderMap): void {
    if (this.upstream !== undefined) this.upstream.trailers = trailers.clone();
    this.#endRequest();
  }

  forwardResponseHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.status = Number(headers.get(':status'));
    if (this.downstream !== undefined) this.downstream.headers = headers.clone();
    if (endOfStream) this.#endResponse();
  }

  forwardResponseData(data: Uint8Array, endOfStream: boolean): void {
    this.downstream?.chunks.push(data.slice());
    if (endOfStream) this.#endResponse();
  }

  forwardResponseTrailers(trailers: HeaderMap): void {
    if (this.downstream !== undefined) this.downstream.trailers = trailers.clone();
    this.#endResponse();
  }

  reset(details: string): void {
    if (this.over) return;
    this.wasReset = true;
    this.info.responseCodeDetails ??= details;
    this.#stream.complete();
  }

  readDisable(): void {
    // What a simulated peer sends is small and here already.
  }

  clearRouteCache(): void {
    // There is one route.
  }

  #endRequest(): void {
    this.requestEnded = true;
    this.#options.onRequestEnd?.(this);
  }

  /** The chain runs its last callbacks once it has unwound. */
  #endResponse(): void {
    this.responseEnded = true;
    this.#stream.complete();
  }
}
