/** HTTP requests that filters make by themselves: one request to a cluster, answered as Envoy's router would answer it. */
import { HeaderMap } from '../../host/http/header-map.ts';
import { callOutReply } from '../../host/http/message-validity.ts';
import type { ByteString, HttpCallListener, HttpCallRequest, LocalReply } from '../../host/types.ts';
import { startTimer } from '../../io/timer.ts';
import { requestRefused, upstreamFailure, upstreamTimeout } from '../local-reply.ts';
import { nowMs } from '../stream-info.ts';
import type { ResetReason, Upstream, UpstreamListener, UpstreamStream } from '../streams.ts';

/** Envoy's limit for the buffered answer of a call-out; above it the call fails without an answer. */
const maxAnswerBytes = 32 * 1024 * 1024;

/** Sends the request; the listener hears of the answer once, later. Returns how to cancel. */
export function startHttpCall(
  upstream: Upstream,
  request: HttpCallRequest,
  listener: HttpCallListener,
  showTransportFailure: boolean,
): () => void {
  const call = new CallOut(request, listener, showTransportFailure);
  call.start(upstream);
  return () => call.cancel();
}

class CallOut implements UpstreamListener {
  readonly #request: HttpCallRequest;
  readonly #listener: HttpCallListener;
  readonly #showTransportFailure: boolean;
  readonly #startMs = nowMs();
  #stream: UpstreamStream | undefined;
  #cancelTimer: (() => void) | undefined;
  #headers: HeaderMap | undefined;
  #body: Buffer[] = [];
  #bytes = 0;
  #over = false;

  constructor(request: HttpCallRequest, listener: HttpCallListener, showTransportFailure: boolean) {
    this.#request = request;
    this.#listener = listener;
    this.#showTransportFailure = showTransportFailure;
  }

  start(upstream: Upstream): void {
    const { body, timeoutMs } = this.#request;
    const headers = this.#request.headers.clone();
    if (body.length > 0) headers.set('content-length', String(body.length));
    headers.set('x-envoy-internal', 'true');
    if (timeoutMs > 0) {
      headers.set('x-envoy-expected-rq-timeout-ms', String(timeoutMs));
      this.#cancelTimer = startTimer(timeoutMs, () => this.#onTimeout());
    }
    this.#stream = upstream.open(this);
    this.#stream.sendHeaders(headers, body.length === 0);
    if (body.length > 0) this.#stream.sendData(body, true);
  }

  cancel(): void {
    if (this.#over) return;
    this.#finish();
    this.#stream?.reset();
  }

  onUpstreamConnected(): void {}

  onUpstreamHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#over) return;
    headers.set('x-envoy-upstream-service-time', String(Math.floor(nowMs() - this.#startMs)));
    this.#headers = headers;
    if (endOfStream) this.#answer(new HeaderMap());
  }

  onUpstreamData(data: Buffer, endOfStream: boolean): void {
    if (this.#over) return;
    this.#bytes += data.length;
    if (this.#bytes > maxAnswerBytes) {
      this.#stream?.reset();
      this.#fail('response larger than 32 MiB');
      return;
    }
    this.#body.push(data);
    if (endOfStream) this.#answer(new HeaderMap());
  }

  onUpstreamTrailers(trailers: HeaderMap): void {
    if (!this.#over) this.#answer(trailers);
  }

  onUpstreamReset(reason: ResetReason, transportFailure?: string): void {
    if (this.#over) return;
    if (this.#headers !== undefined) {
      this.#fail(reason);
      return;
    }
    const { reply } = upstreamFailure(reason, transportFailure, this.#showTransportFailure);
    this.#reply(reply);
  }

  onUpstreamHeadersRefused(fault: ByteString): void {
    if (!this.#over) this.#reply(requestRefused(fault).reply);
  }

  onUpstreamWritable(): void {}

  #onTimeout(): void {
    if (this.#over) return;
    this.#stream?.reset();
    if (this.#headers === undefined) this.#reply(upstreamTimeout.reply);
    else this.#fail('timeout after the headers');
  }

  #answer(trailers: HeaderMap): void {
    this.#finish();
    if (this.#headers !== undefined) {
      this.#listener.response(this.#headers, Buffer.concat(this.#body), trailers);
    }
  }

  #reply(reply: LocalReply): void {
    this.#finish();
    this.#listener.response(callOutReply(reply), reply.body, new HeaderMap());
  }

  #fail(reason: string): void {
    this.#finish();
    this.#listener.failure(reason);
  }

  #finish(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }
}
