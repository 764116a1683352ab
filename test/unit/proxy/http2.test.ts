/** HTTP/2 on both sides, TLS, and gRPC call-outs, each against node:http2 as the other end. */
import { X509Certificate } from 'node:crypto';
import {
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  connect,
  createServer,
} from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { HeaderMap } from '../../../src/host/http/header-map.ts';
import { makeCertificate } from '../../../src/proxy/certificate.ts';
import { type EchoAnswer, startEcho } from '../../../src/proxy/upstream/echo.ts';
import { NodeEnvironment } from '../../../src/proxy/environment.ts';
import { type Proxy, startProxy } from '../../../src/proxy/proxy.ts';
import { closing } from '../../helpers/servers/raw-http.ts';
import { oneCluster } from '../../helpers/servers/proxy-clusters.ts';

async function http2Upstream(
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<number> {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    onStream(stream, headers);
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', session => sessions.add(session));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function proxyTo(port: number, http2: boolean, tls = false): Promise<Proxy> {
  return closing(
    await startProxy({
      host: '127.0.0.1',
      port: 0,
      clusters: closing(oneCluster(port, http2)),
      routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
      ...(tls ? { certificate: makeCertificate(['localhost', '127.0.0.1'], Date.now()) } : {}),
    }),
  );
}

function session(url: string, options: { rejectUnauthorized?: boolean } = {}): ClientHttp2Session {
  const client = connect(url, options);
  onTestFinished(() => client.destroy());
  return client;
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders | undefined;
}

function exchange(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = client.request(headers, { endStream: body === undefined });
    let answer: IncomingHttpHeaders = {};
    let text = '';
    let trailers: IncomingHttpHeaders | undefined;
    stream.setEncoding('utf8');
    stream.on('response', received => (answer = received));
    stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received));
    stream.on('data', (data: string) => (text += data));
    stream.on('error', () => undefined);
    // 'end' comes for a broken stream too; the code says which it was.
    stream.on('close', () => {
      if (stream.rstCode === 0) resolve({ headers: answer, body: text, trailers });
      else reject(new Error(`reset with code ${stream.rstCode}`));
    });
    if (body !== undefined) stream.end(body);
  });
}

it('takes h2c on the port of HTTP/1 and joins cookie crumbs', async () => {
  const echo = closing(await startEcho());
  const proxy = await proxyTo(echo.port, false);
  const client = session(`http://127.0.0.1:${proxy.port}`);
  const { headers, body } = await exchange(
    client,
    { ':path': '/p', ':method': 'POST', cookie: 'a=1' },
    'abc',
  );
  expect(headers).toMatchObject({ ':status': 200, server: 'envoy' });
  expect(JSON.parse(body)).toMatchObject({
    method: 'POST',
    path: '/p',
    body: 'abc',
  } satisfies Partial<EchoAnswer>);
  const plain = await fetch(`http://127.0.0.1:${proxy.port}/`);
  expect(plain.status).toBe(200);
});

