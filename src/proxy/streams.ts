/** The seams inside the proxy: what a codec, an exchange and an upstream are to each other. Types only. */
import type { HeaderMap } from '../host/http/header-map.ts';
import type { ByteString, ConnectionInfo } from '../host/types.ts';

/** The response side of one downstream stream, as its codec offers it. */
export interface ResponseEncoder {
  readonly connection: ConnectionInfo;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** The request's headers as they came, hop-by-hop ones too; undefined where the codec has no others. */
  requestAsReceived(): HeaderMap | undefined;
  responseHeaders(headers: HeaderMap, endOfStream: boolean): void;
  responseBody(data: Uint8Array, endOfStream: boolean): void;
  responseTrailers(trailers: HeaderMap): void;
  /** Ends the stream without a complete response. */
  resetResponse(): void;
  /** The connection ends with this response; HTTP/1 says so in its headers. */
  closeAfterResponse(): void;
  /** Stops or resumes reading of request bytes. */
  pauseRequest(paused: boolean): void;
}

/** What a codec tells about a request. */
export interface RequestDecoder {
  /** Headers as a filter sees them, pseudo headers first, hop-by-hop ones taken out. */
  receiveHeaders(headers: HeaderMap, endOfStream: boolean, facts: RequestInfo): void;
  receiveBody(data: Buffer, endOfStream: boolean): void;
  receiveTrailers(trailers: HeaderMap): void;
  /** What came is not HTTP: answer with `status` and its reason as the body, if that is still possible. */
  receiveError(status: number, details: string): void;
  /** The client went away. */
  receiveReset(): void;
  /** Nothing has moved for as long as a stream may stand still. */
  receiveIdle(): void;
  /** Called at equal intervals: after so many of them without anything that moved the stream counts as idle. */
  sweep(idleSweeps: number): void;
  /** Whether response bytes can be taken without queueing them. */
  responseWritable(writable: boolean): void;
}

/** Facts about a request that are not in its headers any more. */
export interface RequestInfo {
  /** The client's connection is encrypted. */
  readonly secure: boolean;
  /** Asked for with `Connection: upgrade`. */
  readonly upgrade: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly hasRequestId: boolean;
}

/** A place that takes requests: one cluster's connection pool. */
export interface Upstream {
  /** Starts a request. The listener is never called from inside. */
  open(listener: UpstreamListener): UpstreamStream;
  /** Ends idle connections now and the others when their request has ended. */
  close(): void;
}

export interface UpstreamStream {
  requestHeaders(headers: HeaderMap, endOfStream: boolean): void;
  requestBody(data: Uint8Array, endOfStream: boolean): void;
  requestTrailers(trailers: HeaderMap): void;
  pauseResponse(paused: boolean): void;
  /** Gives the request up; its listener hears nothing more. */
  reset(): void;
}

export interface UpstreamListener {
  /** The host that was chosen, as yet without a local address; then the connection that carries the request. */
  upstreamConnected(connection: ConnectionInfo): void;
  upstreamHeaders(headers: HeaderMap, endOfStream: boolean): void;
  upstreamBody(data: Buffer, endOfStream: boolean): void;
  upstreamTrailers(trailers: HeaderMap): void;
  /** The last call: the request will not be answered (further). */
  upstreamReset(reason: ResetReason, transportFailure?: string): void;
  /** The last call: the headers cannot be sent, and were not; `fault` says why. */
  upstreamRefusedHeaders(fault: ByteString): void;
  /** Whether request bytes can be taken without queueing them. */
  upstreamWritable(writable: boolean): void;
}

/** Envoy's words for why a request to an upstream ended. */
export type ResetReason =
  | 'remote connection failure'
  | 'connection timeout'
  | 'connection termination'
  | 'overflow'
  | 'protocol error'
  | 'remote reset'
  /** Not a reset: the name of the upstream has no address. */
  | 'no healthy upstream';
