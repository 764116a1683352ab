/** One HTTP/1 client: bytes → requests for an exchange each, responses → bytes. One request at a time, as they came. */
import type { Socket } from 'node:net';
import { HeaderMap } from '../../host/http/header-map.ts';
import type { ConnectionInfo } from '../../host/types.ts';
import { finishResponseHeaders } from '../response-headers.ts';
import type { RequestDecoder, ResponseEncoder } from '../streams.ts';
import { encodeResponseHead, encodeTrailers } from './encode.ts';
import type { Framing } from './framing.ts';
import { type RequestHead, headAsReceived, parseRequestHead } from './head.ts';
import { HttpProtocolError } from './protocol-error.ts';
import { MessageParser } from './parser.ts';
import { pseudoHeaders } from './request-target.ts';
import { SocketWriter } from './socket-writer.ts';

/** A client may send this much of its next request while one is being answered. */
const maxPipelinedBytes = 64 * 1024;
/** Envoy keeps a connection that it wants closed for a second, so that the client can read the answer. */
const delayedCloseMs = 1_000;

export interface ServerOptions {
  readonly secure: boolean;
  /** Pass trailers on; without it HTTP/1 trailers are dropped, as Envoy does by default. */
  readonly trailers: boolean;
  readonly open: (encoder: ResponseEncoder) => RequestDecoder;
}

export class Http1ServerConnection implements ResponseEncoder {
  readonly connection: ConnectionInfo;
  readonly protocol = 'HTTP/1.1';
  readonly #socket: Socket;
  readonly #options: ServerOptions;
  readonly #parser: MessageParser;
  readonly #output: SocketWriter;
  #exchange: RequestDecoder | undefined;
  #head: RequestHead | undefined;
  /** True after the exchange was notified of the end of its request. */
  #requestEnded = false;
  /** The parser has left the message, which for a request without body is a moment later. */
  #messageEnded = false;
  #responseEnded = false;
  #responseStarted = false;
  #chunked = false;
  #close = false;
  #pauses = 0;
  #heldBack = false;
  #draining = false;
  /** The head of the request that is answered now. */
  #text = '';
  #sweeps = 0;

  constructor(socket: Socket, connection: ConnectionInfo, options: ServerOptions) {
    this.#socket = socket;
    this.connection = connection;
    this.#options = options;
    this.#parser = new MessageParser(
      {
        head: text => this.#onHead(text),
        body: data => this.#exchange?.decodeData(data, false),
        end: trailers => this.#onEnd(trailers === undefined ? undefined : new HeaderMap(trailers)),
      },
      'requests',
    );
    this.#output = new SocketWriter(socket, writable => this.#exchange?.onDownstreamWritable(writable));
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => this.#onData(data));
    socket.on('end', () => this.#onClientGone());
    socket.on('close', () => this.#onClientGone());
    socket.on('error', () => this.#onClientGone());
  }

  /** Bytes that were read before this connection was made. */
  unread(data: Buffer): void {
    this.#onData(data);
  }

  /** Closes when the current exchange has ended, or now. */
  drain(): void {
    this.#close = true;
    if (this.#exchange === undefined) this.#socket.destroySoon();
  }

  /** Called at equal intervals; a request head that is not finished counts as a stream that stands still. */
  sweep(idleSweeps: number): void {
    this.#exchange?.sweep(idleSweeps);
    if (this.#exchange !== undefined || this.#draining || !this.#parser.inHead) this.#sweeps = 0;
    else if (++this.#sweeps >= idleSweeps) {
      this.#close = true;
      this.#parser.stop();
      this.#begin(undefined).onIdleTimeout();
    }
  }

  #onData(data: Buffer): void {
    if (this.#draining) return;
    try {
      this.#parser.feed(data);
    } catch (error) {
      if (!(error instanceof HttpProtocolError)) throw error;
      this.#refuse(error);
      return;
    }
    if (this.#requestEnded && this.#parser.heldBytes > maxPipelinedBytes) this.#hold(true);
  }

  #onHead(text: string): Framing {
    const head = parseRequestHead(text);
    this.#text = text;
    const { secure } = this.#options;
    head.headers.unshift(...pseudoHeaders(head, secure));
    this.#begin(head);
    // A tunnel that is refused leaves bytes behind that are no request.
    if (head.close || head.method === 'CONNECT') this.#close = true;
    const endOfStream = head.framing.kind === 'none';
    if (endOfStream) this.#requestEnded = true;
    // Envoy answers the expectation itself and does not pass it on.
    if (head.expectContinue) this.#output.text('HTTP/1.1 100 Continue\r\n\r\n');
    this.#exchange?.decodeHeaders(new HeaderMap(head.headers), endOfStream, {
      secure,
      upgrade: head.upgrade,
      forwardedProto: head.forwardedProto,
      hasRequestId: head.hasRequestId,
    });
    return head.framing;
  }

  #begin(head: RequestHead | undefined): RequestDecoder {
    this.#head = head;
    this.#requestEnded = false;
    this.#messageEnded = false;
    this.#responseEnded = false;
    this.#responseStarted = false;
    this.#chunked = false;
    this.#exchange = this.#options.open(this);
    return this.#exchange;
  }

  #onEnd(trailers: HeaderMap | undefined): void {
    this.#messageEnded = true;
    if (this.#requestEnded) {
      this.#finishWhenDone();
      return;
    }
    this.#requestEnded = true;
    if (trailers !== undefined && this.#options.trailers) this.#exchange?.decodeTrailers(trailers);
    else this.#exchange?.decodeData(Buffer.alloc(0), true);
    this.#finishWhenDone();
  }

  #refuse(error: HttpProtocolError): void {
    this.#close = true;
    this.#parser.stop();
    if (this.#exchange === undefined) this.#begin(undefined);
    this.#requestEnded = true;
    this.#exchange?.onProtocolError(error.status, 'http1.codec_error');
  }

  #onClientGone(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#parser.stop();
    exchange?.onDownstreamReset();
    this.#socket.destroy();
  }

