/** The proxy without filters through real sockets; what is expected here was seen in Envoy 1.40 (test/real compares). */
import { expect, it } from 'vitest';
import { startEcho, type EchoAnswer } from '../../../src/proxy/upstream/echo.ts';
import { type Proxy, startProxy } from '../../../src/proxy/proxy.ts';
import type { ProxyStreamInfo } from '../../../src/proxy/stream-info.ts';
import {
  type Answer,
  type RawUpstream,
  closing,
  rawRequest,
  rawUpstream,
} from '../../helpers/servers/raw-http.ts';
import { refusedPort } from '../../helpers/servers/ports.ts';
import { oneCluster } from '../../helpers/servers/proxy-clusters.ts';

const ok: Answer = ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'];

async function proxyTo(port: number, timeoutMs = 15_000): Promise<Proxy> {
  return closing(
    await startProxy({
      host: '127.0.0.1',
      port: 0,
      clusters: closing(oneCluster(port)),
      routes: [{ prefix: '/', cluster: 'upstream', timeoutMs }],
    }),
  );
}

async function pair(answer: (request: string) => Answer): Promise<[Proxy, RawUpstream]> {
  const upstream = closing(await rawUpstream(answer));
  return [await proxyTo(upstream.port), upstream];
}

/** Takes out what differs from run to run. */
function stable(text: string): string {
  return text
    .replace(/date: [^\r]+/g, 'date: D')
    .replace(/x-request-id: [0-9a-f-]{36}/g, 'x-request-id: R')
    .replace(/service-time: \d+/g, 'service-time: N');
}

it('adds what Envoy adds and drops what belongs to the hop', async () => {
  const [proxy, upstream] = await pair(() => ok);
  const { text } = await rawRequest(
    proxy.port,
    'GET /x HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nConnection: X-Nom\r\nX-Nom: 1\r\nKeep-Alive: 5\r\nTE: trailers, deflate\r\nx-envoy-retry-on: 5xx\r\n\r\n',
  );
  expect(stable(text)).toBe(
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-envoy-upstream-service-time: N\r\ndate: D\r\nserver: envoy\r\n\r\nhi',
  );
  expect(stable(upstream.received[0] ?? '')).toBe(
    'GET /x HTTP/1.1\r\nhost: a\r\nx-a: 1\r\nte: trailers\r\nx-forwarded-proto: http\r\nx-request-id: R\r\nx-envoy-expected-rq-timeout-ms: 15000\r\n\r\n',
  );
});

it('keeps connections on both sides', async () => {
  const [proxy, upstream] = await pair(() => ok);
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  const { text } = await rawRequest(
    proxy.port,
    request.repeat(3),
    all => all.split('\r\n\r\nhi').length === 4,
  );
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  expect(upstream.received).toHaveLength(1);
});

it.each([
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, ''],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', 426, 'Upgrade Required'],
  ['garbage', 'GARBAGE\r\n\r\n', 400, 'Bad Request'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nx\r\n\r\n', 400, 'Bad Request'],
  ['NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nx: \0\r\n\r\n', 400, 'Bad Request'],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na',
    400,
    'Bad Request',
  ],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
    'Bad Request',
  ],
  [
    'an unknown transfer encoding',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    501,
    'Not Implemented',
  ],
  [
    'a bad chunk',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    400,
    'Bad Request',
  ],
  [
    '101 headers',
    `GET / HTTP/1.1\r\nHost: a\r\n${'x: 1\r\n'.repeat(100)}\r\n`,
    431,
    'Request Header Fields Too Large',
  ],
  [
    'more than 60 KiB',
    `GET / HTTP/1.1\r\nHost: a\r\nx: ${'a'.repeat(61 * 1024)}\r\n\r\n`,
    431,
    'Request Header Fields Too Large',
  ],
  ['an upgrade', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 403, ''],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 404, ''],
  ['a fragment', 'GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n', 400, ''],
])('refuses %s and closes', async (_what, request, status, body) => {
  const [proxy] = await pair(() => ok);
  const { text } = await rawRequest(proxy.port, request);
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(text).toContain('connection: close\r\n');
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(body);
});

