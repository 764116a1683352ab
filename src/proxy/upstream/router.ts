/** The last step of a request: chooses the route, sends to the cluster, and turns what goes wrong into Envoy's answers. */
import type { HeaderMap } from '../../host/http/header-map.ts';
import type { ByteString, ConnectionInfo } from '../../host/types.ts';
import { startTimer } from '../../io/timer.ts';
import {
  type FailureReply,
  clusterNotFound,
  requestRefused,
  routeNotFound,
  upstreamFailure,
  upstreamTimeout,
} from '../local-reply.ts';
import { type Route, findRoute } from './routes.ts';
import { nowMs, type ProxyStreamInfo } from '../stream-info.ts';
import type { ResetReason, Upstream, UpstreamListener, UpstreamStream } from '../streams.ts';

/** Holds the settings that a routed request needs. */
export interface RoutingTable {
  readonly routes: readonly Route[];
  cluster(name: string): Upstream | undefined;
  /** Envoy before 1.38 appends why a connection failed to the text of the 503. */
  readonly showTransportFailure: boolean;
}

/** Receives the response, or the failure that replaces it. */
export interface RouterListener {
  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void;
  encodeData(data: Uint8Array, endOfStream: boolean): void;
  encodeTrailers(trailers: HeaderMap): void;
  /** The upstream broke off or was too slow, before or after its response had begun. */
  onUpstreamFailure(failure: FailureReply): void;
  onUpstreamWritable(writable: boolean): void;
}

export class RoutedRequest implements UpstreamListener {
  readonly #table: RoutingTable;
  readonly #facts: ProxyStreamInfo;
  readonly #listener: RouterListener;
  #upstream: UpstreamStream | undefined;
  #cancelTimer: (() => void) | undefined;
  #timeoutMs = 0;
  #requestEndMs: number | undefined;
  #responseStarted = false;
  #over = false;

  constructor(table: RoutingTable, facts: ProxyStreamInfo, listener: RouterListener) {
    this.#table = table;
    this.#facts = facts;
    this.#listener = listener;
  }

  decodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#over) return;
    const route = findRoute(this.#table.routes, headers);
    if (route === undefined) {
      this.#fail(routeNotFound);
      return;
    }
    this.#facts.clusterName = route.cluster;
    const upstream = this.#table.cluster(route.cluster);
    if (upstream === undefined) {
      this.#fail(clusterNotFound);
      return;
    }
    this.#timeoutMs = takeTimeout(headers) ?? route.timeoutMs;
    if (this.#timeoutMs > 0) headers.set('x-envoy-expected-rq-timeout-ms', String(this.#timeoutMs));
    if (route.hostRewrite !== undefined) rewriteHost(headers, route.hostRewrite);
    this.#facts.upstreamRequestAttempts = 1;
    this.#facts.firstByteSentMs = nowMs();
    this.#upstream = upstream.open(this);
    this.#upstream.sendHeaders(headers, endOfStream);
    if (endOfStream) this.#requestEnded();
  }

  decodeData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#over || this.#upstream === undefined) return;
    this.#upstream.sendData(data, endOfStream);
    if (endOfStream) this.#requestEnded();
  }

  decodeTrailers(trailers: HeaderMap): void {
    if (this.#over || this.#upstream === undefined) return;
    this.#upstream.sendTrailers(trailers);
    this.#requestEnded();
  }

  pauseResponse(paused: boolean): void {
    if (!this.#over) this.#upstream?.pauseResponse(paused);
  }

  /** Nobody waits for the response any more. */
  abandon(): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream?.reset();
  }

  onUpstreamConnected(connection: ConnectionInfo): void {
    this.#facts.upstream = connection;
  }

  onUpstreamHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#over) return;
    this.#responseStarted = true;
    this.#facts.responseCodeDetails = 'via_upstream';
    // An answer that came before the request had ended has no service time.
    if (this.#requestEndMs !== undefined) {
      setInPlace(headers, 'x-envoy-upstream-service-time', String(Math.floor(nowMs() - this.#requestEndMs)));
    }
    if (endOfStream) this.#received();
    this.#listener.encodeHeaders(headers, endOfStream);
  }

  onUpstreamData(data: Buffer, endOfStream: boolean): void {
    if (this.#over) return;
    if (endOfStream) this.#received();
    this.#listener.encodeData(data, endOfStream);
  }

  onUpstreamTrailers(trailers: HeaderMap): void {
    if (this.#over) return;
    this.#received();
    this.#listener.encodeTrailers(trailers);
  }

  onUpstreamReset(reason: ResetReason, transportFailure?: string): void {
    if (this.#over) return;
    this.#facts.upstreamTransportFailure = transportFailure;
    const failure = upstreamFailure(reason, transportFailure, this.#table.showTransportFailure);
    if (!this.#responseStarted) {
      this.#fail(failure);
      return;
    }
    const details = `upstream_reset_after_response_started{${reason.replaceAll(' ', '_')}}`;
    this.#fail({ ...failure, reply: { ...failure.reply, details } });
  }

  onUpstreamHeadersRefused(fault: ByteString): void {
    if (!this.#over) this.#fail(requestRefused(fault));
  }

  onUpstreamWritable(writable: boolean): void {
    if (!this.#over) this.#listener.onUpstreamWritable(writable);
  }

  #requestEnded(): void {
    this.#requestEndMs = nowMs();
    if (this.#timeoutMs > 0 && !this.#over) {
      this.#cancelTimer = startTimer(this.#timeoutMs, () => this.#onTimeout());
    }
  }

  #onTimeout(): void {
    if (this.#over) return;
    this.#upstream?.reset();
    this.#fail(upstreamTimeout);
  }

  #received(): void {
    this.#facts.lastByteReceivedMs = nowMs();
    this.#finish();
  }

  #fail(failure: FailureReply): void {
    this.#finish();
    this.#facts.responseFlags |= failure.flag;
    this.#listener.onUpstreamFailure(failure);
  }

  #finish(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }
}

const largestInt64 = 2n ** 63n - 1n;

/** Takes the timeout that a filter has set for its request with a header for the router alone; Envoy reads it as an int64. */
function takeTimeout(headers: HeaderMap): number | undefined {
  const wanted = headers.get('x-envoy-upstream-rq-timeout-ms');
  if (wanted === undefined) return undefined;
  headers.delete('x-envoy-upstream-rq-timeout-ms');
  const digits = /^\s*\+?0*(\d{1,19})\s*$/.exec(wanted)?.[1];
  if (digits === undefined || BigInt(digits) > largestInt64) return undefined;
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** An upstream that is a proxy itself may have sent it. */
function setInPlace(headers: HeaderMap, name: string, value: string): void {
  const present = headers.entries.find(entry => entry[0] === name);
  if (present === undefined) headers.append(name, value);
  else present[1] = value;
}

function rewriteHost(headers: HeaderMap, host: string): void {
  const authority = headers.entries.find(([name]) => name === ':authority');
  if (authority === undefined) headers.entries.unshift([':authority', host]);
  else authority[1] = host;
}
