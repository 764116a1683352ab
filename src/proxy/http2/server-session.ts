/** HTTP/2 clients: each stream of a session is an exchange. The session itself is node:http2's. */
import { type Http2Server, type ServerHttp2Stream, constants, createServer } from 'node:http2';
import type { Duplex } from 'node:stream';
import { HeaderMap } from '../../host/http/header-map.ts';
import { addJoined } from '../../host/http/inline-headers.ts';
import { MapType } from '../../host/status.ts';
import type { ConnectionInfo } from '../../host/types.ts';
import { maxHeadBytes, maxHeaderCount } from '../http1/protocol-error.ts';
import { HeaderKind, knownName } from '../http1/known-headers.ts';
import { finishResponseHeaders } from '../response-headers.ts';
import type { RequestDecoder, RequestInfo, ResponseEncoder } from '../streams.ts';
import { BodyEnd } from './body-end.ts';
import { fromHttp2, toHttp2 } from './headers.ts';

export interface Http2Options {
  readonly secure: boolean;
  readonly open: (encoder: ResponseEncoder) => RequestDecoder;
}

/** Serves HTTP/2 on sockets that others have accepted. */
export class Http2Sessions {
  readonly #server: Http2Server;
  readonly #connections = new WeakMap<object, ConnectionInfo>();
  readonly #streams = new Set<ServerStream>();

  constructor(options: Http2Options) {
    this.#server = createServer({
      // Envoy's limits; one pair more than allowed has to come through so that it can be answered.
      maxHeaderListPairs: maxHeaderCount + 32,
      settings: {
        maxConcurrentStreams: 1024,
        initialWindowSize: 256 * 1024,
        maxHeaderListSize: 2 * maxHeadBytes,
      },
    });
    this.#server.on('stream', (stream, headers, _flags, raw?: string[]) => {
      // A stream that is refused or reset reports an error, which would end the worker if nothing listened.
      stream.on('error', () => undefined);
      if (!authority.test(headers[':authority'] ?? headers.host ?? '')) {
        stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
        return;
      }
      const connection = this.#connections.get(stream.session?.socket ?? {}) ?? unknownConnection;
      const served = new ServerStream(stream, connection, options);
      this.#streams.add(served);
      stream.once('close', () => this.#streams.delete(served));
      served.begin(fromHttp2(raw ?? [], headers));
    });
    this.#server.on('sessionError', () => undefined);
  }

  /** Counts one more sweep for streams that stand still. */
  sweep(idleSweeps: number): void {
    for (const stream of this.#streams) stream.sweep(idleSweeps);
  }

  serve(socket: Duplex, connection: ConnectionInfo): void {
    // node:http2 wraps the socket; its wrapper is what a stream knows.
    this.#server.once('session', session => {
      this.#connections.set(session.socket, connection);
      // node:http2 closes a session at the client's GOAWAY and refuses what comes behind it: a client says with it only
      // that it takes no more streams of the server, and Envoy answers the requests that follow.
      session.close = () => undefined;
      session.once('error', () => socket.destroy());
    });
    this.#server.emit('connection', socket);
  }
}

