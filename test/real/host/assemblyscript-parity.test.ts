/**
 * The AssemblyScript template, built by the real compiler: the same answers, the same requests at the upstream and the same
 * log in a real Envoy with the bootstrap of `deploy envoy` as in `wasme run`.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realProject, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { type PairSettings, type Side, startEnvoySide, startRunSide } from '../../helpers/servers/parity.ts';
import { isWholeResponse, rawRequest } from '../../helpers/servers/raw-http.ts';
import { send } from '../../helpers/scenario/client.ts';
import { maskText } from '../../helpers/scenario/outcome.ts';
import type { Pairs } from '../../helpers/guests/probe/script.ts';
import type { AnswerSpec, RequestSpec } from '../../helpers/scenario/scenario.ts';
import { describeWith } from '../../helpers/tools.ts';

const long = (length: number): string => 'x'.repeat(length);

/** As many headers of 4 kB. */
const large = (count: number): Pairs =>
  Array.from({ length: count }, (_, at) => [`x-large-${at}`, long(4_000)]);

/** Answers a path as upstream. */
function answerOf(path: string): AnswerSpec {
  const status = /^\/status\/(\d+)/.exec(path)?.[1];
  if (status !== undefined) return { status: Number(status), body: [`status ${status}`], withLength: true };
  const answers: Readonly<Record<string, AnswerSpec>> = {
    '/stream': { body: ['one ', 'two ', 'three'], headers: [['content-type', 'text/plain']] },
    '/empty': {},
    '/trailers': { body: ['body'], trailers: [['x-end', 'of the body']] },
    '/cookies': {
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2; Path=/'],
      ],
    },
    '/empty/204': { status: 204 },
    '/headers/8': { headers: large(8) },
    '/headers/19': { headers: large(19) },
    '/headers/30': { headers: large(30) },
    '/reset': { reset: 'before' },
    '/cut': { body: ['some of it'], reset: 'after-head' },
    '/slow': { delayMs: 1_000, body: ['late'] },
  };
  const other: AnswerSpec = { body: [`answer to ${path}`], withLength: true };
  return {
    ...(answers[path] ?? other),
    headers: [['x-powered-by', 'test'], ...(answers[path]?.headers ?? [])],
  };
}

/** Acts as a client and returns everything comparable that it got. */
type Act = (side: Side) => Promise<unknown>;

interface Row {
  readonly name: string;
  readonly act: Act;
}

const spec =
  (request: RequestSpec): Act =>
  ({ port }) =>
    send(port, request);

/** Exact bytes, one answer (or more); its head as it was sent, ports and times masked. */
const raw =
  (lines: readonly string[], answers = 1): Act =>
  async ({ port }) => {
    const bytes = lines.join('\r\n');
    const headOnly = /^HEAD |^if-none-match/m.test(bytes);
    const whole = (text: string): boolean =>
      headOnly ? text.endsWith('\r\n\r\n') : wholeResponses(text, answers);
    const { text, closed } = await rawRequest(port, bytes, whole);
    const masked = maskText(text).replace(/^(x-request-id|x-envoy-upstream-service-time): .*$/gim, '$1: *');
    return { answer: masked.split('\r\n'), closed };
  };

function wholeResponses(text: string, count: number): boolean {
  const answers = text.split(/(?=HTTP\/1\.1 [2-5])/).filter(part => /^HTTP\/1\.1 [2-5]/.test(part));
  return answers.length >= count && answers.every(isWholeResponse);
}

const get = (path: string, ...headers: string[]): string[] => [
  `GET ${path} HTTP/1.1`,
  'host: parity.example',
  ...headers,
  '',
  '',
];

/** Hangs up once a server behind the proxy has what was sent. */
const hangUp =
  (lines: readonly string[], who: 'upstream' | 'check', body: string): Act =>
  async ({ port, [who]: { seen } }) => {
    const at = seen.length;
    const socket = connect(port, '127.0.0.1');
    socket.write(lines.join('\r\n'));
    await expect.poll(() => seen[at]?.body).toBe(body);
    socket.destroy();
    return 'gone';
  };
const upload = ['POST /upload HTTP/1.1', 'host: parity.example', 'content-length: 100', '', 'the first part'];

