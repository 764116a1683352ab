/** One HTTP/1 connection to an upstream: carries one request at a time and says when it can carry the next. */
import type { Socket } from 'node:net';
import { HeaderMap } from '../../host/http/header-map.ts';
import { requestFault } from '../../host/http/message-validity.ts';
import type { ByteString, ConnectionInfo } from '../../host/types.ts';
import { startTimer } from '../../io/timer.ts';
import { connectionInfo, failureText, socketAddress } from '../sockets/connection-info.ts';
import type { ResetReason, UpstreamListener, UpstreamStream } from '../streams.ts';
import { encodeRequestHead, encodeTrailers } from './encode.ts';
import type { Framing } from './framing.ts';
import { HttpProtocolError } from './protocol-error.ts';
import { MessageParser } from './parser.ts';
import { parseResponseHead } from './response-head.ts';
import { SocketWriter } from './socket-writer.ts';

export interface ClientOptions {
  readonly trailers: boolean;
  readonly keepAliveShown: boolean;
  /** The connection is free again. */
  readonly onIdle: (connection: Http1ClientConnection) => void;
  /** No request may be sent on it any more, although the socket may take a moment to close. */
  readonly onClose: (connection: Http1ClientConnection) => void;
}

export class Http1ClientConnection implements UpstreamStream {
  readonly #socket: Socket;
  readonly #options: ClientOptions;
  readonly #output: SocketWriter;
  readonly #cancelConnectTimer: () => void;
  readonly #parser: MessageParser;
  #listener: UpstreamListener | undefined;
  #info: ConnectionInfo | undefined;
  #toHead = false;
  #interim = false;
  #chunked = false;
  #requestEnded = false;
  /** Why the request's headers cannot be sent. */
  #fault: ByteString | undefined;
  #responseEnded = false;
  #close = false;
  #closed = false;
  #paused = false;

