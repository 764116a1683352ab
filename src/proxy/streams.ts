/** The interfaces between the codecs, the active stream and the upstreams of the proxy. Types only; decode goes to the upstream, encode to the client. */
import type { HeaderMap } from '../host/http/header-map.ts';
import type { ByteString, ConnectionInfo } from '../host/types.ts';

/** Writes the response of one downstream stream; implemented by its codec. */
export interface ResponseEncoder {
  readonly connection: ConnectionInfo;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** Returns the request's headers as they were received, including hop-by-hop ones; undefined when the codec keeps none. */
  requestAsReceived(): HeaderMap | undefined;
  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void;
  encodeData(data: Uint8Array, endOfStream: boolean): void;
  encodeTrailers(trailers: HeaderMap): void;
  /** Ends the stream without a complete response. */
  resetResponse(): void;
  /** Closes the connection after this response; HTTP/1 says so in its headers. */
  closeAfterResponse(): void;
  /** Stops or resumes reading of request bytes. */
  pauseRequest(paused: boolean): void;
}

/** Receives the events of one request from its codec; implemented by the active stream. */
export interface RequestDecoder {
  /** Takes the headers as a filter sees them: pseudo headers first, hop-by-hop ones removed. */
  decodeHeaders(headers: HeaderMap, endOfStream: boolean, facts: RequestInfo): void;
  decodeData(data: Buffer, endOfStream: boolean): void;
  decodeTrailers(trailers: HeaderMap): void;
  /** The client sent something that is not HTTP: the stream answers with `status` and its reason as the body, if it still can. */
  onProtocolError(status: number, details: string): void;
  /** The client closed the connection or reset the stream. */
  onDownstreamReset(): void;
  /** Nothing has been sent or received for the idle timeout. */
  onIdleTimeout(): void;
  /** The codec calls it at equal intervals: a stream with no bytes in `idleSweeps` of them in a row has timed out. */
  sweep(idleSweeps: number): void;
  /** `writable` is true if the client takes response bytes without queueing them. */
  onDownstreamWritable(writable: boolean): void;
}

/** Facts about a request that its headers no longer contain. */
export interface RequestInfo {
  /** The client's connection is encrypted. */
  readonly secure: boolean;
  /** Asked for with `Connection: upgrade`. */
  readonly upgrade: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly hasRequestId: boolean;
}

/** Takes requests: the connection pool of one cluster. */
export interface Upstream {
  /** Starts a request; never calls the listener before it returns. */
  open(listener: UpstreamListener): UpstreamStream;
  /** Closes idle connections now and the others when their request has ended. */
  close(): void;
}

export interface UpstreamStream {
  sendHeaders(headers: HeaderMap, endOfStream: boolean): void;
  sendData(data: Uint8Array, endOfStream: boolean): void;
  sendTrailers(trailers: HeaderMap): void;
  pauseResponse(paused: boolean): void;
  /** Cancels the request; its listener is not called again. */
  reset(): void;
}

export interface UpstreamListener {
  /** Called first with the chosen host (no local address yet), then with the connection that carries the request. */
  onUpstreamConnected(connection: ConnectionInfo): void;
  onUpstreamHeaders(headers: HeaderMap, endOfStream: boolean): void;
  onUpstreamData(data: Buffer, endOfStream: boolean): void;
  onUpstreamTrailers(trailers: HeaderMap): void;
  /** The last call: the upstream sends no (further) response. */
  onUpstreamReset(reason: ResetReason, transportFailure?: string): void;
  /** The last call: the headers were not sent because they cannot be; `fault` says why. */
  onUpstreamHeadersRefused(fault: ByteString): void;
  /** `writable` is true if the upstream takes request bytes without queueing them. */
  onUpstreamWritable(writable: boolean): void;
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
