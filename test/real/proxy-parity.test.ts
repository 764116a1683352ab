/** The proxy without filters against a real Envoy: the same raw bytes in, the same bytes out, and the same to the upstream. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Proxy, startProxy } from '../../src/proxy/proxy.ts';
import { type TestEnvoy, realEnvoy } from '../helpers/envoy.ts';
import { oneCluster } from '../helpers/proxy.ts';
import { type RawUpstream, isWholeResponse, rawRequest, rawUpstream } from '../helpers/raw-http.ts';
import { describeWith } from '../helpers/tools.ts';

/** What the upstream says to `/<name>`. */
const answers: Readonly<Record<string, readonly string[]>> = {
  chunked: [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: tr\r\n\r\n5\r\nhello\r\n0\r\nTr: 1\r\n\r\n',
  ],
  close: ['HTTP/1.1 200 OK\r\n\r\nhello', 'FIN'],
  hop: [
    'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Nom\r\nX-Nom: 1\r\nKeep-Alive: timeout=5\r\nServer: up\r\nDate: now\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n',
  ],
  'no-content': ['HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
  'not-modified': ['HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n'],
  hints: ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  teapot: ['HTTP/1.1 418 My Reason\r\nContent-Length: 0\r\n\r\n'],
  garbage: ['garbage\r\n\r\n'],
  ambiguous: [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
  gone: ['FIN'],
};
const plain = ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Up: Yes\r\n\r\nhey'];

const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${headers}\r\n`;
const post = (headers: string, body: string): string =>
  `POST /x HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;

const requests: readonly (readonly [what: string, bytes: string])[] = [
  ['a plain GET', get('/x')],
  [
    'headers of the hop and of Envoy',
    get(
      '/x',
      'User-Agent: q\r\nX-A: 1\r\nx-a: 2\r\nConnection: keep-alive, X-Nom\r\nX-Nom: 1\r\nKeep-Alive: 5\r\nTE: trailers, deflate\r\nProxy-Connection: z\r\nx-envoy-retry-on: 5xx\r\nx-envoy-internal: 1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nx-request-id: mine\r\nCookie: a=1\r\nCookie: b=2\r\n',
    ),
  ],
  ['HTTP/1.0', 'GET /x HTTP/1.0\r\nHost: a\r\n\r\n'],
  ['no Host', 'GET /x HTTP/1.1\r\n\r\n'],
  ['two Hosts', 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['garbage', 'GARBAGE\r\n\r\n'],
  ['a method of its own', 'FOO /x HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a header without a colon', get('/x', 'No Colon\r\n')],
  ['a control character', get('/x', 'X-Y: a\x01b\r\n')],
  ['bytes above ASCII', get('/x', 'X-Y: \xe9\xff\r\n')],
  ['a folded header', get('/x', 'X-Y: a\r\n b\r\n')],
  ['bare line feeds', 'GET /x HTTP/1.1\nHost: a\n\n'],
  ['100 headers', get('/x', 'h: v\r\n'.repeat(99))],
  ['101 headers', get('/x', 'h: v\r\n'.repeat(100))],
  ['a head of more than 60 KiB', get('/x', `big: ${'a'.repeat(61 * 1024)}\r\n`)],
  ['a body with a length', post('Content-Length: 5\r\n', 'hello')],
  ['a POST without a length', post('', '')],
  ['chunks', post('Transfer-Encoding: chunked\r\n', '5;ext=1\r\nhello\r\n0\r\nTr: 1\r\n\r\n')],
  ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '')],
  ['an unknown transfer encoding', post('Transfer-Encoding: gzip, chunked\r\n', '')],
  ['two lengths', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')],
  ['100-continue', post('Content-Length: 5\r\nExpect: 100-continue\r\n', 'hello')],
  ['another expectation', post('Content-Length: 5\r\nExpect: other\r\n', 'hello')],
  ['an upgrade', get('/x', 'Connection: Upgrade\r\nUpgrade: websocket\r\n')],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ['an absolute target', 'GET http://other.test/p?q=1 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a fragment', get('/x#y')],
  ['a path with dots', get('/a/../b//c/%2e%2e/d')],
  ['Connection: close', get('/x', 'Connection: close\r\n')],
  ...Object.keys(answers).map(name => [`an upstream: ${name}`, get(`/${name}`)] as const),
];

describeWith(['envoy-1.40'], 'the proxy without filters, as Envoy 1.40', () => {
  let upstream: RawUpstream;
  let envoy: TestEnvoy;
  let proxy: Proxy;
  beforeAll(async () => {
    upstream = await rawUpstream(request => answers[/^\S+ \/([^ ?]*)/.exec(request)?.[1] ?? ''] ?? plain);
    envoy = await realEnvoy(bootstrap(upstream.port), { keep: true });
    proxy = await startProxy({
      host: '127.0.0.1',
      port: 0,
      clusters: oneCluster(upstream.port),
      routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
    });
  });
  afterAll(async () => {
    await proxy?.close();
    await envoy?.stop();
    upstream?.close();
  });

  /** The answer and what the upstream received for it, without what differs from run to run. */
  const exchange = async (port: number, bytes: string): Promise<{ answer: string; upstream: string }> => {
    const before = upstream.received.map(text => text.length);
    const { text } = await rawRequest(port, bytes, isWholeResponse);
    const received = upstream.received.map((all, index) => all.slice(before[index] ?? 0)).join('');
    return { answer: stable(text), upstream: stable(received) };
  };

  it.each(requests)('%s', async (_what, bytes) => {
    const expected = await exchange(envoy.port, bytes);
    expect(await exchange(proxy.port, bytes)).toEqual(expected);
  });
});

function stable(text: string): string {
  return text
    .replace(/date: [A-Z][^\r]+/g, 'date: D')
    .replace(/x-request-id: [0-9a-f-]{36}/g, 'x-request-id: R')
    .replace(/service-time: \d+/g, 'service-time: N');
}

function bootstrap(port: number): string {
  return `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: main
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: http
          http_protocol_options: {enable_trailers: true}
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: upstream}}]}]}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: upstream
    type: STATIC
    load_assignment: {cluster_name: upstream, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}]}]}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http_protocol_options: {enable_trailers: true}}
`;
}
