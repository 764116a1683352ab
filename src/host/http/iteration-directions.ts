/** The two directions of an HTTP stream: each decides which filter is next, which callback it gets, and where the result is forwarded. */
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

  protected progress(filter: HttpContext): FilterProgress {
    return filter.decoding;
  }

  protected callHeaders(filter: HttpContext, headers: HeaderMap, end: boolean): number {
    return filter.onRequestHeaders(headers, end);
  }

  protected callData(filter: HttpContext, data: BodyBuffer, end: boolean): number {
    return filter.onRequestBody(data, end);
  }

  protected callTrailers(filter: HttpContext, trailers: HeaderMap): number {
    return filter.onRequestTrailers(trailers);
  }

  protected forwardHeaders(headers: HeaderMap, end: boolean): void {
    const { stream } = this;
    const refused = stream.routeCleared
      ? invalidRequest(headers, stream.hadForwardedProto, stream.unsafeHeaders)
      : undefined;
    if (refused === undefined) {
      stream.sink.forwardRequestHeaders(headers, end);
      return;
    }
    stream.info.responseFlags |= refused.flags;
    stream.sendLocalReply(refused.reply);
  }

  protected forwardData(data: Uint8Array, end: boolean): void {
    this.stream.sink.forwardRequestData(data, end);
  }

  protected forwardTrailers(trailers: HeaderMap): void {
    this.stream.sink.forwardRequestTrailers(trailers);
  }

  protected overflow(): void {
    this.stream.sendTextReply(413, 'Payload Too Large', 'request_payload_too_large');
  }
}

export class EncoderIteration extends FilterIteration {
  readonly name = 'response';
  /** The headers left the chain: a local reply can no longer replace them. */
  headersSent = false;
  /** All of the response left the chain. */
  complete = false;

  protected get first(): number {
    return this.stream.filters.length - 1;
  }

  protected next(index: number): number {
    return index - 1;
  }

  protected progress(filter: HttpContext): FilterProgress {
    return filter.encoding;
  }

  protected callHeaders(filter: HttpContext, headers: HeaderMap, end: boolean): number {
    return filter.onResponseHeaders(headers, end);
  }

  protected callData(filter: HttpContext, data: BodyBuffer, end: boolean): number {
    return filter.onResponseBody(data, end);
  }

  protected callTrailers(filter: HttpContext, trailers: HeaderMap): number {
    return filter.onResponseTrailers(trailers);
  }

  forwardHeaders(headers: HeaderMap, end: boolean): void {
    const refused = this.headersSent ? undefined : invalidResponse(headers);
    if (refused) {
      this.stream.sendLocalReply(refused);
      return;
    }
    this.headersSent = true;
    this.stream.info.responseCode = Number(headers.get(':status'));
    this.#finishWith(end);
    this.stream.sink.forwardResponseHeaders(headers, end);
  }

  forwardData(data: Uint8Array, end: boolean): void {
    this.#finishWith(end);
    this.stream.info.bytesSent += data.length;
    this.stream.sink.forwardResponseData(data, end);
  }

  protected forwardTrailers(trailers: HeaderMap): void {
    this.#finishWith(true);
    this.stream.sink.forwardResponseTrailers(trailers);
  }

  protected overflow(): void {
    this.stream.sendTextReply(500, 'Internal Server Error', 'response_payload_too_large');
  }

  /** Marks the response as complete: no filter sees the rest of the request. */
  #finishWith(end: boolean): void {
    if (!end) return;
    this.complete = true;
    this.stream.decoder.aborted = true;
  }
}
