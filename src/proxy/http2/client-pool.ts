/** One HTTP/2 connection to an upstream, made when needed and shared by all requests to it. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  connect,
  constants,
} from 'node:http2';
import { type Socket, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HeaderMap } from '../../host/http/header-map.ts';
import { requestFault } from '../../host/http/message-validity.ts';
import { MapType } from '../../host/status.ts';
import type { ByteString } from '../../host/types.ts';
import { hostAndPort } from '../../io/http/endpoint.ts';
import { startTimer } from '../../io/timer.ts';
import { connectionInfo, failureText } from '../sockets/connection-info.ts';
import type { PoolTarget } from '../http1/client-pool.ts';
import type { ResetReason, Upstream, UpstreamListener, UpstreamStream } from '../streams.ts';
import { BodyEnd } from './body-end.ts';
import { fromHttp2, joinedHttp2, toHttp2, toHttp2Request } from './headers.ts';

interface Connection {
  readonly session: ClientHttp2Session;
  /** Its own: node:http2 does not let others see when a session's socket has ended. */
  readonly socket: Socket;
}

export class Http2Pool implements Upstream {
  readonly #target: PoolTarget;
  readonly #connectTimeoutMs: number;
  #connection: Connection | undefined;

  constructor(target: PoolTarget, connectTimeoutMs: number) {
    this.#target = target;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  open(listener: UpstreamListener): UpstreamStream {
    return new Http2UpstreamStream(this.#ready() ?? this.#connect(), listener);
  }

  close(): void {
    this.#connection?.session.close();
  }

  #ready(): Connection | undefined {
    const session = this.#connection?.session;
    return session === undefined || session.closed || session.destroyed ? undefined : this.#connection;
  }

  #connect(): Connection {
    const { host, port, tls } = this.#target;
    const socket = this.#socket();
    const session = connect(`${tls === undefined ? 'http' : 'https'}://${hostAndPort(host, port)}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: 256 * 1024 },
    });
    const connection = (this.#connection = { session, socket });
    const stopTimer = startTimer(this.#connectTimeoutMs, () =>
      session.destroy(new Error('connection timeout')),
    );
    session.once('connect', () => {
      stopTimer();
      session.unref();
    });
    const leave = (): void => {
      stopTimer();
      if (this.#connection === connection) this.#connection = undefined;
    };
    // Each stream hears of it by itself; without a listener it would be an uncaught error.
    session.on('error', leave);
    session.once('close', leave);
    session.on('goaway', leave);
    // A session notices some turns later that its socket has ended.
    socket.on('end', leave);
    socket.on('error', leave);
    socket.once('close', leave);
    // A session that has ended waits for the upstream's FIN before it closes the socket, without a limit if none comes.
    socket.once('finish', () => socket.destroy());
    return connection;
  }

  #socket(): Socket {
    const { host, port, tls } = this.#target;
    return tls === undefined
      ? connectTcp({ host, port })
      : connectTls({ host, port, ALPNProtocols: ['h2'], ...tls });
  }
}

let lastConnectionId = 0;

class Http2UpstreamStream implements UpstreamStream {
  readonly #session: ClientHttp2Session;
  readonly #isOver: () => boolean;
  #listener: UpstreamListener | undefined;
  #stream: ClientHttp2Stream | undefined;
  #trailers: HeaderMap | undefined;
  #full = false;
  #responseStarted = false;
  #ended = false;

  constructor({ session, socket }: Connection, listener: UpstreamListener) {
    this.#session = session;
    this.#isOver = () => session.destroyed || socket.destroyed || socket.readableEnded;
    this.#listener = listener;
  }

  sendHeaders(headers: HeaderMap, endOfStream: boolean): void {
    const fault = requestFault(headers);
    if (fault !== undefined) {
      this.#refuseHeaders(fault);
      return;
    }
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(toHttp2Request(headers), {
        endStream: endOfStream,
        waitForTrailers: true,
      });
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
        this.#listener?.onUpstreamConnected(connectionInfo(socket, ++lastConnectionId));
      }
    });
    stream.on('drain', () => {
      if (!this.#full) return;
      this.#full = false;
      this.#listener?.onUpstreamWritable(true);
    });
    this.#listen(stream);
  }

  sendData(data: Uint8Array, endOfStream: boolean): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.writableEnded) return;
    if (data.length > 0 && !stream.write(data) && !this.#full) {
      this.#full = true;
      this.#listener?.onUpstreamWritable(false);
    }
    if (endOfStream) stream.end();
  }

  sendTrailers(trailers: HeaderMap): void {
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

  /** As in HTTP/1: a connection that fails is what is said first. */
  #refuseHeaders(fault: ByteString): void {
    const session = this.#session;
    const refuse = (): void => {
      const listener = this.#listener;
      this.#listener = undefined;
      listener?.onUpstreamHeadersRefused(fault);
    };
    if (!session.connecting) {
      setImmediate(refuse);
      return;
    }
    session.once('connect', refuse);
    session.once('error', (error: NodeJS.ErrnoException) => this.#fail(reasonOf(error), failureText(error)));
  }

  #listen(stream: ClientHttp2Stream): void {
    let trailers: HeaderMap | undefined;
    const bodyEnd = new BodyEnd({
      body: (data, endOfStream) => {
        const listener = this.#listener;
        if (endOfStream) this.#listener = undefined;
        listener?.onUpstreamData(data, endOfStream);
      },
    });
    stream.on('response', (headers, flags, raw?: string[]) => {
      this.#responseStarted = true;
      this.#ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      const received = joinedHttp2(fromHttp2(raw ?? [], headers), MapType.ResponseHeaders);
      this.#listener?.onUpstreamHeaders(received, this.#ended);
      if (this.#ended) this.#listener = undefined;
    });
    stream.on('data', (data: Buffer) => bodyEnd.data(data));
    stream.on('trailers', (headers: IncomingHttpHeaders, _flags, raw?: string[]) => {
      trailers = joinedHttp2(fromHttp2(raw ?? [], headers), MapType.ResponseTrailers);
    });
    stream.on('end', () => {
      // node:http2 also ends the body of a response that has never begun, as when its session ended; `close` reports that.
      if (!this.#responseStarted || this.#ended || stream.rstCode !== 0) return;
      this.#ended = true;
      if (trailers === undefined) {
        bodyEnd.end();
        return;
      }
      bodyEnd.flush();
      const listener = this.#listener;
      this.#listener = undefined;
      listener?.onUpstreamTrailers(trailers);
    });
    stream.on('error', (failure: Error) => {
      const error = causeOf(failure);
      const connecting = error.syscall === 'connect' || error.syscall === 'getaddrinfo';
      this.#fail(reasonOf(error), connecting ? failureText(error) : undefined);
    });
    stream.on('close', () => {
      this.#session.unref();
      // A session that ends gives its streams a code that no upstream has sent.
      const gone = stream.rstCode === constants.NGHTTP2_NO_ERROR || this.#isOver();
      this.#fail(gone ? 'connection termination' : 'remote reset');
    });
  }

  #fail(reason: ResetReason, transportFailure?: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onUpstreamReset(reason, transportFailure);
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
