/** A forward proxy as companies have them: CONNECT for TLS, whole URLs for plain HTTP, a login if wanted. */
import { type IncomingMessage, type ServerResponse, createServer, request as forward } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Certificate } from './real-registry.ts';

export interface ForwardProxy {
  readonly port: number;
  /** `CONNECT registry.test:443`, `GET http://registry.test/v2/…`, in order. */
  readonly log: string[];
  /** Headers that it saw, of every request. */
  readonly seen: IncomingMessage['headers'][];
}

export interface ForwardProxyOptions {
  /** Maps names to addresses: the proxy knows hosts that the client cannot look up. */
  readonly ports: Readonly<Record<string, number>>;
  /** `user:password` that it asks for. */
  readonly login?: string;
  /** Speaks TLS itself. */
  readonly tls?: Certificate;
}

/** Started for the current test, on 127.0.0.1. */
export async function forwardProxy({ ports, login, tls }: ForwardProxyOptions): Promise<ForwardProxy> {
  const sockets = new Set<Socket>();
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (!note(request)) return void response.writeHead(407).end();
    const url = new URL(request.url ?? '');
    const headers = { ...request.headers };
    delete headers['proxy-authorization'];
    const target = { host: '127.0.0.1', port: ports[url.hostname], path: `${url.pathname}${url.search}` };
    const out = forward({ ...target, method: request.method, headers }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    out.on('error', () => response.destroy());
    request.pipe(out);
  };
  const server =
    tls === undefined
      ? createServer(onRequest)
      : createTlsServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, onRequest);
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const port = ports[(request.url ?? '').replace(/:\d+$/, '')];
    if (!note(request)) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    if (port === undefined) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const out = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      out.write(head);
      socket.pipe(out).pipe(socket);
    });
    for (const end of [socket, out]) {
      sockets.add(end);
      end.on('error', () => {
        socket.destroy();
        out.destroy();
      });
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const proxy: ForwardProxy = { port: (server.address() as AddressInfo).port, log: [], seen: [] };
  return proxy;

  /** Whether the client may. */
  function note(request: IncomingMessage): boolean {
    proxy.log.push(`${request.method} ${request.url}`);
    proxy.seen.push(request.headers);
    const wanted = `Basic ${Buffer.from(login ?? '').toString('base64')}`;
    return login === undefined || request.headers['proxy-authorization'] === wanted;
  }
}