  /** `readyEvent` is 'connect', or 'secureConnect' for TLS. */
  constructor(
    socket: Socket,
    readyEvent: 'connect' | 'secureConnect',
    connectTimeoutMs: number,
    id: number,
    options: ClientOptions,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#output = new SocketWriter(socket, writable => this.#listener?.onUpstreamWritable(writable));
    this.#parser = new MessageParser(
      {
        head: text => this.#onHead(text),
        body: data => this.#listener?.onUpstreamData(data, false),
        end: trailers => this.#endResponse(trailers === undefined ? undefined : new HeaderMap(trailers)),
      },
      'responses',
    );
    this.#cancelConnectTimer = startTimer(connectTimeoutMs, () => this.#fail('connection timeout'));
    socket.setNoDelay(true);
    socket.on('connectionAttempt', (host: string, port: number) =>
      this.#listener?.onUpstreamConnected({ id, localAddress: '', remoteAddress: socketAddress(host, port) }),
    );
    socket.once(readyEvent, () => {
      this.#cancelConnectTimer();
      this.#info = connectionInfo(socket, id);
      this.#listener?.onUpstreamConnected(this.#info);
      this.#refuseHeaders();
    });
    socket.on('data', (data: Buffer) => this.#onData(data));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  /** Takes the connection for a request. */
  assign(listener: UpstreamListener): void {
    this.#listener = listener;
    this.#requestEnded = false;
    this.#responseEnded = false;
    this.#socket.ref();
    if (this.#info !== undefined) {
      const info = this.#info;
      queueMicrotask(() => this.#listener?.onUpstreamConnected(info));
    }
  }

  destroy(): void {
    this.#options.onClose(this);
    this.#socket.destroy();
  }

  sendHeaders(headers: HeaderMap, endOfStream: boolean): void {
    const fault = requestFault(headers);
    if (fault !== undefined) {
      this.#requestEnded = true;
      this.#fault = fault;
      if (this.#info !== undefined) setImmediate(() => this.#refuseHeaders());
      return;
    }
    this.#toHead = headers.get(':method') === 'HEAD';
    const { text, chunked } = encodeRequestHead(headers, endOfStream);
    this.#chunked = chunked;
    this.#output.text(text);
    if (endOfStream) this.#endRequest();
  }

  sendData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#requestEnded) return;
    if (data.length > 0) {
      if (this.#chunked) this.#output.chunk(data);
      else this.#output.bytes(data);
    }
    if (!endOfStream) return;
    if (this.#chunked) this.#output.text('0\r\n\r\n');
    this.#endRequest();
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.#requestEnded) return;
    if (this.#chunked) this.#output.text(this.#options.trailers ? encodeTrailers(trailers) : '0\r\n\r\n');
    this.#endRequest();
  }

  pauseResponse(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
  }

  reset(): void {
    if (this.#listener === undefined) return;
    this.#listener = undefined;
    this.destroy();
  }

  #onData(data: Buffer): void {
    // Bytes without a request: the connection cannot be trusted any more.
    if (this.#listener === undefined) {
      this.destroy();
      return;
    }
    try {
      this.#parser.feed(data);
    } catch (error) {
      if (!(error instanceof HttpProtocolError)) throw error;
      this.#fail('protocol error');
    }
  }

  #onHead(text: string): Framing {
    const head = parseResponseHead(text, {
      bodyless: this.#toHead,
      keepAliveShown: this.#options.keepAliveShown,
    });
    // Interim answers stop here: Envoy does not pass them on.
    this.#interim = head.interim;
    if (head.interim) return head.framing;
    if (head.close || head.status === 101) this.#close = true;
    const endOfStream = head.framing.kind === 'none';
    head.headers.unshift([':status', String(head.status)]);
    this.#responseEnded = endOfStream;
    this.#listener?.onUpstreamHeaders(new HeaderMap(head.headers), endOfStream);
    return head.framing;
  }

  /** The parser left a message. */
  #endResponse(trailers: HeaderMap | undefined): void {
    if (this.#interim) {
      this.#parser.release();
      return;
    }
    if (!this.#responseEnded) {
      this.#responseEnded = true;
      if (trailers !== undefined && this.#options.trailers) this.#listener?.onUpstreamTrailers(trailers);
      else this.#listener?.onUpstreamData(Buffer.alloc(0), true);
    }
    // An answer before the whole request was sent leaves the connection in an unknown state.
    if (!this.#requestEnded || this.#close || this.#parser.heldBytes > 0 || this.#closed) {
      this.#listener = undefined;
      this.destroy();
      return;
    }
    this.#listener = undefined;
    if (this.#paused) this.pauseResponse(false);
    this.#parser.release();
    // An idle connection does not keep the process alive.
    this.#socket.unref();
    this.#options.onIdle(this);
  }

  /** Envoy looks at the headers once it is connected: a connection that fails is what is said first. */
  #refuseHeaders(): void {
    const fault = this.#fault;
    const listener = this.#listener;
    if (fault === undefined || listener === undefined) return;
    this.reset();
    listener.onUpstreamHeadersRefused(fault);
  }

  #endRequest(): void {
    this.#requestEnded = true;
  }

  #onEnd(): void {
    if (this.#listener !== undefined && !this.#parser.finish()) {
      // To Envoy's codec, an answer that has begun and does not end.
      const began = this.#parser.inHead || this.#parser.inMessage;
      this.#fail(began ? 'protocol error' : 'connection termination');
    }
    this.destroy();
  }

  #onError(error: NodeJS.ErrnoException): void {
    // A reset ends what a FIN would end: an answer without a length is whole with it.
    if (this.#info !== undefined) {
      this.#onEnd();
      return;
    }
    const nameFailed = error.syscall === 'getaddrinfo';
    this.#fail(nameFailed ? 'no healthy upstream' : 'remote connection failure', failureText(error));
  }

  #onClose(): void {
    this.#closed = true;
    this.#cancelConnectTimer();
    this.#fail('connection termination');
  }

  #fail(reason: ResetReason, detail?: string): void {
    this.#cancelConnectTimer();
    const listener = this.#listener;
    this.#listener = undefined;
    this.#parser.stop();
    this.destroy();
    listener?.onUpstreamReset(reason, detail);
  }
}
