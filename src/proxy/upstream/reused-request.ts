/**
 * A request for a connection that has carried others. Waits until the event loop has read what the upstream sent before
 * now, an end above all; and is sent once more when the connection ends all the same before a byte of an answer came.
 */
import type { HeaderMap } from '../../host/http/header-map.ts';
import type { ByteString, ConnectionInfo } from '../../host/types.ts';
import type { ResetReason, UpstreamListener, UpstreamStream } from '../streams.ts';

/** A stream on a pooled connection. */
export interface PooledStream extends UpstreamStream {
  /** Whether the connection has carried another request. */
  readonly reused: boolean;
  /** Whether bytes of an answer to this request have come. */
  readonly answered: boolean;
}

/** Starts a request on an idle connection, or on a new one when there is none or `fresh` is asked for. */
export type OpenPooled = (listener: UpstreamListener, fresh: boolean) => UpstreamStream;

/** RFC 9110, 9.2.2: what may be sent twice, since nobody knows whether the upstream saw the first. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** More of a body than this is not kept to be sent again. */
const maxKeptBytes = 64 * 1024;

export class ReusedRequest implements UpstreamStream, UpstreamListener {
  readonly #open: OpenPooled;
  readonly #listener: UpstreamListener;
  #stream: PooledStream | UpstreamStream | undefined;
  #start: NodeJS.Immediate | undefined;
  #paused = false;
  #full = false;
  /** What has to be sent (again); undefined when that is not possible. */
  #sent: ((stream: UpstreamStream) => void)[] | undefined = [];
  #keptBytes = 0;
  #replayable = false;

  constructor(open: OpenPooled, listener: UpstreamListener) {
    this.#open = open;
    this.#listener = listener;
    this.#start = setImmediate(() => this.#begin(false));
  }

  sendHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.#replayable = idempotent.has(headers.get(':method') ?? '');
    this.#send(stream => stream.sendHeaders(headers, endOfStream));
  }

  sendData(data: Uint8Array, endOfStream: boolean): void {
    this.#keptBytes += data.length;
    this.#send(stream => stream.sendData(data, endOfStream));
  }

  sendTrailers(trailers: HeaderMap): void {
    this.#send(stream => stream.sendTrailers(trailers));
  }

  pauseResponse(paused: boolean): void {
    this.#paused = paused;
    this.#stream?.pauseResponse(paused);
  }

  reset(): void {
    clearImmediate(this.#start);
    this.#sent = undefined;
    this.#stream?.reset();
  }

  onUpstreamConnected(connection: ConnectionInfo): void {
    this.#listener.onUpstreamConnected(connection);
  }

  onUpstreamHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.#sent = undefined;
    this.#listener.onUpstreamHeaders(headers, endOfStream);
  }

  onUpstreamData(data: Buffer, endOfStream: boolean): void {
    this.#listener.onUpstreamData(data, endOfStream);
  }

  onUpstreamTrailers(trailers: HeaderMap): void {
    this.#listener.onUpstreamTrailers(trailers);
  }

  onUpstreamReset(reason: ResetReason, transportFailure?: string): void {
    const stream = this.#stream;
    const unheard = stream !== undefined && isReused(stream) && !stream.answered;
    if (reason === 'connection termination' && unheard && this.#sent !== undefined) {
      if (this.#full) this.onUpstreamWritable(true);
      this.#begin(true);
      return;
    }
    this.#sent = undefined;
    this.#listener.onUpstreamReset(reason, transportFailure);
  }

  onUpstreamHeadersRefused(fault: ByteString): void {
    this.#sent = undefined;
    this.#listener.onUpstreamHeadersRefused(fault);
  }

  onUpstreamWritable(writable: boolean): void {
    this.#full = !writable;
    this.#listener.onUpstreamWritable(writable);
  }

  #begin(fresh: boolean): void {
    this.#start = undefined;
    const stream = (this.#stream = this.#open(this, fresh));
    if (this.#paused) stream.pauseResponse(true);
    const sent = this.#sent ?? [];
    // Only a connection that was idle may have ended before it knew of the request.
    if (fresh || !isReused(stream) || !this.#mayRepeat()) this.#sent = undefined;
    for (const send of sent) send(stream);
  }

  /** Before the beginning all is kept: it was taken already. Afterwards only what may be sent again. */
  #send(send: (stream: UpstreamStream) => void): void {
    if (this.#stream === undefined) {
      this.#sent?.push(send);
      return;
    }
    if (!this.#mayRepeat()) this.#sent = undefined;
    this.#sent?.push(send);
    send(this.#stream);
  }

  #mayRepeat(): boolean {
    return this.#replayable && this.#keptBytes <= maxKeptBytes;
  }
}

function isReused(stream: PooledStream | UpstreamStream): stream is PooledStream {
  return 'reused' in stream && stream.reused;
}