it('speaks HTTP/2 to the upstream, trailers both ways', async () => {
  let received: IncomingHttpHeaders | undefined;
  const port = await http2Upstream((stream, headers) => {
    stream.on('trailers', (trailers: IncomingHttpHeaders) => (received = trailers));
    stream.respond({ ':status': 200, 'x-path': String(headers[':path']) }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.on('data', (data: Buffer) => stream.write(data));
    stream.on('end', () => stream.end());
  });
  const proxy = await proxyTo(port, true);
  const client = session(`http://127.0.0.1:${proxy.port}`);
  const stream = client.request({ ':path': '/svc/m', ':method': 'POST' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-t': '1' }));
  stream.end('hello');
  let text = '';
  let trailers: IncomingHttpHeaders | undefined;
  stream.on('data', (data: Buffer) => (text += data.toString()));
  stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = headers));
  await new Promise(resolve => stream.on('end', resolve));
  expect(text).toBe('hello');
  expect(trailers).toMatchObject({ 'grpc-status': '0' });
  expect(received).toMatchObject({ 'x-t': '1' });
});

it('answers 503 over HTTP/2 when nothing listens, and resets when the upstream does', async () => {
  const refused = session(`http://127.0.0.1:${(await proxyTo(1, true)).port}`);
  const answer = await exchange(refused, { ':path': '/' });
  expect(answer.headers[':status']).toBe(503);
  expect(answer.body).toContain('remote connection failure');
  let breakOff = (): void => undefined;
  const port = await http2Upstream(stream => {
    stream.respond({ ':status': 200 });
    stream.write('begun');
    breakOff = () => void stream.destroy(new Error('broken'));
  });
  const broken = session(`http://127.0.0.1:${(await proxyTo(port, true)).port}`);
  const stream = broken.request({ ':path': '/' }).on('error', () => undefined);
  stream.once('data', () => breakOff());
  await new Promise(resolve => stream.once('close', resolve));
  expect(stream.rstCode).toBe(2);
});

it('makes a certificate that clients accept when told to trust it', () => {
  const { cert } = makeCertificate(['localhost', '127.0.0.1', '::1'], Date.now());
  const parsed = new X509Certificate(cert);
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect(parsed.checkHost('localhost')).toBe('localhost');
  expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(parsed.checkIP('::1')).toBe('::1');
});

it('serves TLS: HTTP/2 by ALPN, HTTP/1 otherwise', async () => {
  const echo = closing(await startEcho());
  const proxy = await proxyTo(echo.port, false, true);
  const client = session(`https://127.0.0.1:${proxy.port}`, { rejectUnauthorized: false });
  const { body } = await exchange(client, { ':path': '/two' });
  const echoed = JSON.parse(body) as EchoAnswer;
  expect(echoed).toMatchObject({ path: '/two', headers: { 'x-forwarded-proto': 'https' } });
  const status = await new Promise(resolve => {
    httpsRequest(
      { host: '127.0.0.1', port: proxy.port, path: '/one', rejectUnauthorized: false, agent: false },
      response => {
        response.resume();
        resolve(response.statusCode);
      },
    ).end();
  });
  expect(status).toBe(200);
});

it('carries gRPC exchanges of filters', async () => {
  const port = await http2Upstream(stream => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'x-m': '1' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '7', 'grpc-message': 'no%20way' }));
    stream.on('data', (data: Buffer) => stream.write(data));
    stream.on('end', () => stream.end());
  });
  const environment = new NodeEnvironment({
    clusters: closing(oneCluster(port)),
    log: () => undefined,
    showTransportFailure: false,
  });
  const events: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const start = environment.grpcCall(
      { cluster: 'upstream', service: 'a.B', method: 'M', metadata: new HeaderMap(), timeoutMs: 5_000 },
      {
        initialMetadata: metadata => events.push(`initial ${metadata.get('x-m')}`),
        message: message => events.push(`message ${Buffer.from(message).toString()}`),
        trailingMetadata: metadata => events.push(`trailing ${metadata.get('grpc-status')}`),
        close: (status, message) => {
          events.push(`close ${status} ${message}`);
          resolve();
        },
      },
    );
    if (start.status !== 'started') {
      reject(new Error(start.status));
      return;
    }
    start.call.send(Buffer.from('one'), false);
    start.call.send(Buffer.from('two'), true);
  });
  expect(events).toEqual([
    'initial 1',
    'message one',
    'message two',
    'trailing 7',
    'close 7 no%20way{via_upstream}',
  ]);
});

it.each<[string, (stream: ServerHttp2Stream) => void]>([
  ['ends its session', stream => void setImmediate(() => stream.session?.destroy())],
  ['closes the stream', stream => stream.close(0)],
])('a client is answered 503 when an HTTP/2 upstream %s before the response', async (_what, end) => {
  const proxy = await proxyTo(await http2Upstream(end), true);
  for (let request = 0; request < 20; request++) {
    const answer = await fetch(`http://127.0.0.1:${proxy.port}/`);
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('reset reason')]);
  }
});
