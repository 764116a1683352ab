/** The listening socket: accepts connections and gives each to the codec that its first bytes ask for. */
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { WasmeError } from '../errors.ts';
import { isSystemError } from '../io/files.ts';
import { connectionInfo } from './http1/client-connection.ts';
import { Http1ServerConnection } from './http1/server-connection.ts';
import type { RequestDecoder, ResponseEncoder } from './streams.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Pass HTTP/1 trailers on. */
  readonly trailers: boolean;
  readonly open: (encoder: ResponseEncoder) => RequestDecoder;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting; connections end when their exchange has ended. */
  close(): Promise<void>;
}

let lastConnectionId = 0;

/** Listens for HTTP. Fails with PORT_IN_USE. */
export async function listenHttp(options: ListenerOptions): Promise<Listener> {
  const connections = new Set<Http1ServerConnection>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket);
    const connection = new Http1ServerConnection(socket, connectionInfo(socket, ++lastConnectionId), {
      secure: false,
      trailers: options.trailers,
      open: options.open,
    });
    connections.add(connection);
    socket.once('close', () => {
      sockets.delete(socket);
      connections.delete(connection);
    });
  });
  const port = await listen(server, options.host, options.port);
  return {
    port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const connection of connections) connection.drain();
        setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, drainMs).unref();
      }),
  };
}

/** How long running exchanges may go on after the listener was closed. */
const drainMs = 1_000;

/** Binds a server and gives its port. Fails with PORT_IN_USE, or PORT_REFUSED where the system does not allow it. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw listenError(error, host, port);
  }
  return (server.address() as AddressInfo).port;
}

function listenError(error: unknown, host: string, port: number): unknown {
  if (!isSystemError(error)) return error;
  if (error.code === 'EADDRINUSE') {
    return new WasmeError('PORT_IN_USE', `port ${port} on ${host} is already taken`, {
      hint: `stop what listens there, or name another port with --port (0 takes any free one)`,
      cause: error,
      details: { host, port },
    });
  }
  return new WasmeError('PORT_REFUSED', `cannot listen on ${host}:${port}: ${error.code ?? error.message}`, {
    hint:
      port < 1024 ? 'ports below 1024 need privileges; name a higher one with --port' : 'name another port',
    cause: error,
    details: { host, port },
  });
}
