/**
 * One request and its response: between the client's codec, the filter chain and the router. What Envoy's connection
 * manager does itself is done here: request id, scheme, refusing what must not be proxied, and knowing when it is over.
 */
import { randomUUID } from 'node:crypto';
import type { HeaderMap } from '../host/http/header-map.ts';
import type { HttpStream, HttpStreamSink } from '../host/types.ts';
import { reasonPhrase } from './http1/encode.ts';
import { type FailureReply, localReply } from './local-reply.ts';
import type { StreamFactory } from './pass-through.ts';
import { type RouterListener, RoutedRequest, type RoutingTable } from './upstream/router.ts';
import { findRoute } from './upstream/routes.ts';
import { flags, nowMs, ProxyStreamInfo } from './stream-info.ts';
import type { RequestDecoder, RequestInfo, ResponseEncoder } from './streams.ts';

/** Everything an exchange shares with the others of its proxy. */
export interface ActiveStreamContext {
  /** The filters of now; a reload puts another chain here, streams that run keep theirs. */
  readonly chain: StreamFactory;
  readonly table: RoutingTable;
  readonly onStart: () => void;
  readonly onEnd: (facts: ProxyStreamInfo) => void;
}

export class ActiveStream implements RequestDecoder, HttpStreamSink, RouterListener {
  readonly #encoder: ResponseEncoder;
  readonly #context: ActiveStreamContext;
  readonly #facts: ProxyStreamInfo;
  readonly #stream: HttpStream;
  readonly #routed: RoutedRequest;
  /** Counts this proxy's calls into the chain that have not returned: the stream's end waits for them; see `FilteredHttpStream.#busy`. */
  #depth = 0;
  #responseStarted = false;
  #ended = false;
  #completed = false;
  #upstreamPauses = 0;
  #requestEnded = false;
  /** Sweeps since something moved. */
  #sweeps = 0;

  constructor(encoder: ResponseEncoder, context: ActiveStreamContext) {
    this.#encoder = encoder;
    this.#context = context;
    this.#facts = new ProxyStreamInfo(encoder.protocol, encoder.connection);
    this.#stream = context.chain.open(this, this.#facts);
    this.#routed = new RoutedRequest(context.table, this.#facts, this);
    context.onStart();
  }

  // From the client.

