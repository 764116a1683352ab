/**
 * Runs one HTTP stream through a chain of filters: both directions, local replies, resets, and the end. Like Envoy's filter
 * manager, it decodes towards the upstream and encodes towards the client.
 */
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
  /** Called once when the stream has ended, for access loggers and the chain. */
  readonly onEnd: (view: AccessLogHeaders) => void;
}

export class FilteredHttpStream implements HttpStream {
  readonly sink: HttpStreamSink;
  readonly info: StreamInfo;
  /** The filters, in request order. */
  readonly filters: HttpContext[] = [];
  readonly decoder: DecoderIteration;
  readonly encoder: EncoderIteration;
  /** A filter changed request headers: the route is chosen again and the headers are validated. */
  routeCleared = false;
  hadForwardedProto = false;
  /** A filter wrote a name or value into the request headers that HTTP may not carry. */
  unsafeHeaders = false;
  readonly #options: HttpStreamOptions;
  #state: FilterState | undefined;
  #isHead = false;
  #isGrpc = false;
  /**
   * Counts the calls into the chain that have not returned, whoever made them. `complete` and a local reply sent inside the
   * decoder's iteration wait for it. Three more counters lie inside or outside of this one, each for a question of its own:
   * `ActiveStream.#depth` counts only the calls that the proxy made (may the proxy complete the stream now?);
   * `FilterIteration.running` counts callbacks of one direction (does this local reply come from inside a request callback?);
   * `Vm.depth` is 1 while a frame of the guest is on the stack (may the guest be entered, may its queued actions run?).
   */
  #busy = 0;
  /** The stream was reset: nothing enters or leaves it any more. */
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
    this.decoder = new DecoderIteration(this, options.bufferLimitBytes, options.forwardAddedData);
    this.encoder = new EncoderIteration(this, options.bufferLimitBytes, options.forwardAddedData);
    for (const root of roots) this.filters.push(new HttpContext(this, root, this.filters.length));
  }

  decodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#dead || this.decoder.headers) return;
    this.#lookAt(headers);
    this.hadForwardedProto = headers.has('x-forwarded-proto');
    this.#busy++;
    this.decoder.startHeaders(headers, endOfStream);
    this.#unwind();
  }

  decodeData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#dead || this.decoder.ended) return;
    this.info.bytesReceived += data.length;
    this.#busy++;
    this.decoder.startData(data, endOfStream);
    this.#unwind();
  }

  decodeTrailers(trailers: HeaderMap): void {
    if (this.#dead || this.decoder.ended) return;
    this.#busy++;
    this.decoder.startTrailers(trailers);
    this.#unwind();
  }

  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#dead || this.encoder.headers) return;
    this.info.responseCode = Number(headers.get(':status'));
    this.info.responseCodeDetails ??= 'via_upstream';
    this.#busy++;
    this.encoder.startHeaders(headers, endOfStream);
    this.#unwind();
  }

  encodeData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#dead || this.encoder.ended) return;
    this.#busy++;
    this.encoder.startData(data, endOfStream);
    this.#unwind();
  }

  encodeTrailers(trailers: HeaderMap): void {
    if (this.#dead || this.encoder.ended) return;
    this.#busy++;
    this.encoder.startTrailers(trailers);
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
    const requested = this.decoder.headers ?? this.#refusedHeaders;
    const { headers, trailers } = this.encoder;
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

  resume(filter: HttpContext, iteration: FilterIteration): void {
    if (this.#dead || iteration.aborted) return;
    if (!iteration.canResume(filter)) {
      // Envoy sends such a message twice, or crashes; what is safe is to do nothing.
      filter.vm.report(
        'error',
        `continue of the ${iteration.name} of stream ${filter.id}, which is not paused: ignored`,
      );
      return;
    }
    this.#busy++;
    iteration.resume(filter);
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

  /**
   * Sends a reply through the filters when no response has begun, straight to the client while filters hold its headers,
   * else resets.
   */
  sendLocalReply(reply: LocalReply): void {
    if (this.#dead || this.encoder.complete) return;
    this.info.responseCodeDetails = reply.details;
    const insideRequest = this.decoder.running > 0;
    this.decoder.aborted = true;
    if (this.encoder.headers === undefined) {
      if (insideRequest) this.#prepared ??= reply;
      else if (this.#prepared === undefined) this.#replyThroughFilters(reply);
    } else if (this.encoder.headersSent) this.#end(reply.details);
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
    this.encoder.startHeaders(headers, body.length === 0);
    if (body.length > 0 && !this.#dead && !this.encoder.aborted) this.encoder.startData(body, true);
    this.#unwind();
  }

  #replyDirectly(reply: LocalReply): void {
    const { headers, body } = buildReply(reply, this.#isHead, this.#isGrpc);
    this.sink.localReply?.(reply.status);
    const { encoder } = this;
    encoder.aborted = true;
    encoder.headers = headers;
    encoder.headersSent = true;
    encoder.forwardHeaders(headers, body.length === 0);
    if (body.length > 0) encoder.forwardData(body, true);
  }

  /** Ends both sides without a complete response; guests get log, done and delete once the chain has unwound. */
  #end(details: string): void {
    this.#die();
    this.#completeWanted = true;
    this.#busy++;
    this.sink.reset(details);
    this.#unwind();
  }

  #die(): void {
    this.#dead = true;
    this.decoder.aborted = true;
    this.encoder.aborted = true;
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
