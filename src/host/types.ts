/**
 * The types that the host exchanges with what moves bytes for it: the proxy, a test suite, a web page.
 * No Node types and no DOM types here or anywhere in host/.
 */
import type { ByteString } from './encoding/bytes.ts';
import type { HeaderMap } from './http/header-map.ts';
import type { logLevels } from './status.ts';

export type { ByteString };

/** Receives what leaves a stream's filter chain. Every call is a synchronous notification. */
export interface HttpStreamSink {
  /** The last filter let the request's headers through: they go to the upstream. */
  forwardRequestHeaders(headers: HeaderMap, endOfStream: boolean): void;
  forwardRequestData(data: Uint8Array, endOfStream: boolean): void;
  forwardRequestTrailers(trailers: HeaderMap): void;
  /** The last filter let the response's headers through: they go to the client. */
  forwardResponseHeaders(headers: HeaderMap, endOfStream: boolean): void;
  forwardResponseData(data: Uint8Array, endOfStream: boolean): void;
  forwardResponseTrailers(trailers: HeaderMap): void;
  /**
   * The stream ended without a complete response: the receiver ends both sides. `details` is Envoy's response-code detail,
   * e.g. `wasm_close_stream`.
   */
  reset(details: string): void;
  /** `true` when a direction holds more than its watermark: the receiver stops reading from its source until `false`. */
  readDisable(direction: 'request' | 'response', disabled: boolean): void;
  /** A local reply replaces the response; `status` is the one it was sent with, before gRPC or a filter changes it. */
  localReply?(status: number): void;
  /** A filter cleared the route cache: the receiver chooses the route again from the current headers. */
  clearRouteCache(): void;
}

/** One HTTP stream in front of the filter chain. The proxy decodes the request into it and encodes the response into it, as bytes arrive. */
export interface HttpStream {
  decodeHeaders(headers: HeaderMap, endOfStream: boolean): void;
  decodeData(data: Uint8Array, endOfStream: boolean): void;
  decodeTrailers(trailers: HeaderMap): void;
  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void;
  encodeData(data: Uint8Array, endOfStream: boolean): void;
  encodeTrailers(trailers: HeaderMap): void;
  /** Sends a response of the proxy itself (404 no route, 503 upstream failure, 504) through the filters towards the client. */
  localReply(reply: LocalReply): void;
  /** Ends the stream because the client went away, or the upstream broke off after response headers were sent. */
  reset(details: string): void;
  /** Ends the stream after both directions have ended or were reset: filters log, then get done and delete. Idempotent. */
  complete(): void;
  /** Holds the facts behind attributes (`request.*`, `source.*`, `xds.*` …); the proxy fills it in as it learns them. */
  readonly info: StreamInfo;
}

export interface LocalReply {
  readonly status: number;
  readonly body: Uint8Array;
  /** Envoy's response-code details, e.g. `route_not_found`. */
  readonly details: string;
  readonly headers?: readonly (readonly [name: ByteString, value: ByteString])[];
  /** −1 when not set. */
  readonly grpcStatus?: number;
  /** The request's headers when it was refused before the filters got them: the access log shows them. */
  readonly requestHeaders?: HeaderMap;
}

/** Facts about a stream. Times are nanoseconds since the epoch; sizes are bytes. */
export interface StreamInfo {
  protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' | 'HTTP/3' | undefined;
  startTimeNs: bigint;
  endTimeNs: bigint | undefined;
  bytesReceived: number;
  bytesSent: number;
  responseCode: number | undefined;
  responseCodeDetails: string | undefined;
  /** Envoy's response flags as its legacy bit vector. */
  responseFlags: number;
  upstreamFirstByteSentNs: bigint | undefined;
  upstreamLastByteReceivedNs: bigint | undefined;
  routeName: string | undefined;
  clusterName: string | undefined;
  virtualHostName: string | undefined;
  readonly downstream: ConnectionInfo;
  upstream: ConnectionInfo | undefined;
  upstreamRequestAttempts: number;
  upstreamTransportFailure: string | undefined;
  /** Attribute values that replace the host's own, by path with `\0` between segments: a test sets them. */
  readonly attributes?: ReadonlyMap<ByteString, ByteString | Uint8Array>;
}

/** One side's connection. Addresses are `host:port`, `[v6]:port`, or a socket path. */
export interface ConnectionInfo {
  readonly id: number;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly tls?: TlsInfo;
  readonly requestedServerName?: string;
}

export interface TlsInfo {
  readonly version: string;
  readonly mtls: boolean;
  readonly subjectLocal: string;
  readonly subjectPeer: string;
  readonly dnsSanLocal: string;
  readonly dnsSanPeer: string;
  readonly uriSanLocal: string;
  readonly uriSanPeer: string;
  readonly sha256Peer: string;
}

