/** Connections to upstreams that end without a word: no request is lost on one that had ended already. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type ServerHttp2Stream, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startProxy } from '../../../src/proxy/proxy.ts';
import { oneCluster } from '../../helpers/servers/proxy-clusters.ts';
import { type Answer, closing, rawUpstream } from '../../helpers/servers/raw-http.ts';

const requests = 200;
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n';

it.each<[name: string, answer: Answer, method: string]>([
  ['with a FIN behind its answer', [ok, 'FIN'], 'GET'],
  ['with a FIN behind its answer to a POST', [ok, 'FIN'], 'POST'],
  ['with a FIN behind a chunked answer', [chunked, 'FIN'], 'GET'],
])('answers every keep-alive request while an HTTP/1 upstream closes %s', async (_name, answer, method) => {
  const upstream = closing(await rawUpstream(() => answer));
  expect(await statuses(await proxyTo(upstream.port), method)).toEqual({ 200: requests });
});

it.each<[name: string, answer: Answer]>([
  ['with a FIN', [ok, 1, 'FIN']],
  ['with a reset', [ok, 1, 'RST']],
])('answers every request that comes after an HTTP/1 upstream has closed %s', async (_name, answer) => {
  const upstream = closing(await rawUpstream(() => answer));
  expect(await statuses(await proxyTo(upstream.port), 'GET', () => upstream.hungUp())).toEqual({
    200: requests,
  });
});

it('sends a request once when an HTTP/1 upstream ends a connection that it kept alive before', async () => {
  let asked = 0;
  const upstream = closing(await rawUpstream(() => (++asked === 1 ? [ok] : ['FIN'])));
  expect(await statuses(await proxyTo(upstream.port), 'GET', undefined, 2)).toEqual({ 200: 1, 503: 1 });
  expect(asked).toBe(2);
  expect(upstream.received).toHaveLength(1);
});

it.each<[name: string, close: (stream: ServerHttp2Stream) => void]>([
  ['with GOAWAY and leaves the connection open', stream => stream.session?.goaway(0)],
  ['with GOAWAY and a FIN', stream => stream.session?.close()],
])('answers every keep-alive request while an HTTP/2 upstream closes %s', async (_name, close) => {
  const relayed: Socket[] = [];
  const upstream = await relayTo(await http2Upstream(close), relayed, false);
  expect(await statuses(await proxyTo(upstream, true), 'GET')).toEqual({ 200: requests });
  await expectClosed(relayed);
});

it('answers every request that comes after an HTTP/2 upstream has closed without GOAWAY', async () => {
  const relayed: Socket[] = [];
  const upstream = await relayTo(await http2Upstream(() => undefined), relayed, true);
  const hungUp = async (): Promise<void> => {
    const last = relayed.at(-1);
    if (last !== undefined && !last.destroyed) await once(last, 'close');
  };
  expect(await statuses(await proxyTo(upstream, true), 'GET', hungUp)).toEqual({ 200: requests });
  expect(relayed).toHaveLength(requests);
  await expectClosed(relayed);
});

async function http2Upstream(close: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server = createHttp2Server();
  server.on('sessionError', () => undefined);
  server.on('stream', stream => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 });
    stream.end('hi', () => close(stream));
  });
  return listening(server);
}

/** Every connection that the upstream has given up is closed by the proxy, too. */
async function expectClosed(relayed: readonly Socket[]): Promise<void> {
  const open = (): Socket[] => relayed.filter(({ readableEnded, destroyed }) => !readableEnded && !destroyed);
  await expect.poll(() => open().length).toBeLessThanOrEqual(1);
}

/** Passes bytes on, since a server of node:http2 does not say when its client hangs up; can hang up itself after an answer. */
async function relayTo(port: number, sockets: Socket[], closes: boolean): Promise<number> {
  return listening(
    createServer({ noDelay: true }, socket => {
      sockets.push(socket);
      const onward = connect({ port, host: '127.0.0.1', noDelay: true });
      onTestFinished(() => void onward.destroy());
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
      socket.pipe(onward).pipe(socket);
      onward.on('data', (data: Buffer) => {
        if (closes && data.includes('hi')) setTimeout(() => socket.destroySoon(), 1);
      });
    }),
  );
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function proxyTo(port: number, http2 = false): Promise<number> {
  const routes = [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }];
  const clusters = closing(oneCluster(port, http2));
  return closing(await startProxy({ host: '127.0.0.1', port: 0, clusters, routes })).port;
}

async function statuses(
  port: number,
  method: string,
  answered?: () => Promise<void>,
  count = requests,
): Promise<Record<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const seen: Record<string, number> = {};
  for (let sent = 0; sent < count; sent++) {
    const status = await new Promise<number>((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent, method }, response => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end(method === 'POST' ? 'body' : undefined);
    });
    seen[status] = (seen[status] ?? 0) + 1;
    await answered?.();
  }
  return seen;
}
