/** Raw HTTP/1 that a client or an upstream may send, proper and not: what the proxy makes of each is held to a real Envoy. */
import type { Answer } from '../servers/raw-http.ts';

export interface WireCase {
  readonly name: string;
  readonly request: string;
  /** True if it is a race, in Envoy too, whether the upstream sees a request that is refused before its end. */
  readonly answerOnly?: true;
  /** More than one request: all answers are waited for, until the server closes. */
  readonly pipelined?: true;
}

const get = (headers = '', path = '/x', host = 'a.test'): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;
const post = (headers: string, body = ''): string => `POST /x HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
const line = (start: string): string => `${start}\r\nHost: a\r\n\r\n`;
const twice = (names: readonly string[]): string =>
  get([1, 2].flatMap(value => names.map(name => `${name}: ${value}\r\n`)).join(''));
/** A head of exactly so many bytes. */
const sized = (bytes: number): string => get(`x: ${'a'.repeat(bytes - get('x: \r\n').length)}\r\n`);

const requests: Readonly<Record<string, string>> = {
  'a plain GET': get(),
  'headers of the hop and of Envoy': get(
    'User-Agent: q\r\nX-A: 1\r\nx-a: 2\r\nConnection: keep-alive, X-Nom\r\nX-Nom: 1\r\nKeep-Alive: 5\r\nTE: trailers, deflate\r\nProxy-Connection: z\r\nx-envoy-retry-on: 5xx\r\nx-envoy-internal: 1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nx-request-id: mine\r\nCookie: a=1\r\nCookie: b=2\r\n',
  ),
  'HTTP/1.0': line('GET /x HTTP/1.0'),
  'no Host': 'GET /x HTTP/1.1\r\n\r\n',
  'two Hosts': 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  garbage: 'GARBAGE\r\n\r\n',
  'the beginning of TLS': '\x16\x03\x01\x02',
  'NUL alone': '\0',
  'a space alone': ' ',
  'an empty line and a control character': '\r\n\x16',
  'the first line of SSH': 'SSH-2.0-OpenSSH_9\r\n',
  'a method of its own': line('FOO /x HTTP/1.1'),
  'a header without a colon': get('No Colon\r\n'),
  'a control character': get('X-Y: a\x01b\r\n'),
  'bytes above ASCII': get('X-Y: \xe9\xff\r\n'),
  'a folded header': get('X-Y: a\r\n b\r\n'),
  'bare line feeds': 'GET /x HTTP/1.1\nHost: a\n\n',
  'bare line feeds and CR LF at the end': 'GET /x HTTP/1.1\nHost: a\n\r\n',
  'CR LF and a bare line feed at the end': 'GET /x HTTP/1.1\r\nHost: a\r\n\n',
  'bare line feeds, then a body with empty lines':
    'POST /x HTTP/1.1\nHost: a\nContent-Length: 8\n\r\n\r\n\r\nabcd',
  'bare line feeds, then chunks':
    'POST /x HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'carriage returns between line feeds': 'GET /x HTTP/1.1\nHost: a\n\r\r\nX-A: 1\r\n\r\n',
  '100 headers': get('h: v\r\n'.repeat(99)),
  '101 headers': get('h: v\r\n'.repeat(100)),
  'a head of 60 KiB': sized(60 * 1024),
  'a head of 60 KiB and ten bytes': sized(60 * 1024 + 10),
  'a body with a length': post('Content-Length: 5\r\n', 'hello'),
  'a POST without a length': post(''),
  chunks: chunked('5;ext=1\r\nhello\r\n0\r\nTr: 1\r\n\r\n'),
  'a length and chunks': post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
  'an unknown transfer encoding': post('Transfer-Encoding: gzip, chunked\r\n'),
  'transfer encoding in capitals': post('Transfer-Encoding: Chunked\r\n', '0\r\n\r\n'),
  'two lengths': post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'),
  'a negative length': post('Content-Length: -1\r\n'),
  'a length beyond 64 bits': post('Content-Length: 18446744073709551616\r\n'),
  '100-continue': post('Content-Length: 5\r\nExpect: 100-continue\r\n', 'hello'),
  '100-continue without a body': get('Expect: 100-continue\r\n'),
  '100-continue twice': post('Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 2\r\n', 'hi'),
  'another expectation': post('Content-Length: 5\r\nExpect: other\r\n', 'hello'),
  'an upgrade': get('Connection: Upgrade\r\nUpgrade: websocket\r\n'),
  'an upgrade of gRPC': post(
    'content-type: application/grpc\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n',
  ),
  'an upgrade to h2c': get(
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
  ),
  'OPTIONS *': line('OPTIONS * HTTP/1.1'),
  'GET *': line('GET * HTTP/1.1'),
  'a fragment': get('', '/x#y'),
  'a path with dots': get('', '/a/../b//c/%2e%2e/d'),
  'a path of no path': line('GET a/b HTTP/1.1'),
  'Connection: close': get('Connection: close\r\n'),
  'Connection that names Host': get('Connection: host, x-a\r\nX-A: 1\r\n'),
  'Connection that names :path': get('Connection: :path\r\n'),
  'Connection that names x-forwarded-for': get('Connection: x-forwarded-for\r\n'),
  'Connection that names x-forwarded-port': get('Connection: x-forwarded-port\r\nx-forwarded-port: 1\r\n'),
  'TE in capitals': get('te: TRAILERS\r\n'),
  'TE twice': get('te: a\r\nte: trailers\r\n'),
  'an empty x-forwarded-proto': get('x-forwarded-proto: \r\n'),
  'a header for the router only': get('x-envoy-retriable-status-codes: 1\r\nx-forwarded-client-cert: a\r\n'),
  'QUERY with a content type': line('QUERY /x HTTP/1.1\r\nContent-Type: a/b\r\nContent-Length: 0'),
  'QUERY without': line('QUERY /x HTTP/1.1\r\nContent-Length: 0'),
  'M-SEARCH': line('M-SEARCH /x HTTP/1.1'),
  'MSEARCH, as its parser calls it': line('MSEARCH /x HTTP/1.1'),
  'spaces and tabs in the start line': line('GET \t /x \t HTTP/1.1 '),
  'a word too many': line('GET /x y HTTP/1.1'),
  'no version': line('GET /x'),
  'no target': line('GET  HTTP/1.1'),
  'HTTP/1.2': line('GET /x HTTP/1.2'),
  'HTTP/2.0': line('GET /x HTTP/2.0'),
  'HTTP/1.10': line('GET /x HTTP/1.10'),
  'http/1.1': line('GET /x http/1.1'),
  'repeated headers that are joined': twice([
    'accept',
    'user-agent',
    'x-forwarded-for',
    'if-none-match',
    'via',
  ]),
  'repeated headers that are not': twice(['accept-language', 'x-a', 'cookie', 'forwarded', 'range']),
  'repeated headers in other letters': get('Accept: a\r\naccept: b\r\nACCEPT:\r\n'),
};

/** A message that ends with bare line feeds, and a second request behind it whose CR LF CR LF is not the first one's end. */
const second = get('Connection: close\r\n', '/y');
const pipelined: Readonly<Record<string, string>> = {
  'bare line feeds, then a request with CR LF': `GET /x HTTP/1.1\nHost: a\n\r\n${second}`,
  'trailers with bare line feeds, then a request with CR LF': `${chunked('2\r\nhi\r\n0\r\nTr: 1\n\r\n')}${second}`,
};

const hosts: readonly string[] = ['', '[::1]:80', 'a_b', 'a@b', 'a,b', 'a:99999', 'a b', 'a/b', 'a?b', 'a"b'];
const connects: readonly string[] = [
  'a:1',
  'a',
  'a:',
  '/x',
  'a:99999',
  '[::1]:80',
  'u@a:80',
  'a_b:80',
  ':80',
];
const urls: readonly string[] = [
  'http://other.test/p?q=1',
  'http://u:p@h:8/x',
  'HTTP://H.test:80',
  'http://h?q',
  'http://h#f',
  'http://h:/',
  'http://h:99999/',
  'http://[::1]:8/x',
  'http://a_b/',
  'ftp://h/x',
];

/** Bodies in chunks that are not what they should be. */
const chunks: Readonly<Record<string, string>> = {
  'zeros before the size': '0005\r\nhello\r\n0\r\n\r\n',
  'a size in capitals': 'A\r\n0123456789\r\n0\r\n\r\n',
  'a size with a sign': '+5\r\nhello\r\n0\r\n\r\n',
  'a size with 0x': '0x5\r\nhello\r\n0\r\n\r\n',
  'a size beyond 64 bits': '11111111111111111\r\nhello',
  'a space before the size': ' 5\r\nhello\r\n0\r\n\r\n',
  'a space after the size': '5 \r\nhello\r\n0\r\n\r\n',
  'a word after the size': '5 x\r\nhello\r\n0\r\n\r\n',
  'a comma after the size': '5,\r\nhello\r\n0\r\n\r\n',
  'no size': '\r\nhello\r\n0\r\n\r\n',
  'a long extension': `5;${'a'.repeat(5_000)}\r\nhello\r\n0\r\n\r\n`,
  'a line feed alone after the size': '5\nhello\n0\n\n',
  'a line feed alone after the data': '5\r\nhello\n0\r\n\r\n',
  'bytes after the data': '5\r\nhelloXYZ\r\n3\r\nabc\r\n0\r\n\r\n',
  'no line end after the data': '5\r\nhello0\r\n\r\n',
  'a line feed alone at the end': '5\r\nhello\r\n0\r\n\n',
  'a trailer that continues nothing': '0\r\n tr: 1\r\n\r\n',
  'a trailer without a colon': '0\r\nnocolon\r\n\r\n',
  'a trailer with a bad name': '0\r\nbad name: 1\r\n\r\n',
  'too many trailers': `0\r\n${'t: 1\r\n'.repeat(101)}\r\n`,
  'repeated trailers': '0\r\nAccept: 1\r\nAccept: 2\r\ngrpc-status: 1\r\ngrpc-status: 2\r\n\r\n',
};

const ok = (headers: string, body = ''): Answer => [`HTTP/1.1 200 OK\r\n${headers}\r\n${body}`];
const start = (text: string): Answer => [`${text}\r\nContent-Length: 0\r\n\r\n`];
const answerOf = (bytes: number): Answer => {
  const bare = 'HTTP/1.1 200 OK\r\nx: \r\nContent-Length: 0\r\n\r\n'.length;
  return ok(`x: ${'a'.repeat(bytes - bare)}\r\nContent-Length: 0\r\n`);
};

/** Answers of the upstream to `/<name>`; to any other path it answers "hey". */
export const wireAnswers: Readonly<Record<string, Answer>> = {
  chunked: [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: tr\r\n\r\n5\r\nhello\r\n0\r\nTr: 1\r\n\r\n',
  ],
  close: ['HTTP/1.1 200 OK\r\n\r\nhello', 'FIN'],
  hop: ok(
    'Connection: keep-alive, X-Nom\r\nX-Nom: 1\r\nKeep-Alive: timeout=5\r\nServer: up\r\nDate: now\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n',
  ),
  'no-content': start('HTTP/1.1 204 No Content'),
  'no-content-with-length': ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
  'no-content-in-chunks': ['HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  'not-modified': ['HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n'],
  hints: ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  'hints-with-length': [
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  ],
  teapot: start('HTTP/1.1 418 My Reason'),
  'no-reason': start('HTTP/1.1 200'),
  'status-99': start('HTTP/1.1 99 X'),
  'status-425': start('HTTP/1.1 425 X'),
  'status-599': start('HTTP/1.1 599 X'),
  'status-600': start('HTTP/1.1 600 X'),
  'status-2000': start('HTTP/1.1 2000 X'),
  'status-word': start('HTTP/1.1 20a X'),
  'http-1.0': ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
  'http-2.0': start('HTTP/2.0 200 OK'),
  'http-in-small-letters': start('http/1.1 200 OK'),
  'tabs-in-status-line': start('HTTP/1.1\t200\tOK'),
  'bare-line-feeds': ['HTTP/1.1 200 OK\nContent-Length: 6\n\r\n\r\n\r\nab'],
  'bare-line-feeds-in-chunks': ['HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  'first-byte-wrong': ['X'],
  'empty-line-and-no-more': ['\r\nX'],
  garbage: ['garbage\r\n\r\n'],
  'empty-line-first': start('\r\nHTTP/1.1 200 OK'),
  ambiguous: ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'),
  'two-lengths': ok('Content-Length: 2\r\nContent-Length: 2\r\n', 'hi'),
  'chunk-with-rest': ok('Transfer-Encoding: chunked\r\n', '5\r\nhelloX\r\n0\r\n\r\n'),
  'bad-trailer': ok('Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n0\r\nbad tr\r\n\r\n'),
  'repeated-trailers': ok(
    'Transfer-Encoding: chunked\r\n',
    '0\r\nVary: 1\r\nVary: 2\r\ngrpc-status: 1\r\ngrpc-status: 2\r\n\r\n',
  ),
  gone: ['FIN'],
  'gone-in-head': ['HTTP/1.1 200 OK\r\nConte', 'FIN'],
  'head-of-80-KiB': answerOf(80 * 1024),
  'head-above-80-KiB': answerOf(80 * 1024 + 1),
  '101-headers': ok(`${'h: v\r\n'.repeat(100)}Content-Length: 0\r\n`),
  'bad-header-name': ok('x y: a\r\nContent-Length: 0\r\n'),
  'own-service-time': ok('x-envoy-upstream-service-time: 77\r\nx-a: 1\r\nContent-Length: 0\r\n'),
  'repeated-joined': ok(
    'Vary: a\r\nDate: x\r\nETag: a\r\nVary: b\r\nDate: y\r\nETag: b\r\nX-M: 1\r\nX-M: 2\r\nContent-Length: 0\r\n',
  ),
};

export const wireCases: readonly WireCase[] = [
  ...Object.entries(requests).map(([name, request]) => ({ name, request })),
  ...Object.entries(pipelined).map(([name, request]) => ({ name, request, pipelined: true as const })),
  ...hosts.map(host => ({ name: `Host: ${host}`, request: get('', '/x', host) })),
  ...connects.map(target => ({ name: `CONNECT ${target}`, request: line(`CONNECT ${target} HTTP/1.1`) })),
  { name: 'CONNECT with a length', request: line('CONNECT a:1 HTTP/1.1\r\nContent-Length: 5') },
  { name: 'CONNECT with chunks', request: line('CONNECT a:1 HTTP/1.1\r\nTransfer-Encoding: chunked') },
  ...urls.map(url => ({ name: `GET ${url}`, request: get('', url) })),
  ...Object.entries(chunks).map(([name, body]) => ({
    name: `chunks: ${name}`,
    request: chunked(body),
    answerOnly: true as const,
  })),
  ...Object.keys(wireAnswers).map(name => ({ name: `an upstream: ${name}`, request: get('', `/${name}`) })),
];
