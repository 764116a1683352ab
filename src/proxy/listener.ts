/** The listening socket: accepts connections and gives each to the codec that its first bytes or its TLS ask for. */
import { type Socket, createServer } from 'node:net';
import { type TLSSocket, createServer as createTlsServer } from 'node:tls';
import type { ConnectionInfo } from '../host/types.ts';
import type { Certificate } from './certificate.ts';
import { connectionInfo } from './sockets/connection-info.ts';
import { Http1ServerConnection } from './http1/server-connection.ts';
import { Http2Sessions } from './http2/server-session.ts';
import { bind, descriptorOf } from './sockets/socket-copy.ts';
import type { RequestDecoder, ResponseEncoder } from './streams.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Another worker's listening socket, to accept from as well. */
  readonly socket?: number | undefined;
  /** Pass HTTP/1 trailers on. */
  readonly trailers: boolean;
  /** Present: TLS, with HTTP/2 when the client can. */
  readonly certificate?: Certificate | undefined;
  readonly open: (encoder: ResponseEncoder) => RequestDecoder;
}

export interface Listener {
  readonly port: number;
  /** Its listening socket, for other workers; undefined where the system has no descriptors. */
  readonly socket: number | undefined;
  /** Counts one more sweep for streams that stand still; so many in a row end them. */
  sweep(idleSweeps: number): void;
  /** Stops accepting; connections end when their exchange has ended, or after a second. */
  close(): Promise<void>;
}

let lastConnectionId = 0;

/** The connection preface of HTTP/2, which a client sends first on a plain connection. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Listens for HTTP/1 and HTTP/2. Fails with PORT_IN_USE or PORT_REFUSED. */
export async function listenHttp(options: ListenerOptions): Promise<Listener> {
  const acceptor = new Acceptor(options);
  const server =
    options.certificate === undefined
      ? createServer({ noDelay: true }, socket => acceptor.plain(socket))
      : createTlsServer({ ...options.certificate, ALPNProtocols: ['h2', 'http/1.1'] }, socket =>
          acceptor.secure(socket),
        );
  server.on('tlsClientError', () => undefined);
  const port = await bind(server, options);
  return {
    port,
    socket: descriptorOf(server),
    sweep: idleSweeps => acceptor.sweep(idleSweeps),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        acceptor.drain();
      }),
  };
}

class Acceptor {
  readonly #options: ListenerOptions;
  readonly #http2: Http2Sessions;
  readonly #sockets = new Map<Socket, Http1ServerConnection | undefined>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#http2 = new Http2Sessions({ secure: options.certificate !== undefined, open: options.open });
  }

  /** HTTP/2 without TLS is known by its preface. */
  plain(socket: Socket): void {
    const info = this.#keep(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', (data: Buffer) => {
      const known = data.subarray(0, preface.length);
      if (known.equals(preface.subarray(0, known.length)) && known.length >= 3) {
        socket.pause();
        socket.unshift(data);
        this.#http2.serve(socket, info);
      } else if (known.toString('latin1').startsWith('PRI * HTTP/2')) socket.destroy();
      else this.#http1(socket, info).unread(data);
    });
  }

  secure(socket: TLSSocket): void {
    const info: ConnectionInfo = {
      ...this.#keep(socket),
      tls: {
        version: socket.getProtocol() ?? '',
        mtls: false,
        subjectLocal: '',
        subjectPeer: '',
        dnsSanLocal: 'localhost',
        dnsSanPeer: '',
        uriSanLocal: '',
        uriSanPeer: '',
        sha256Peer: '',
      },
      ...(typeof socket.servername === 'string' ? { requestedServerName: socket.servername } : {}),
    };
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol === 'h2') this.#http2.serve(socket, info);
    else this.#http1(socket, info);
  }

  sweep(idleSweeps: number): void {
    for (const connection of this.#sockets.values()) connection?.sweep(idleSweeps);
    this.#http2.sweep(idleSweeps);
  }

  drain(): void {
    for (const connection of this.#sockets.values()) connection?.drain();
    setTimeout(() => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    }, drainMs).unref();
    for (const [socket, connection] of this.#sockets) if (connection === undefined) socket.destroySoon();
  }

  #keep(socket: Socket): ConnectionInfo {
    this.#sockets.set(socket, undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    return connectionInfo(socket, ++lastConnectionId);
  }

  #http1(socket: Socket, info: ConnectionInfo): Http1ServerConnection {
    const { certificate, trailers, open } = this.#options;
    const connection = new Http1ServerConnection(socket, info, {
      secure: certificate !== undefined,
      trailers,
      open,
    });
    this.#sockets.set(socket, connection);
    return connection;
  }
}

/** Time that running exchanges get to end after the listener was closed. */
const drainMs = 1_000;
