/** One HTTP stream through a chain of filters: both directions, local replies, resets, and the end. */
import { utf8Bytes } from '../encoding/bytes.ts';
import type { StateMap } from '../properties/filter-state.ts';
import type { FilterIteration } from './filter-iteration.ts';
import { DecoderIteration, EncoderIteration } from './iteration-directions.ts';
import type { HeaderMap } from './header-map.ts';
import { isGrpc } from './header-rules.ts';
import { HttpContext } from './http-context.ts';
import { buildReply } from './local-reply.ts';
import { AccessLogHeaders } from './access-log-headers.ts';
import type { RootContext } from '../vm/root-context.ts';
import type { HttpStream, HttpStreamSink, LocalReply, StreamInfo } from '../types.ts';
import { FilterState } from '../properties/filter-state.ts';

export interface HttpStreamOptions {
  readonly bufferLimitBytes: number;
  readonly forwardAddedData: boolean;
  readonly now: () => bigint;
  /** Access loggers and the chain itself, told when the stream is over. */
  readonly onEnd: (view: AccessLogHeaders) => void;
}

export class FilteredHttpStream implements HttpStream {
  readonly sink: HttpStreamSink;
  readonly info: StreamInfo;
  /** In request order. */
  readonly filters: HttpContext[] = [];
  readonly request: DecoderIteration;
  readonly response: EncoderIteration;
  /** A filter changed request headers: the route has to be chosen again, and the headers checked. */
  routeCleared = false;
  hadForwardedProto = false;
  /** Something was written into the request headers that HTTP may not be able to carry. */
  unsafeHeaders = false;
  readonly #options: HttpStreamOptions;
  #state: FilterState | undefined;
  #isHead = false;
  #isGrpc = false;
  /** Entries into the chain that have not returned yet. */
  #busy = 0;
  /** Reset: nothing goes in or out any more. */
  #dead = false;
  #refusedHeaders: HeaderMap | undefined;
  #prepared: LocalReply | undefined;
  #completeWanted = false;
  #completed = false;

  constructor(
    roots: readonly RootContext[],
    sink: HttpStreamSink,
    info: StreamInfo,
    options: HttpStreamOptions,
  ) {
    this.sink = sink;
    this.info = info;
    this.#options = options;
    this.request = new DecoderIteration(this, options.bufferLimitBytes, options.forwardAddedData);
    this.response = new EncoderIteration(this, options.bufferLimitBytes, options.forwardAddedData);
    for (const root of roots) this.filters.push(new HttpContext(this, root, this.filters.length));
  }

  requestHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#dead || this.request.headers) return;
    this.#lookAt(headers);
    this.hadForwardedProto = headers.has('x-forwarded-proto');
    this.#busy++;
    this.request.startHeaders(headers, endOfStream);
    this.#unwind();
  }

  requestBody(data: Uint8Array, endOfStream: boolean): void {
    if (this.#dead || this.request.ended) return;
    this.#busy++;
    this.request.startBody(data, endOfStream);
    this.#unwind();
  }

  requestTrailers(trailers: HeaderMap): void {
    if (this.#dead || this.request.ended) return;
    this.#busy++;
    this.request.startTrailers(trailers);
    this.#unwind();
  }

  responseHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#dead || this.response.headers) return;
    this.info.responseCode = Number(headers.get(':status'));
    this.info.responseCodeDetails ??= 'via_upstream';
    this.#busy++;
    this.response.startHeaders(headers, endOfStream);
    this.#unwind();
  }

  responseBody(data: Uint8Array, endOfStream: boolean): void {
    if (this.#dead || this.response.ended) return;
    this.#busy++;
    this.response.startBody(data, endOfStream);
    this.#unwind();
  }

  responseTrailers(trailers: HeaderMap): void {
    if (this.#dead || this.response.ended) return;
    this.#busy++;
    this.response.startTrailers(trailers);
    this.#unwind();
  }

  localReply(reply: LocalReply): void {
    const { requestHeaders } = reply;
    this.#refusedHeaders = requestHeaders;
    if (requestHeaders !== undefined) this.#lookAt(requestHeaders);
    this.#busy++;
    this.sendLocalReply(reply);
    this.#unwind();
  }

  reset(details: string): void {
    if (this.#dead) return;
    this.info.responseCodeDetails ??= details;
    this.#die();
  }

  complete(): void {
    if (this.#completed) return;
    if (this.#busy > 0) {
      this.#completeWanted = true;
      return;
    }
    this.#completed = true;
    this.#die();
    this.info.endTimeNs ??= this.#options.now();
    const requested = this.request.headers ?? this.#refusedHeaders;
    const { headers, trailers } = this.response;
    const view = new AccessLogHeaders(this.info, this.filterState, requested, headers, trailers);
    for (const filter of this.filters) filter.log(view);
    this.#options.onEnd(view);
    for (const filter of this.filters) filter.destroy();
  }

  // What filters call, always when no guest frame is on the stack.

  get filterState(): StateMap {
    this.#state ??= new FilterState();
    return this.#state;
  }

  requestHeadersChanged(unsafe: boolean): void {
    if (unsafe) this.unsafeHeaders = true;
    if (this.routeCleared) return;
    this.routeCleared = true;
    this.sink.clearRouteCache();
  }

  clearRouteCache(): void {
    this.sink.clearRouteCache();
  }

  resume(filter: HttpContext, flow: FilterIteration): void {
    if (this.#dead || flow.aborted) return;
    if (!flow.canResume(filter)) {
      // Envoy sends such a message twice, or crashes; what is safe is to do nothing.
      filter.vm.report(
        'error',
        `continue of the ${flow.name} of stream ${filter.id}, which is not paused: ignored`,
      );
      return;
    }
    this.#busy++;
    flow.resume(filter);
    this.#unwind();
  }

  close(details: string): void {
    if (this.#dead) return;
    this.info.responseCodeDetails ??= details;
    this.#end(this.info.responseCodeDetails);
  }

  sendTextReply(status: number, text: string, details: string): void {
    this.sendLocalReply({ status, body: utf8Bytes(text), details });
  }

  /** Through the filters when no response has begun, straight to the client while its headers are held, else a reset. */
  sendLocalReply(reply: LocalReply): void {
    if (this.#dead || this.response.complete) return;
    this.info.responseCodeDetails = reply.details;
    const insideRequest = this.request.running > 0;
    this.request.aborted = true;
    if (this.response.headers === undefined) {
      if (insideRequest) this.#prepared ??= reply;
      else if (this.#prepared === undefined) this.#replyThroughFilters(reply);
    } else if (this.response.headersSent) this.#end(reply.details);
    else this.#replyDirectly(reply);
  }

  #lookAt(requestHeaders: HeaderMap): void {
    this.#isHead = requestHeaders.get(':method') === 'HEAD';
    this.#isGrpc = isGrpc(requestHeaders);
  }

  #replyThroughFilters(reply: LocalReply): void {
    const { headers, body } = buildReply(reply, this.#isHead, this.#isGrpc);
    // Filters see the status that was given, also where gRPC makes it a 200.
    this.info.responseCode = reply.status;
    this.sink.localReply?.(reply.status);
    this.#busy++;
    this.response.startHeaders(headers, body.length === 0);
    if (body.length > 0 && !this.#dead && !this.response.aborted) this.response.startBody(body, true);
    this.#unwind();
  }

  #replyDirectly(reply: LocalReply): void {
    const { headers, body } = buildReply(reply, this.#isHead, this.#isGrpc);
    this.sink.localReply?.(reply.status);
    const { response } = this;
    response.aborted = true;
    response.headers = headers;
    response.headersSent = true;
    response.sendHeaders(headers, body.length === 0);
    if (body.length > 0) response.sendBody(body, true);
  }

  /** Ends both sides without a complete response; the guests hear of it once the chain has unwound. */
  #end(details: string): void {
    this.#die();
    this.#completeWanted = true;
    this.#busy++;
    this.sink.reset(details);
    this.#unwind();
  }

  #die(): void {
    this.#dead = true;
    this.request.aborted = true;
    this.response.aborted = true;
    this.#prepared = undefined;
  }

  #unwind(): void {
    if (this.#busy === 1 && this.#prepared !== undefined) {
      const reply = this.#prepared;
      this.#prepared = undefined;
      this.#replyThroughFilters(reply);
    }
    this.#busy--;
    if (this.#busy === 0 && this.#completeWanted) this.complete();
  }
}
