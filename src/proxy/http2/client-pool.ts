/** One HTTP/2 connection to an upstream, made when needed and shared by all requests to it. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  connect,
  constants,
} from 'node:http2';
import type { HeaderMap } from '../../host/header-map.ts';
import { MapType } from '../../host/status.ts';
import { hostAndPort } from '../../io/endpoint.ts';
import { startTimer } from '../../io/timer.ts';
import { connectionInfo, failureText } from '../http1/client-connection.ts';
import type { PoolTarget } from '../http1/client-pool.ts';
import type { ResetReason, Upstream, UpstreamListener, UpstreamStream } from '../streams.ts';
import { BodyEnd } from './body-end.ts';
import { fromHttp2, joinedHttp2, toHttp2 } from './headers.ts';

export class Http2Pool implements Upstream {
  readonly #target: PoolTarget;
  readonly #connectTimeoutMs: number;
  #session: ClientHttp2Session | undefined;

  constructor(target: PoolTarget, connectTimeoutMs: number) {
    this.#target = target;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  open(listener: UpstreamListener): UpstreamStream {
    return new Http2UpstreamStream(this.#ready(), listener);
  }

  close(): void {
    this.#session?.close();
  }

  #ready(): ClientHttp2Session {
    const current = this.#session;
    if (current !== undefined && !current.closed && !current.destroyed) return current;
    const { host, port, tls } = this.#target;
    const session = connect(`${tls === undefined ? 'http' : 'https'}://${hostAndPort(host, port)}`, {
      ...tls,
      settings: { enablePush: false, initialWindowSize: 256 * 1024 },
    });
    this.#session = session;
    const cancelTimer = startTimer(this.#connectTimeoutMs, () =>
      session.destroy(new Error('connection timeout')),
    );
    session.once('connect', () => {
      cancelTimer();
      session.unref();
    });
    // Each stream hears of it by itself; without a listener it would be nobody's error.
    session.on('error', () => cancelTimer());
    session.once('close', () => cancelTimer());
    session.on('goaway', () => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }
}

let lastConnectionId = 0;

class Http2UpstreamStream implements UpstreamStream {
  readonly #session: ClientHttp2Session;
  #listener: UpstreamListener | undefined;
  #stream: ClientHttp2Stream | undefined;
  #trailers: HeaderMap | undefined;
  #full = false;
  #ended = false;

  constructor(session: ClientHttp2Session, listener: UpstreamListener) {
    this.#session = session;
    this.#listener = listener;
  }

  requestHeaders(headers: HeaderMap, endOfStream: boolean): void {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(toHttp2(headers), { endStream: endOfStream, waitForTrailers: true });
    } catch {
      // What node:http2 will not send is, to Envoy, a protocol error.
      setImmediate(() => this.#fail('protocol error'));
      return;
    }
    this.#stream = stream;
    this.#session.ref();
    stream.on('wantTrailers', () => {
      stream.sendTrailers(this.#trailers === undefined ? {} : toHttp2(this.#trailers));
    });
    stream.once('ready', () => {
      const { socket } = this.#session;
      if (socket !== undefined && !this.#session.destroyed) {
        this.#listener?.upstreamConnected(connectionInfo(socket, ++lastConnectionId));
      }
    });
    stream.on('drain', () => {
      if (!this.#full) return;
      this.#full = false;
      this.#listener?.upstreamWritable(true);
    });
    this.#listen(stream);
  }

  requestBody(data: Uint8Array, endOfStream: boolean): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.writableEnded) return;
    if (data.length > 0 && !stream.write(data) && !this.#full) {
      this.#full = true;
      this.#listener?.upstreamWritable(false);
    }
    if (endOfStream) stream.end();
  }

  requestTrailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
    this.#stream?.end();
  }

  pauseResponse(paused: boolean): void {
    if (paused) this.#stream?.pause();
    else this.#stream?.resume();
  }

  reset(): void {
    this.#listener = undefined;
    this.#stream?.destroy(new Error('reset'));
  }

  #listen(stream: ClientHttp2Stream): void {
    let trailers: HeaderMap | undefined;
    const bodyEnd = new BodyEnd({
      body: (data, endOfStream) => {
        const listener = this.#listener;
        if (endOfStream) this.#listener = undefined;
        listener?.upstreamBody(data, endOfStream);
      },
    });
    stream.on('response', (headers, flags, raw?: string[]) => {
      this.#ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      const received = joinedHttp2(fromHttp2(raw ?? [], headers), MapType.ResponseHeaders);
      this.#listener?.upstreamHeaders(received, this.#ended);
      if (this.#ended) this.#listener = undefined;
    });
    stream.on('data', (data: Buffer) => bodyEnd.data(data));
    stream.on('trailers', (headers: IncomingHttpHeaders, _flags, raw?: string[]) => {
      trailers = joinedHttp2(fromHttp2(raw ?? [], headers), MapType.ResponseTrailers);
    });
    stream.on('end', () => {
      if (this.#ended || stream.rstCode !== 0) return;
      this.#ended = true;
      if (trailers === undefined) {
        bodyEnd.end();
        return;
      }
      bodyEnd.flush();
      const listener = this.#listener;
      this.#listener = undefined;
      listener?.upstreamTrailers(trailers);
    });
    stream.on('error', (failure: Error) => {
      const error = causeOf(failure);
      const connecting = error.syscall === 'connect' || error.syscall === 'getaddrinfo';
      this.#fail(reasonOf(error), connecting ? failureText(error) : undefined);
    });
    stream.on('close', () => {
      this.#session.unref();
      this.#fail(stream.rstCode === 0 ? 'connection termination' : 'remote reset');
    });
  }

  #fail(reason: ResetReason, transportFailure?: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.upstreamReset(reason, transportFailure);
  }
}

/** A stream that never got its session carries what happened to the session as its cause. */
function causeOf(failure: Error): NodeJS.ErrnoException {
  return failure.cause instanceof Error ? failure.cause : failure;
}

function reasonOf(error: NodeJS.ErrnoException): ResetReason {
  if (error.syscall === 'getaddrinfo') return 'no healthy upstream';
  if (error.syscall === 'connect') return 'remote connection failure';
  if (error.message === 'connection timeout') return 'connection timeout';
  if (error.code === 'ERR_HTTP2_STREAM_ERROR') return 'remote reset';
  if (error.code === 'ERR_HTTP2_ERROR') return 'protocol error';
  return 'connection termination';
}
