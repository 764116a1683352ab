/** The two directions of an HTTP stream: whose turn is next, which callback it gets, and where what leaves the chain goes. */
import type { BodyBuffer } from './body.ts';
import { FilterIteration, type FilterProgress } from './filter-iteration.ts';
import type { HeaderMap } from './header-map.ts';
import { invalidRequest, invalidResponse } from './message-validity.ts';
import type { HttpContext } from './http-context.ts';

export class DecoderIteration extends FilterIteration {
  readonly name = 'request';
  protected readonly first = 0;

  protected next(index: number): number {
    return index + 1;
  }

  protected state(filter: HttpContext): FilterProgress {
    return filter.decode;
  }

  protected callHeaders(filter: HttpContext, headers: HeaderMap, end: boolean): number {
    return filter.onRequestHeaders(headers, end);
  }

  protected callBody(filter: HttpContext, data: BodyBuffer, end: boolean): number {
    return filter.onRequestBody(data, end);
  }

  protected callTrailers(filter: HttpContext, trailers: HeaderMap): number {
    return filter.onRequestTrailers(trailers);
  }

  protected sendHeaders(headers: HeaderMap, end: boolean): void {
    const { stream } = this;
    const refused = stream.routeCleared
      ? invalidRequest(headers, stream.hadForwardedProto, stream.unsafeHeaders)
      : undefined;
    if (refused === undefined) {
      stream.sink.requestHeaders(headers, end);
      return;
    }
    stream.info.responseFlags |= refused.flags;
    stream.sendLocalReply(refused.reply);
  }

  protected sendBody(data: Uint8Array, end: boolean): void {
    this.stream.sink.requestBody(data, end);
  }

  protected sendTrailers(trailers: HeaderMap): void {
    this.stream.sink.requestTrailers(trailers);
  }

  protected overflow(): void {
    this.stream.sendTextReply(413, 'Payload Too Large', 'request_payload_too_large');
  }
}

export class EncoderIteration extends FilterIteration {
  readonly name = 'response';
  /** The headers left the chain: an answer can no longer replace them. */
  headersSent = false;
  /** All of the response left the chain. */
  complete = false;

  protected get first(): number {
    return this.stream.filters.length - 1;
  }

  protected next(index: number): number {
    return index - 1;
  }

  protected state(filter: HttpContext): FilterProgress {
    return filter.encode;
  }

  protected callHeaders(filter: HttpContext, headers: HeaderMap, end: boolean): number {
    return filter.onResponseHeaders(headers, end);
  }

  protected callBody(filter: HttpContext, data: BodyBuffer, end: boolean): number {
    return filter.onResponseBody(data, end);
  }

  protected callTrailers(filter: HttpContext, trailers: HeaderMap): number {
    return filter.onResponseTrailers(trailers);
  }

  sendHeaders(headers: HeaderMap, end: boolean): void {
    const refused = this.headersSent ? undefined : invalidResponse(headers);
    if (refused) {
      this.stream.sendLocalReply(refused);
      return;
    }
    this.headersSent = true;
    this.stream.info.responseCode = Number(headers.get(':status'));
    this.#finishWith(end);
    this.stream.sink.responseHeaders(headers, end);
  }

  sendBody(data: Uint8Array, end: boolean): void {
    this.#finishWith(end);
    this.stream.sink.responseBody(data, end);
  }

  protected sendTrailers(trailers: HeaderMap): void {
    this.#finishWith(true);
    this.stream.sink.responseTrailers(trailers);
  }

  protected overflow(): void {
    this.stream.sendTextReply(500, 'Internal Server Error', 'response_payload_too_large');
  }

  /** The response is complete: what is left of the request interests no filter any more. */
  #finishWith(end: boolean): void {
    if (!end) return;
    this.complete = true;
    this.stream.request.aborted = true;
  }
}