const plainRows: readonly Row[] = [
  { name: 'GET', act: spec({ path: '/a' }) },
  { name: 'GET with a query', act: spec({ path: '/search?q=a%20b&q=c&empty=#' }) },
  { name: 'GET, byte for byte', act: raw(get('/a', 'X-Mixed-Case: Yes', 'x-greeting: mine')) },
  { name: 'GET with a streamed answer', act: spec({ path: '/stream' }) },
  { name: 'GET with an empty answer', act: raw(get('/empty')) },
  { name: 'POST with a length', act: spec({ path: '/post', body: ['a body'], withLength: true }) },
  { name: 'POST with a streamed body', act: spec({ path: '/post', body: ['one ', 'two ', 'three'] }) },
  { name: 'POST without a body', act: raw(['POST /post HTTP/1.1', 'host: a', 'content-length: 0', '', '']) },
  {
    name: 'POST with an empty chunked body',
    act: spec({ path: '/post', method: 'POST', headers: [['transfer-encoding', 'chunked']] }),
  },
  {
    name: 'POST with trailers',
    act: spec({ path: '/post', body: ['body'], trailers: [['x-sum', '1']] }),
  },
  { name: 'HEAD', act: raw(['HEAD /a HTTP/1.1', 'host: parity.example', '', '']) },
  { name: 'PUT', act: spec({ method: 'PUT', path: '/thing/1', body: ['new'], withLength: true }) },
  { name: 'DELETE', act: spec({ method: 'DELETE', path: '/thing/1' }) },
  { name: 'OPTIONS *', act: raw(['OPTIONS * HTTP/1.1', 'host: parity.example', '', '']) },
  { name: 'a method of its own', act: spec({ method: 'PROPFIND', path: '/thing' }) },
  { name: 'PATCH to a path with a blocked prefix', act: spec({ method: 'PATCH', path: '/blockedness' }) },
  { name: 'answered by the filter', act: raw(get('/blocked')) },
  { name: 'answered by the filter, below the path', act: spec({ path: '/blocked/below?a=b' }) },
  {
    name: 'answered by the filter before the body ended',
    act: spec({ path: '/blocked', body: ['one ', 'two'] }),
  },
  { name: 'answered by the filter to HEAD', act: raw(['HEAD /blocked HTTP/1.1', 'host: a', '', '']) },
  { name: '404 of the upstream', act: spec({ path: '/status/404' }) },
  { name: '500 of the upstream', act: spec({ path: '/status/500' }) },
  { name: '204 of the upstream', act: raw(get('/empty/204')) },
  {
    name: '204 with a length, which may not be',
    act: raw(get('/status/204')),
  },
  { name: '304 of the upstream', act: raw(get('/status/304', 'if-none-match: "a"')) },
  { name: 'upstream closes before it answers', act: spec({ path: '/reset' }) },
  { name: 'upstream closes in the middle of its answer', act: spec({ path: '/cut' }) },
  {
    name: 'response trailers',
    act: spec({ path: '/trailers', headers: [['te', 'trailers']] }),
  },
  { name: 'cookies, repeated', act: raw(get('/cookies', 'cookie: a=1', 'cookie: b=2')) },
  {
    name: 'repeated headers',
    act: raw(get('/a', 'x-many: 1', 'accept: a', 'x-many: 2', 'accept: b')),
  },
  { name: 'large request headers', act: spec({ path: '/a', headers: [['x-large', long(40_000)]] }) },
  { name: 'request headers above the limit', act: raw(get('/a', `x-large: ${long(70_000)}`)) },
  {
    name: 'more than 100 request headers',
    act: raw(get('/a', ...Array.from({ length: 101 }, (_, at) => `x-${at}: 1`))),
  },
  { name: 'large response headers', act: raw(get('/headers/8')) },
  {
    name: 'response headers just below the limit',
    act: raw(get('/headers/19')),
  },
  {
    name: 'response headers above the limit',
    act: raw(get('/headers/30')),
  },
  {
    name: 'two requests on one connection',
    act: raw([...get('/a').slice(0, -1), ...get('/blocked')], 2),
  },
  { name: 'connection: close', act: raw(get('/a', 'connection: close')) },
  { name: 'HTTP/1.0', act: raw(['GET /a HTTP/1.0', 'host: a', '', '']) },
  { name: 'no host', act: raw(['GET /a HTTP/1.1', '', '']) },
  { name: 'no HTTP', act: raw(['hello', '', '']) },
  { name: 'absolute target', act: raw(get('http://other.example:81/a?b')) },
  {
    name: '100-continue',
    act: raw(['POST /post HTTP/1.1', 'host: a', 'content-length: 4', 'expect: 100-continue', '', 'body']),
  },
  {
    name: 'upgrade',
    act: raw(get('/a', 'connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13')),
  },
  {
    name: 'hop-by-hop headers',
    act: raw(
      get(
        '/a',
        'connection: x-private, keep-alive',
        'x-private: 1',
        'keep-alive: 5',
        'te: gzip',
        'proxy-connection: a',
      ),
    ),
  },
  {
    name: 'forwarding headers of the client',
    act: spec({
      path: '/a',
      headers: [
        ['x-forwarded-for', '10.1.2.3'],
        ['x-forwarded-proto', 'https'],
        ['x-request-id', 'mine'],
        ['x-envoy-internal', 'true'],
      ],
    }),
  },
  { name: 'the client hangs up', act: hangUp(upload, 'upstream', 'the first part') },
  { name: 'the client hangs up while it waits', act: hangUp(get('/slow'), 'upstream', '') },
];