/** An L4 connection in front of the network filter chain. */
export interface TcpStream {
  downstreamData(data: Uint8Array, endOfStream: boolean): void;
  upstreamData(data: Uint8Array, endOfStream: boolean): void;
  /** `remote`: the peer closed; `local`: we did. */
  downstreamClosed(by: 'local' | 'remote'): void;
  upstreamClosed(by: 'local' | 'remote'): void;
  readonly info: StreamInfo;
}

export interface TcpStreamSink {
  toUpstream(data: Uint8Array, endOfStream: boolean): void;
  toDownstream(data: Uint8Array, endOfStream: boolean): void;
  /** The filters let the connection through: the receiver may connect to the upstream. */
  connectUpstream(): void;
  closeDownstream(details: string): void;
  closeUpstream(details: string): void;
}

/**
 * Gives a VM everything from outside: clocks, randomness, timers, logs, call-outs. proxy/ implements it on Node, testing/
 * for tests and pages.
 */
export interface HostEnvironment {
  /** Nanoseconds since the epoch; never 0. */
  realtimeNs(): bigint;
  monotonicNs(): bigint;
  fillRandom(bytes: Uint8Array): void;
  /** Calls back once after `delayMs`, outside any guest call; returns how to cancel it. */
  schedule(delayMs: number, callback: () => void): () => void;
  log(entry: LogEntry): void;
  /** Starts an HTTP call-out; see `HttpCallStart`. */
  httpCall(request: HttpCallRequest, listener: HttpCallListener): HttpCallStart;
  /** Opens a gRPC call, unary or a stream. */
  grpcCall(request: GrpcRequest, listener: GrpcListener): GrpcCallStart;
  /**
   * Resolves a name for Envoy's `envoy_resolve_dns`, which a host without this method refuses. Calls back at once when no
   * name server has to be asked, as Envoy does: with no address for an unknown name, with undefined for an invalid one.
   */
  resolveDns?(name: ByteString, callback: (addresses: readonly ResolvedAddress[] | undefined) => void): void;
  /** The foreign functions `sign` and `verify_signature`; absent: NotFound. */
  readonly signatures?: SignatureProvider;
}

/** Signs and verifies for the host. `hash` is one of sha1, sha224, sha256, sha384, sha512. */
export interface SignatureProvider {
  /** Verifies with a SubjectPublicKeyInfo as DER or PEM; returns undefined when the key cannot be read. */
  verify(
    hash: string,
    key: Uint8Array | string,
    signature: Uint8Array,
    text: Uint8Array,
  ): boolean | undefined;
  /** Signs with a PKCS #8 key as DER or PEM; returns undefined when the key cannot be read. */
  sign(hash: string, key: Uint8Array | string, text: Uint8Array): Uint8Array | undefined;
}

export type LogLevel = (typeof logLevels)[number];

export interface LogEntry {
  readonly level: LogLevel;
  /**
   * `wasm log <plugin> <root_id> <vm_id>: `; who prints the entry puts it in front of the message, whose bytes are
   * unchanged.
   */
  readonly prefix: string;
  readonly message: Uint8Array;
  /** 'guest' for what the filter logged; 'host' for what the host says about the filter. */
  readonly source: 'guest' | 'host';
}

export interface ResolvedAddress {
  readonly address: string;
  readonly ttlSeconds: number;
}

export interface HttpCallRequest {
  readonly cluster: string;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  /** 0: no limit. */
  readonly timeoutMs: number;
}

export type HttpCallStart =
  | { readonly status: 'started'; readonly cancel: () => void }
  | { readonly status: 'unknown-cluster' }
  /** The cluster is known but has no healthy host: the guest gets InternalFailure and no callback. */
  | { readonly status: 'unavailable' };

/** Receives the end of a call-out: exactly one of its methods is called, once, never before `httpCall` has returned. */
export interface HttpCallListener {
  /** Receives any complete response, including Envoy's 503 and 504 for refused and timed-out calls. */
  response(headers: HeaderMap, body: Uint8Array, trailers: HeaderMap): void;
  /**
   * The call was reset after headers, exceeded the limit or was cancelled: the guest gets zero headers, and
   * `proxy_get_status` returns 11.
   */
  failure(reason: string): void;
}

export interface GrpcRequest {
  readonly cluster: string;
  readonly service: ByteString;
  readonly method: ByteString;
  readonly metadata: HeaderMap;
  /** 0: no limit. Absent for a stream. */
  readonly timeoutMs: number | undefined;
}

export type GrpcCallStart =
  | { readonly status: 'started'; readonly call: GrpcCall }
  | { readonly status: 'unknown-cluster' }
  | { readonly status: 'unavailable' };

export interface GrpcCall {
  /** Sends one message, given without its 5-byte frame. */
  send(message: Uint8Array, endStream: boolean): void;
  /** Half-closes the stream. */
  close(): void;
  cancel(): void;
}

export interface GrpcListener {
  initialMetadata(metadata: HeaderMap): void;
  message(message: Uint8Array): void;
  trailingMetadata(metadata: HeaderMap): void;
  close(status: number, message: ByteString): void;
}
