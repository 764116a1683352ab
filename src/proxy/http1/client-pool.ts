/** Connections to one HTTP/1 upstream: the most recently used idle one is taken first, a new one made when there is none. */
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Upstream, UpstreamListener, UpstreamStream } from '../streams.ts';
import { Http1ClientConnection } from './client-connection.ts';

export interface PoolTarget {
  readonly host: string;
  readonly port: number;
  /** Present for https. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'rejectUnauthorized' | 'servername'>;
}

export interface PoolOptions {
  readonly trailers: boolean;
  /** Envoy before 1.38 shows the `keep-alive` response header to filters. */
  readonly keepAliveShown: boolean;
  /** Envoy's default is 5 s. */
  readonly connectTimeoutMs: number;
}

/** Envoy's circuit breaker: this many connections to one cluster; a request above it is answered 503 overflow. */
const maxConnections = 1024;
let lastConnectionId = 0;

export class Http1Pool implements Upstream {
  readonly #target: PoolTarget;
  readonly #options: PoolOptions;
  readonly #idle: Http1ClientConnection[] = [];
  readonly #all = new Set<Http1ClientConnection>();
  #closing = false;

  constructor(target: PoolTarget, options: PoolOptions) {
    this.#target = target;
    this.#options = options;
  }

  open(listener: UpstreamListener): UpstreamStream {
    const connection = this.#idle.pop() ?? (this.#all.size < maxConnections ? this.#connect() : undefined);
    if (connection === undefined) return overflow(listener);
    connection.assign(listener);
    return connection;
  }

  close(): void {
    this.#closing = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  #connect(): Http1ClientConnection {
    const { host, port, tls } = this.#target;
    const socket =
      tls === undefined
        ? connectTcp({ host, port })
        : connectTls({ host, port, ALPNProtocols: ['http/1.1'], ...tls });
    const connection = new Http1ClientConnection(
      socket,
      tls === undefined ? 'connect' : 'secureConnect',
      this.#options.connectTimeoutMs,
      ++lastConnectionId,
      {
        trailers: this.#options.trailers,
        keepAliveShown: this.#options.keepAliveShown,
        onIdle: idle => {
          if (this.#closing) idle.destroy();
          else this.#idle.push(idle);
        },
        onClose: closed => {
          this.#all.delete(closed);
          const at = this.#idle.indexOf(closed);
          if (at >= 0) this.#idle.splice(at, 1);
        },
      },
    );
    this.#all.add(connection);
    return connection;
  }
}

function overflow(listener: UpstreamListener): UpstreamStream {
  let open = true;
  setImmediate(() => {
    if (open) listener.onUpstreamReset('overflow');
  });
  return {
    sendHeaders() {},
    sendData() {},
    sendTrailers() {},
    pauseResponse() {},
    reset() {
      open = false;
    },
  };
}