/** Made of what Envoy allows in HTTP/2; node:http2 lets a user name pass. */
const authority = /^[\w!$%&'()*+,\-.:;=[\]~]+$/;

const unknownConnection: ConnectionInfo = { id: 0, localAddress: '', remoteAddress: '' };

class ServerStream implements ResponseEncoder {
  readonly connection: ConnectionInfo;
  readonly protocol = 'HTTP/2';
  readonly #stream: ServerHttp2Stream;
  readonly #options: Http2Options;
  #exchange: RequestDecoder | undefined;
  #trailers: HeaderMap | undefined;
  #full = false;
  #pauses = 0;
  #responseEnded = false;

  constructor(stream: ServerHttp2Stream, connection: ConnectionInfo, options: Http2Options) {
    this.#stream = stream;
    this.connection = connection;
    this.#options = options;
  }

  begin(received: HeaderMap): void {
    const stream = this.#stream;
    const exchange = (this.#exchange = this.#options.open(this));
    const endOfStream = stream.endAfterHeaders;
    const bodyEnd = new BodyEnd({ body: (data, end) => this.#exchange?.decodeData(data, end) });
    let trailers: HeaderMap | undefined;
    stream.on('data', (data: Buffer) => bodyEnd.data(data));
    stream.on('trailers', (headers, _flags, raw?: string[]) => (trailers = fromHttp2(raw ?? [], headers)));
    stream.on('end', () => {
      if (endOfStream || stream.aborted) return;
      if (trailers === undefined) {
        bodyEnd.end();
        return;
      }
      bodyEnd.flush();
      this.#exchange?.decodeTrailers(trailers);
    });
    stream.on('wantTrailers', () => {
      stream.sendTrailers(this.#trailers === undefined ? {} : toHttp2(this.#trailers));
    });
    stream.on('drain', () => {
      if (!this.#full) return;
      this.#full = false;
      this.#exchange?.onDownstreamWritable(true);
    });
    stream.on('close', () => {
      const abandoned = this.#responseEnded ? undefined : this.#exchange;
      this.#exchange = undefined;
      abandoned?.onDownstreamReset();
    });
    if (received.size > maxHeaderCount || received.byteSize() > maxHeadBytes) {
      stream.destroy(new Error('too many headers'));
      return;
    }
    const { headers, facts, expectContinue } = requestMap(received, this.#options.secure);
    if (expectContinue) stream.additionalHeaders({ ':status': 100 });
    exchange.decodeHeaders(headers, endOfStream, facts);
  }

  requestAsReceived(): undefined {}

  sweep(idleSweeps: number): void {
    this.#exchange?.sweep(idleSweeps);
  }

  encodeHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#stream.destroyed) return;
    finishResponseHeaders(headers, false);
    try {
      this.#stream.respond(toHttp2(headers), { endStream: endOfStream, waitForTrailers: true });
    } catch {
      // A filter made headers that HTTP/2 cannot carry.
      this.resetResponse();
      return;
    }
    if (endOfStream) this.#end();
  }

  encodeData(data: Uint8Array, endOfStream: boolean): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return;
    if (data.length > 0 && !stream.write(data) && !this.#full) {
      this.#full = true;
      this.#exchange?.onDownstreamWritable(false);
    }
    if (!endOfStream) return;
    stream.end();
    this.#end();
  }

  encodeTrailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
    this.#stream.end();
    this.#end();
  }

  resetResponse(): void {
    this.#end();
    // `close` would first end the stream in good order; an error does not, and resets with INTERNAL_ERROR as Envoy does.
    this.#stream.destroy(new Error('reset'));
  }

  /** A stream of HTTP/2 ends by itself. */
  closeAfterResponse(): void {}

  pauseRequest(paused: boolean): void {
    this.#pauses += paused ? 1 : -1;
    if (this.#pauses > 0) this.#stream.pause();
    else this.#stream.resume();
  }

  #end(): void {
    this.#responseEnded = true;
  }
}

interface Received {
  readonly headers: HeaderMap;
  readonly facts: RequestInfo;
  readonly expectContinue: boolean;
}

/** The map a filter sees: as sent, without what a client may not say to Envoy; cookie crumbs joined at the end. */
function requestMap(received: HeaderMap, secure: boolean): Received {
  const headers = new HeaderMap();
  let cookie: string | undefined;
  let forwardedProto: string | undefined;
  let hasRequestId = false;
  let expectContinue = false;
  for (const [name, value] of received.entries) {
    const kind = knownName(name)?.kind ?? HeaderKind.Plain;
    if (kind === HeaderKind.Internal || kind === HeaderKind.Hop) continue;
    if (kind === HeaderKind.ForwardedProto) forwardedProto = value;
    if (kind === HeaderKind.RequestId) hasRequestId = true;
    if (kind === HeaderKind.Expect && value.toLowerCase() === '100-continue') {
      expectContinue = true;
      continue;
    }
    if (kind === HeaderKind.Host) {
      if (!received.has(':authority')) headers.entries.unshift([':authority', value]);
      continue;
    }
    if (name === 'cookie') cookie = cookie === undefined ? value : `${cookie}; ${value}`;
    else addJoined(headers.entries, MapType.RequestHeaders, name, value);
  }
  if (cookie !== undefined) headers.append('cookie', cookie);
  return { headers, facts: { secure, upgrade: undefined, forwardedProto, hasRequestId }, expectContinue };
}
