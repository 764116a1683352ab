/** Requests in raw HTTP/2, proper and not; what the proxy makes of each is held to a real Envoy. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawUpstream } from '../servers/raw-http.ts';
import { root } from '../tree.ts';
import { type Fields, frames, playFrames } from './http2-client.ts';

export interface Http2Case {
  readonly name: string;
  readonly frames: readonly Buffer[];
  readonly streams?: number;
}

/** Holds what the client of a case received, and how many requests its upstream did. */
export interface Http2Outcome {
  readonly client: readonly string[];
  readonly requests: number;
}

const pseudo: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/x'],
  [':authority', 'a'],
];
const plain = frames.headers(pseudo);
/** The request with other values, or without a field for undefined, and with more fields behind. */
const changed = (values: Readonly<Record<string, string | undefined>>, ...more: Fields): Buffer =>
  frames.headers([
    ...pseudo.flatMap(([name, value]) => {
      const now = name in values ? values[name] : value;
      return now === undefined ? [] : [[name, now] as const];
    }),
    ...more,
  ]);
const withField = (name: string, value: string): Buffer => changed({}, [name, value]);

const fieldValues: Readonly<Record<string, string>> = {
  'a line feed': 'a\nb',
  'a carriage return': 'a\rb',
  NUL: 'a\0b',
  'a control character': 'a\x01b',
  DEL: 'a\x7fb',
  'a tab': 'a\tb',
  'bytes above ASCII': 'a\xe9',
  'a space before it': ' a',
  'a space behind it': 'a ',
};
const fieldNames: Readonly<Record<string, string>> = {
  'with a space': 'x y',
  'in capitals': 'X-Y',
  'with a colon': 'x:y',
  'with a line feed': 'x\ny',
  'with a byte above ASCII': 'x\xe9',
  'that is empty': '',
  'of an unknown pseudo header': ':evil',
};

export const http2Cases: readonly Http2Case[] = [
  { name: 'a plain request', frames: [plain] },
  ...Object.entries(fieldValues).map(([name, value]) => ({
    name: `a field value with ${name}`,
    frames: [withField('x-n', value)],
  })),
  ...Object.entries(fieldNames).map(([name, value]) => ({
    name: `a field name ${name}`,
    frames: [withField(value, 'v')],
  })),
  ...['u@a', 'a b', 'a/b', 'a?b', 'a_b', 'a,b', '[::1]:80', 'a:99999', 'a\nb', 'a"b', 'a\xe9', ''].map(
    value => ({
      name: `authority ${JSON.stringify(value)}`,
      frames: [changed({ ':authority': value })],
    }),
  ),
  ...['/a b', '/a\nb', '/\xe9', 'a/b', '*', '', '/a#b', 'http://h/x'].map(value => ({
    name: `path ${JSON.stringify(value)}`,
    frames: [changed({ ':path': value })],
  })),
  ...['FOO', 'a b', '', 'get'].map(value => ({
    name: `method ${JSON.stringify(value)}`,
    frames: [changed({ ':method': value })],
  })),
  ...['ftp', 'https', 'a b', ''].map(value => ({
    name: `scheme ${JSON.stringify(value)}`,
    frames: [changed({ ':scheme': value })],
  })),
  ...pseudo.map(([name]) => ({ name: `no ${name}`, frames: [changed({ [name]: undefined })] })),
  ...pseudo.map(([name, value]) => ({
    name: `${name} twice`,
    frames: [frames.headers([...pseudo, [name, value]])],
  })),
  { name: 'a pseudo header behind a field', frames: [frames.headers([['x-a', '1'], ...pseudo])] },
  { name: 'host beside another authority', frames: [withField('host', 'b')] },
  { name: 'host in place of the authority', frames: [changed({ ':authority': undefined }, ['host', 'b'])] },
  {
    name: 'host with a user in place of the authority',
    frames: [changed({ ':authority': undefined }, ['host', 'u@a'])],
  },
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'].map(
    name => ({ name: `the connection's field ${name}`, frames: [withField(name, 'close')] }),
  ),
  { name: 'te: trailers', frames: [withField('te', 'trailers')] },
  { name: 'te: gzip', frames: [withField('te', 'gzip')] },
  { name: 'CONNECT', frames: [changed({ ':method': 'CONNECT', ':scheme': undefined, ':path': undefined })] },
  { name: 'CONNECT with a path', frames: [changed({ ':method': 'CONNECT' })] },
  {
    name: 'a body shorter than its length',
    frames: [frames.headers([...pseudo, ['content-length', '5']], false), frames.data('abc')],
  },
  {
    name: 'a body longer than its length',
    frames: [frames.headers([...pseudo, ['content-length', '2']], false), frames.data('abc')],
  },
  { name: 'a length and no body', frames: [withField('content-length', '5')] },
  { name: 'a length that is no number', frames: [withField('content-length', 'a')] },
  {
    name: 'trailers with a pseudo header',
    frames: [frames.headers(pseudo, false), frames.data('abc', false), frames.headers([[':path', '/']])],
  },
  {
    name: 'trailers with a line feed',
    frames: [frames.headers(pseudo, false), frames.data('abc', false), frames.headers([['x-t', 'a\nb']])],
  },
  {
    name: 'trailers that do not end the stream',
    frames: [frames.headers(pseudo, false), frames.headers([['x-t', 'a']], false)],
  },
  { name: '100 fields', frames: [frames.headers([...pseudo, ...fields(96)])] },
  { name: '101 fields', frames: [frames.headers([...pseudo, ...fields(97)])] },
  { name: 'a field of 70,000 bytes', frames: [withField('x-n', 'a'.repeat(70_000))] },
  { name: 'a request behind GOAWAY', frames: [frames.goaway(), plain] },
  { name: 'GOAWAY behind a request', frames: [plain, frames.goaway()] },
  {
    name: 'a request on either side of GOAWAY',
    frames: [plain, frames.goaway(), frames.headers(pseudo, true, 3)],
    streams: 2,
  },
  {
    name: 'a bad field beside a good request',
    frames: [withField('x-n', 'a\nb'), frames.headers(pseudo, true, 3)],
    streams: 2,
  },
  { name: 'a stream of an even number', frames: [frames.headers(pseudo, true, 2)] },
  { name: 'data on a stream that is not open', frames: [frames.data('abc')] },
];

function fields(count: number): Fields {
  return Array.from({ length: count }, () => ['h', 'v'] as const);
}

const file = join(root, 'test', 'fixtures', 'goldens', 'wire-http2.json');

export async function playHttp2(port: number, upstream: RawUpstream, item: Http2Case): Promise<Http2Outcome> {
  const heard = (): number => upstream.received.join('').split(' HTTP/1.1\r\n').length;
  const before = heard();
  const events = await playFrames(port, item.frames, item.streams);
  // Streams run side by side.
  const client = item.streams === undefined ? events : events.toSorted();
  return { client, requests: heard() - before };
}

export function readHttp2Wire(): Readonly<Record<string, Http2Outcome>> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Http2Outcome>;
}

export function writeHttp2Wire(outcomes: ReadonlyMap<string, Http2Outcome>): void {
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(outcomes), null, 1)}\n`);
}