  requestAsReceived(): HeaderMap {
    return headAsReceived(this.#text);
  }

  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#responseEnded) return;
    this.#responseStarted = true;
    // The rest of a request that is answered early would have to be read for nothing.
    if (!this.#requestEnded) this.#close = true;
    finishResponseHeaders(headers, this.#close);
    const { text, chunked } = encodeResponseHead(headers, {
      endOfStream,
      toHead: this.#head?.method === 'HEAD',
    });
    this.#chunked = chunked;
    this.#output.text(text);
    if (endOfStream) this.#endResponse();
  }

  encodeData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#responseEnded) return;
    if (data.length > 0 && this.#head?.method !== 'HEAD') {
      if (this.#chunked) this.#output.chunk(data);
      else this.#output.bytes(data);
    }
    if (!endOfStream) return;
    if (this.#chunked) this.#output.text('0\r\n\r\n');
    this.#endResponse();
  }

  encodeTrailers(trailers: HeaderMap): void {
    if (this.#responseEnded) return;
    if (this.#chunked) this.#output.text(this.#options.trailers ? encodeTrailers(trailers) : '0\r\n\r\n');
    this.#endResponse();
  }

  resetResponse(): void {
    this.#exchange = undefined;
    this.#parser.stop();
    this.#draining = true;
    if (this.#responseStarted) this.#output.flush();
    this.#socket.destroySoon();
  }

  closeAfterResponse(): void {
    this.#close = true;
  }

  pauseRequest(paused: boolean): void {
    this.#pauses += paused ? 1 : -1;
    if (this.#pauses > 0) this.#socket.pause();
    else if (!this.#heldBack) this.#socket.resume();
  }

  #hold(hold: boolean): void {
    this.#heldBack = hold;
    if (hold) this.#socket.pause();
    else if (this.#pauses === 0) this.#socket.resume();
  }

  #endResponse(): void {
    this.#responseEnded = true;
    if (!this.#requestEnded) this.#parser.stop();
    this.#finishWhenDone();
  }

  /** Both sides of the exchange are through: the next request may be read, or the connection ends. */
  #finishWhenDone(): void {
    if (!this.#responseEnded || this.#exchange === undefined) return;
    if (!this.#messageEnded && !this.#close) return;
    this.#exchange = undefined;
    this.#head = undefined;
    if (this.#close) {
      this.#closeSlowly();
      return;
    }
    if (this.#pauses !== 0) {
      this.#pauses = 0;
      this.#socket.resume();
    }
    if (this.#heldBack) this.#hold(false);
    // Not from inside the response of this one: its caller has still to tidy up.
    if (this.#parser.heldBytes === 0) this.#release();
    else setImmediate(() => this.#release());
  }

  #release(): void {
    try {
      this.#parser.release();
    } catch (error) {
      if (!(error instanceof HttpProtocolError)) throw error;
      this.#refuse(error);
    }
  }

  /** Says that no more will be sent, and gives the client a second to hang up before its bytes would meet a reset. */
  #closeSlowly(): void {
    this.#draining = true;
    this.#output.flush();
    this.#socket.end();
    if (this.#pauses > 0 || this.#heldBack) this.#socket.resume();
    setTimeout(() => this.#socket.destroy(), delayedCloseMs).unref();
  }
}