it.each([
  ['ends', ['FIN'], 503, 'connection termination'],
  ['resets', ['RST'], 503, 'connection termination'],
  ['talks nonsense', ['nonsense\r\n\r\n'], 502, 'protocol error'],
] as [string, Answer, number, string][])(
  'answers in Envoy’s words when the upstream %s',
  async (_what, answer, status, reason) => {
    const [proxy] = await pair(() => answer);
    const { text } = await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toContain(
      `\r\n\r\nupstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
    );
  },
);

it('answers 503 when nothing listens and 504 when nothing answers', async () => {
  const silent = closing(await rawUpstream(() => []));
  const toSilent = await proxyTo(silent.port, 50);
  const slow = await rawRequest(toSilent.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(slow.text).toMatch(/^HTTP\/1.1 504 Gateway Timeout\r\n[^]*\r\n\r\nupstream request timeout$/);
  const toNobody = await proxyTo(refusedPort);
  const refused = await rawRequest(toNobody.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(refused.text).toMatch(/^HTTP\/1.1 503 [^]*reset reason: remote connection failure$/);
});

it.each([false, true])(
  'reports why the upstream cannot be reached to filters, and in the reply of older hosts (HTTP/2 upstream: %s)',
  async http2 => {
    const ended: ProxyStreamInfo[] = [];
    const proxy = closing(
      await startProxy({
        host: '127.0.0.1',
        port: 0,
        clusters: closing(oneCluster(refusedPort, http2)),
        routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
        showTransportFailure: true,
        onExchange: facts => ended.push(facts),
      }),
    );
    const { text } = await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const cause = 'delayed connect error: Connection refused';
    expect(text).toMatch(
      new RegExp(`reset reason: remote connection failure, transport failure reason: ${cause}$`),
    );
    await expect.poll(() => ended).toHaveLength(1);
    expect(ended[0]?.upstreamTransportFailure).toBe(cause);
  },
);

it('closes the connection to the client when the upstream closes in the middle of a response', async () => {
  const [proxy] = await pair(() => ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhey', 'FIN']);
  const answer = await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', () => false);
  expect(answer.closed).toBe(true);
  expect(answer.text).toMatch(/\r\n\r\nhey$/);
});

it('answers 100-continue itself and passes bodies and trailers on', async () => {
  const echo = closing(await startEcho());
  const proxy = await proxyTo(echo.port);
  const { text } = await rawRequest(
    proxy.port,
    'POST /p?q HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n',
  );
  expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  const answer = JSON.parse(text.slice(text.indexOf('{'))) as EchoAnswer;
  expect(answer).toMatchObject({
    method: 'POST',
    path: '/p?q',
    body: 'abcde',
    bodyBytes: 5,
    trailers: { 'x-t': '1' },
  });
  expect(answer.headers['expect']).toBeUndefined();
});

it('passes a large body through without keeping it', async () => {
  const echo = closing(await startEcho());
  const proxy = await proxyTo(echo.port);
  const response = await fetch(`http://127.0.0.1:${proxy.port}/`, {
    method: 'POST',
    body: 'x'.repeat(8 * 1024 * 1024),
  });
  const answer = (await response.json()) as EchoAnswer;
  expect(answer.bodyBytes).toBe(8 * 1024 * 1024);
  expect(answer.body).toHaveLength(1024 * 1024);
});

it('stops the upstream request when the client goes away', async () => {
  let closed: (() => void) | undefined;
  const gone = new Promise<void>(resolve => (closed = resolve));
  const [proxy, upstream] = await pair(() => []);
  void upstream;
  const { connect } = await import('node:net');
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => upstream.received[0]).toContain('GET /');
  expect(proxy.active).toBe(1);
  socket.destroy();
  socket.once('close', () => closed?.());
  await gone;
  await expect.poll(() => proxy.active).toBe(0);
});

it('fails with PORT_IN_USE when its port is already in use', async () => {
  const first = await proxyTo(1);
  await expect(
    startProxy({ host: '127.0.0.1', port: first.port, clusters: oneCluster(1), routes: [] }),
  ).rejects.toMatchObject({
    code: 'PORT_IN_USE',
  });
});