  decodeHeaders(headers: HeaderMap, endOfStream: boolean, facts: RequestInfo): void {
    this.#moved(endOfStream);
    const refusal = refusalOf(headers, facts);
    this.#facts.virtualHostName = 'all';
    if (refusal !== undefined) {
      const { status, details } = refusal;
      if (status !== 404) this.#encoder.closeAfterResponse();
      // Upgrades are refused late; what is refused before has not been tidied up yet, and logs show it so.
      const requestHeaders = (status === 403 ? undefined : this.#encoder.requestAsReceived()) ?? headers;
      this.#enter(() => this.#stream.localReply({ ...localReply(status, '', details), requestHeaders }));
      return;
    }
    if (facts.forwardedProto === undefined) {
      headers.append('x-forwarded-proto', facts.secure ? 'https' : 'http');
    }
    if (!facts.hasRequestId) headers.append('x-request-id', randomUUID());
    const route = findRoute(this.#context.table.routes, headers);
    if (route !== undefined) {
      this.#facts.clusterName = route.cluster;
      this.#facts.routeName = 'default';
    }
    this.#depth++;
    this.#stream.decodeHeaders(headers, endOfStream);
    this.#leave();
  }

  decodeData(data: Buffer, endOfStream: boolean): void {
    if (this.#ended) return;
    this.#moved(endOfStream);
    this.#depth++;
    this.#stream.decodeData(data, endOfStream);
    this.#leave();
  }

  decodeTrailers(trailers: HeaderMap): void {
    if (this.#ended) return;
    this.#moved(true);
    this.#enter(() => this.#stream.decodeTrailers(trailers));
  }

  onProtocolError(status: number, details: string): void {
    if (this.#ended) return;
    this.#facts.responseFlags |= flags.downstreamProtocolError;
    if (this.#responseStarted) this.#reset(details);
    else this.#enter(() => this.#stream.localReply(localReply(status, reasonPhrase(status), details)));
  }

  onIdleTimeout(): void {
    if (this.#ended) return;
    this.#facts.responseFlags |= flags.streamIdleTimeout;
    if (this.#responseStarted) {
      this.#facts.responseCodeDetails = idleDetails;
      this.#reset(idleDetails);
      return;
    }
    const status = this.#requestEnded ? 504 : 408;
    this.#enter(() => this.#stream.localReply(localReply(status, 'stream timeout', idleDetails)));
  }

  sweep(idleSweeps: number): void {
    if (++this.#sweeps < idleSweeps) return;
    this.#sweeps = 0;
    this.onIdleTimeout();
  }

  onDownstreamReset(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#facts.responseFlags |= flags.downstreamConnectionTermination;
    this.#facts.responseCodeDetails ??= 'downstream_remote_disconnect';
    this.#routed.abandon();
    this.#enter(() => this.#stream.reset('downstream_remote_disconnect'));
  }

  onDownstreamWritable(writable: boolean): void {
    if (!this.#ended) this.#pauseUpstream(!writable);
  }

  // From the chain.

  forwardRequestHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (!this.#ended) this.#routed.decodeHeaders(headers, endOfStream);
  }

  forwardRequestData(data: Uint8Array, endOfStream: boolean): void {
    if (!this.#ended) this.#routed.decodeData(data, endOfStream);
  }

  forwardRequestTrailers(trailers: HeaderMap): void {
    if (!this.#ended) this.#routed.decodeTrailers(trailers);
  }

  forwardResponseHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#ended) return;
    this.#responseStarted = true;
    this.#sweeps = 0;
    this.#encoder.encodeHeaders(headers, endOfStream);
    if (endOfStream) this.#end();
  }

  forwardResponseData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#ended) return;
    this.#sweeps = 0;
    this.#encoder.encodeData(data, endOfStream);
    if (endOfStream) this.#end();
  }

  forwardResponseTrailers(trailers: HeaderMap): void {
    if (this.#ended) return;
    this.#encoder.encodeTrailers(trailers);
    this.#end();
  }

  /** A 400 of the proxy or of a filter says that the two sides may not agree about where messages end. */
  localReply(status: number): void {
    if (status === 400) this.#encoder.closeAfterResponse();
  }

  reset(details: string): void {
    if (!this.#ended) this.#reset(details);
  }

  readDisable(direction: 'request' | 'response', disabled: boolean): void {
    if (this.#ended) return;
    if (direction === 'request') this.#encoder.pauseRequest(disabled);
    else this.#pauseUpstream(disabled);
  }

  /** Routes are chosen when the headers leave the chain, so there is nothing to forget. */
  clearRouteCache(): void {}

  // From the router.

  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.#depth++;
    this.#stream.encodeHeaders(headers, endOfStream);
    this.#leave();
  }

  encodeData(data: Uint8Array, endOfStream: boolean): void {
    this.#depth++;
    this.#stream.encodeData(data, endOfStream);
    this.#leave();
  }

  encodeTrailers(trailers: HeaderMap): void {
    this.#enter(() => this.#stream.encodeTrailers(trailers));
  }

  onUpstreamFailure({ reply }: FailureReply): void {
    this.#facts.responseCodeDetails = reply.details;
    // While filters hold the response's headers the client can still be answered.
    if (!this.#responseStarted) {
      this.#enter(() => this.#stream.localReply(reply));
      return;
    }
    this.#enter(() => this.#stream.reset(reply.details));
    if (!this.#ended) this.#reset(reply.details);
  }

  onUpstreamWritable(writable: boolean): void {
    if (!this.#ended) this.#encoder.pauseRequest(!writable);
  }

  /** Stops at once, as when the proxy is closed. */
  cancel(): void {
    if (!this.#ended) this.#reset('downstream_local_disconnect');
  }

  #moved(requestEnded: boolean): void {
    this.#sweeps = 0;
    if (requestEnded) this.#requestEnded = true;
  }

  #pauseUpstream(paused: boolean): void {
    const before = this.#upstreamPauses > 0;
    this.#upstreamPauses += paused ? 1 : -1;
    const now = this.#upstreamPauses > 0;
    if (before !== now) this.#routed.pauseResponse(now);
  }

  #reset(details: string): void {
    this.#facts.responseCodeDetails ??= details;
    this.#encoder.resetResponse();
    this.#end();
  }

  #enter(call: () => void): void {
    this.#depth++;
    call();
    this.#leave();
  }

  #leave(): void {
    if (--this.#depth === 0 && this.#ended) this.#complete();
  }

  #end(): void {
    this.#ended = true;
    this.#routed.abandon();
    // A filter that ends its stream from a timer or a call-out is still running now.
    if (this.#depth === 0) queueMicrotask(() => this.#complete());
  }

  #complete(): void {
    if (this.#completed) return;
    this.#completed = true;
    this.#facts.endMs = nowMs();
    this.#stream.complete();
    this.#context.onEnd(this.#facts);
  }
}

const idleDetails = 'stream_idle_timeout';

/** Returns the status with which Envoy's connection manager refuses a request before any filter sees it. */
function refusalOf(
  headers: HeaderMap,
  facts: RequestInfo,
): { readonly status: number; readonly details: string } | undefined {
  if (facts.upgrade !== undefined && facts.upgrade.toLowerCase() !== 'h2c') {
    return { status: 403, details: 'upgrade_failed' };
  }
  if (!headers.has(':authority')) return { status: 400, details: 'missing_host_header' };
  const path = headers.get(':path');
  // `OPTIONS *`: nothing that a route could match.
  if (path !== undefined && !path.startsWith('/')) return { status: 404, details: 'absolute_path_rejected' };
  if (headers.get(':method') === 'QUERY' && !headers.has('content-type')) {
    return { status: 400, details: 'query_without_content_type' };
  }
  if (path?.includes('#')) return { status: 400, details: 'path_normalization_failed' };
  return undefined;
}
