/** What the HTTP/1 parser makes of bytes, input by input: read this first when you change `parser.ts` or `framing.ts`. */
import { describe, expect, it } from 'vitest';
import { parseRequestHead } from '../../../../src/proxy/http1/head.ts';
import { MessageParser } from '../../../../src/proxy/http1/parser.ts';
import { parseResponseHead } from '../../../../src/proxy/http1/response-head.ts';

/** Each event of the sink as one line. A refused message ends with the parser's reason. */
function events(reads: 'requests' | 'responses', bytes: string): string[] {
  const seen: string[] = [];
  const parser = new MessageParser(
    {
      head: text => {
        seen.push(`head ${JSON.stringify(text.split('\r\n', 1)[0])}`);
        return reads === 'requests'
          ? parseRequestHead(text).framing
          : parseResponseHead(text, { bodyless: false, keepAliveShown: false }).framing;
      },
      body: data => void seen.push(`body ${data.toString('latin1')}`),
      end: trailers =>
        void seen.push(trailers === undefined ? 'end' : `end with trailers ${JSON.stringify(trailers)}`),
    },
    reads,
  );
  try {
    parser.feed(Buffer.from(bytes, 'latin1'));
  } catch (error) {
    seen.push(`refused: ${(error as Error).message}`);
  }
  return seen;
}

const get = 'head "GET / HTTP/1.1"';
const post = 'head "POST / HTTP/1.1"';
const ok = 'head "HTTP/1.1 200 OK"';

describe('requests', () => {
  it.each([
    ['no body', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', [get, 'end']],
    ['an unfinished head', 'GET / HTTP/1.1\r\nHost: a\r\n', []],
    ['content-length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi', [post, 'body hi', 'end']],
    ['content-length 0', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', [post, 'end']],
    [
      'a body that is not there yet',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhi',
      [post, 'body hi'],
    ],
    [
      'chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n',
      [post, 'body hi!', 'end'],
    ],
    [
      'a chunk extension',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\n\r\n',
      [post, 'body hi', 'end'],
    ],
    [
      'trailers',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n',
      [post, 'end with trailers [["x-sum","1"]]'],
    ],
    ['lines that end with LF', 'GET / HTTP/1.1\nHost: a\n\n', ['head "GET / HTTP/1.1\\nHost: a"', 'end']],
    [
      'a folded header line, which Envoy joins',
      'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n',
      [get, 'end'],
    ],
    ['a second request before release', 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n', [get, 'end']],
  ])('%s', (_name, bytes, expected) => {
    expect(events('requests', bytes)).toEqual(expected);
  });

  it.each([
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n'],
    [
      'length and chunked',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      'a chunk size that is not hexadecimal',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    ],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['an unknown method', 'GRAB / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00'],
  ])('%s is refused', (_name, bytes) => {
    expect(events('requests', bytes).at(-1)).toMatch(/^refused: /);
  });
});

describe('responses', () => {
  it.each([
    ['content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', [ok, 'body hi', 'end']],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
      [ok, 'body hi', 'end'],
    ],
    ['a body up to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nhi', [ok, 'body hi']],
  ])('%s', (_name, bytes, expected) => {
    expect(events('responses', bytes)).toEqual(expected);
  });

  it('a first byte that no response has is refused', () => {
    expect(events('responses', 'hello\r\n\r\n').at(-1)).toMatch(/^refused: /);
  });
});
