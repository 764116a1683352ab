/** gRPC exchanges that filters open: length-prefixed messages over HTTP/2. */
import type { ByteString, GrpcCall, GrpcListener, GrpcRequest } from '../../host/types.ts';
import { toByteString } from '../../host/encoding/bytes.ts';
import { HeaderMap } from '../../host/http/header-map.ts';
import { grpcStatusOf } from '../../host/http/header-rules.ts';
import { startTimer } from '../../io/timer.ts';
import { grpcRequestHeaders } from './grpc-headers.ts';
import { type FailureReply, requestRefused, upstreamFailure, upstreamTimeout } from '../local-reply.ts';
import type { ResetReason, Upstream, UpstreamListener, UpstreamStream } from '../streams.ts';

/** A frame is one flag byte, four bytes of length, and the message. */
const prefixBytes = 5;
/** gRPC's own default for what a client takes in one message. */
const maxMessageBytes = 4 * 1024 * 1024;

const status = {
  unknown: 2,
  resourceExhausted: 8,
  internal: 13,
  unavailable: 14,
};

/**
 * Opens an exchange; the listener hears of it later, `close` last and once. `showTransportFailure`: a refused connection
 * is reported with its cause, as Envoy before 1.38 does.
 */
export function startGrpcCall(
  upstream: Upstream,
  request: GrpcRequest,
  listener: GrpcListener,
  showTransportFailure: boolean,
): GrpcCall {
  return new UpstreamGrpcCall(upstream, request, listener, showTransportFailure);
}

class UpstreamGrpcCall implements GrpcCall, UpstreamListener {
  readonly #stream: UpstreamStream;
  readonly #listener: GrpcListener;
  readonly #showTransportFailure: boolean;
  readonly #cancelTimer: (() => void) | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #halfClosedMs: number | undefined;
  #over = false;
  #started = false;

  constructor(
    upstream: Upstream,
    request: GrpcRequest,
    listener: GrpcListener,
    showTransportFailure: boolean,
  ) {
    this.#listener = listener;
    this.#showTransportFailure = showTransportFailure;
    const { timeoutMs = 0 } = request;
    if (timeoutMs > 0) {
      this.#cancelTimer = startTimer(timeoutMs, () => {
        this.#stream.reset();
        // Envoy's router answers in gRPC's terms what would be a 504.
        if (this.#started) this.#fail(status.internal);
        else this.#localReply(upstreamTimeout);
      });
    }
    this.#stream = upstream.open(this);
    this.#stream.sendHeaders(grpcRequestHeaders(request), false);
  }

  send(message: Uint8Array, endStream: boolean): void {
    if (this.#over || this.#halfClosedMs !== undefined) return;
    const frame = Buffer.alloc(prefixBytes + message.length);
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, prefixBytes);
    if (endStream) this.#halfClosedMs = performance.now();
    this.#stream.sendData(frame, endStream);
  }

  close(): void {
    if (this.#over || this.#halfClosedMs !== undefined) return;
    this.#halfClosedMs = performance.now();
    this.#stream.sendData(new Uint8Array(0), true);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimer?.();
    this.#stream.reset();
  }

  onUpstreamConnected(): void {}
  onUpstreamWritable(): void {}

  onUpstreamHeadersRefused(fault: ByteString): void {
    if (!this.#over) this.#localReply(requestRefused(fault));
  }

  onUpstreamHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#over) return;
    this.#started = true;
    if (this.#halfClosedMs !== undefined && !endOfStream) {
      const tookMs = Math.round(performance.now() - this.#halfClosedMs);
      headers.append('x-envoy-upstream-service-time', String(tookMs));
    }
    this.#listener.initialMetadata(endOfStream ? new HeaderMap([]) : headers);
    const code = Number(headers.get(':status'));
    if (endOfStream && (code === 200 || headers.get('grpc-status') !== undefined)) this.#finish(headers);
    else if (code !== 200) {
      this.#stream.reset();
      this.#fail(grpcStatusOf(code));
    }
  }

  onUpstreamData(data: Buffer, endOfStream: boolean): void {
    if (this.#over) return;
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    while (!this.#over && this.#rest.length >= prefixBytes) {
      const length = this.#rest.readUInt32BE(1);
      if (this.#rest[0] !== 0 || length > maxMessageBytes) {
        this.#stream.reset();
        this.#fail(this.#rest[0] === 0 ? status.resourceExhausted : status.internal);
        return;
      }
      if (this.#rest.length < prefixBytes + length) break;
      const message = this.#rest.subarray(prefixBytes, prefixBytes + length);
      this.#rest = this.#rest.subarray(prefixBytes + length);
      this.#listener.message(message);
    }
    // A gRPC answer ends with trailers.
    if (endOfStream) this.#fail(status.unknown);
  }

  onUpstreamTrailers(trailers: HeaderMap): void {
    if (!this.#over) this.#finish(trailers);
  }

  onUpstreamReset(reason: ResetReason, transportFailure?: string): void {
    if (this.#over) return;
    if (this.#started) {
      this.#fail(status.internal, `upstream_reset_after_response_started{${reason.replaceAll(' ', '_')}}`);
      return;
    }
    this.#localReply(upstreamFailure(reason, transportFailure, this.#showTransportFailure));
  }

  /** Answers in place of the upstream as Envoy's router does: with headers only. */
  #localReply({ reply }: FailureReply): void {
    this.#listener.initialMetadata(new HeaderMap([]));
    this.#finish(
      new HeaderMap([
        [':status', '200'],
        ['content-type', 'application/grpc'],
        ['grpc-status', String(status.unavailable)],
        ['grpc-message', toByteString(reply.body)],
      ]),
      reply.details,
    );
  }

  /** Envoy hands on the message as it came, percent signs and all, with its own details behind it. */
  #finish(trailers: HeaderMap, details = 'via_upstream'): void {
    this.#listener.trailingMetadata(trailers);
    const code = trailers.get('grpc-status');
    this.#close(
      code !== undefined && /^\d{1,3}$/.test(code) ? Number(code) : status.unknown,
      `${trailers.get('grpc-message') ?? ''}{${details}}`,
    );
  }

  /** The exchange broke in the middle, or is no gRPC. */
  #fail(code: number, message = ''): void {
    this.#listener.trailingMetadata(new HeaderMap([]));
    this.#close(code, message);
  }

  #close(code: number, message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimer?.();
    this.#listener.close(code, message);
  }
}