const checkRows: readonly Row[] = [
  { name: 'allowed', act: spec({ path: '/a?check=200' }) },
  {
    name: 'allowed, with a streamed body that waits',
    act: spec({ path: '/a?check=200', body: ['one ', 'two'] }),
  },
  { name: 'refused', act: spec({ path: '/a?check=401' }) },
  { name: 'refused, HEAD', act: raw(['HEAD /a?check=403 HTTP/1.1', 'host: a', '', '']) },
  { name: 'broken', act: spec({ path: '/a?check=500' }) },
  { name: 'not answered in time', act: spec({ path: '/a?check=late' }) },
  { name: 'connection closed', act: spec({ path: '/a?check=reset' }) },
  { name: 'blocked without being asked', act: spec({ path: '/blocked' }) },
  { name: 'the client hangs up while it waits', act: hangUp(get('/a?check=late'), 'check', '') },
];

function checkAnswer(path: string): AnswerSpec {
  const wanted = /check=(\w+)/.exec(path)?.[1];
  if (wanted === 'late') return { delayMs: 3_000 };
  if (wanted === 'reset') return { reset: 'before' };
  return { status: Number(wanted), body: ['checked'], withLength: true };
}

interface Place {
  readonly name: string;
  readonly settings: Omit<PairSettings, 'source' | 'folder'>;
  /** The module alone: no configuration comes with it. */
  readonly bare?: true;
  readonly rows: readonly Row[];
}

const few: readonly Row[] = plainRows.filter(({ name }) =>
  /^(GET|POST with a streamed body|HEAD|answered by the filter)$/.test(name),
);

const places: readonly Place[] = [
  { name: 'in front of an upstream', settings: { upstream: answerOf }, rows: plainRows },
  {
    name: 'with a call-out',
    settings: { upstream: answerOf, check: checkAnswer, configuration: '{"checkCluster":"check"}' },
    rows: checkRows,
  },
  {
    name: 'with a call-out that nobody takes',
    settings: { upstream: answerOf, configuration: '{"checkCluster":"refused"}' },
    rows: few,
  },
  {
    name: 'with a call-out to a cluster that is not there',
    settings: { upstream: answerOf, configuration: '{"checkCluster":"nowhere"}' },
    rows: few,
  },
  {
    name: 'without configuration',
    settings: { upstream: answerOf, rootId: 'my-filter' },
    bare: true,
    rows: few,
  },
  { name: 'in front of an upstream that refuses', settings: {}, rows: few },
];

describeWith(['npm', 'envoy-1.40'], 'AssemblyScript template, bundled host and Envoy', () => {
  const folder = sharedFolder();
  const project = join(folder, 'my-filter');
  let module = '';
  beforeAll(async () => {
    module = await realProject(project);
  });

  describe.each(places)('$name', ({ settings, bare, rows }) => {
    const sides: Side[] = [];
    beforeAll(async () => {
      const all: PairSettings = { ...settings, folder, source: bare ? module : project };
      sides.push(await startEnvoySide(all));
      sides.push(await startRunSide(all));
    });
    afterAll(async () => {
      for (const side of sides) await side.stop();
    });

    it.each(rows)('$name', async ({ act }) => {
      const [envoy, run] = await Promise.all(sides.map(side => observe(side, act)));
      const same = (): boolean => isDeepStrictEqual(run?.(), envoy?.());
      // What is written at the end of a stream comes after the client has its answer.
      for (let tries = 0; tries < 500 && !same(); tries++) await sleep(20);
      expect(run?.()).toEqual(envoy?.());
    });

    it('one line in the log for each request', () => {
      const [envoy, run] = sides.map(side => side.log().length);
      expect(run).toBe(envoy);
    });
  });
});

/** Acts, and gives a look at all that came of it so far. */
async function observe(side: Side, act: Act): Promise<() => unknown> {
  const from = { log: side.log().length, upstream: side.upstream.seen.length, check: side.check.seen.length };
  const client = await act(side);
  return () => ({
    client,
    upstream: side.upstream.seen.slice(from.upstream),
    check: side.check.seen.slice(from.check),
    log: side.log().slice(from.log),
  });
}
