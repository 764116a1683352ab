/** Local replies (rows R of docs/host.md). */
import {
  type Pairs,
  buffer,
  call,
  callHeaders,
  http,
  keep,
  map,
  saved,
  step,
} from '../helpers/guests/probe/script.ts';
import { type Scenario, only, scenario } from '../helpers/scenario/scenario.ts';

const reply = (status: number, body = '', headers: Pairs | Uint8Array = [], grpc = -1, details = 'because') =>
  call('send_local_response', status, details, body, headers, grpc);
const details = call('get_property', 'response\0code_details');
const code = call('get_property', 'response\0code');
const onStream = call('set_effective_context', saved('stream'));
const ask = keep('call', call('http_call', 'side', callHeaders(), '', [], 1000));
const clusters = { side: {} };
const grpcRequest = {
  method: 'POST',
  headers: [['content-type', 'application/grpc']],
  body: ['\0\0\0\0\0'],
} as const;
const seeReply = {
  on_response_headers: step([call('get_header_map_pairs', map.responseHeaders)]),
  on_response_body: step([call('get_buffer_bytes', buffer.responseBody, 0, 100)]),
  on_log: step([code, details]),
};

export const replyScenarios: readonly Scenario[] = [
  ...[0, 1, 2, 3, 5].map(result =>
    scenario(
      `reply-in-request-headers-${result}`,
      'R1 R2',
      { ...seeReply, on_request_headers: step([reply(403, 'no')], result) },
      { requests: [{ body: ['hello'] }] },
    ),
  ),
  scenario('reply-content-type', 'R3', {
    ...seeReply,
    on_request_headers: step([
      reply(403, 'no', [
        ['content-type', 'a/b'],
        ['x-a', '1'],
        ['x-a', '2'],
      ]),
    ]),
  }),
  scenario('reply-empty', 'R4', { ...seeReply, on_request_headers: step([reply(204)]) }),
  scenario('reply-empty-200', 'R4', { ...seeReply, on_request_headers: step([reply(200)]) }),
  scenario('reply-details-with-spaces', 'R8', {
    ...seeReply,
    on_request_headers: step([reply(403, 'x', [], -1, 'a b\tc')]),
  }),
  scenario('reply-unparsable-headers', 'R9', {
    ...seeReply,
    on_request_headers: step([reply(403, 'x', Uint8Array.of(9, 9, 9))]),
  }),
  scenario('reply-status-among-headers', 'R1', {
    ...seeReply,
    on_request_headers: step([
      reply(403, 'abc', [
        [':status', '201'],
        ['content-length', '99'],
      ]),
    ]),
  }),
  scenario(
    'reply-head',
    'R14',
    { ...seeReply, on_request_headers: step([reply(403, 'no')]) },
    { requests: [{ method: 'HEAD' }] },
  ),
  scenario('reply-400-closes', 'R1', { ...seeReply, on_request_headers: step([reply(400, 'bad')]) }),
  scenario(
    'reply-in-request-body',
    'R1 R2',
    { ...seeReply, on_request_body: step([reply(413, 'big')]) },
    { requests: [{ body: ['abc', 'def'] }] },
  ),
  scenario(
    'reply-in-request-trailers',
    'R1',
    { ...seeReply, on_request_trailers: step([reply(418, 'tea')]) },
    { requests: [{ body: ['abc'], trailers: [['a', 'b']] }] },
  ),
  scenario(
    'reply-in-response-headers',
    'R5',
    { ...seeReply, on_response_headers: step([reply(500, 'oops')]) },
    { upstream: { body: ['one', 'two'] } },
  ),
  scenario(
    'reply-in-response-body',
    'R6',
    { ...seeReply, on_response_body: step([reply(500, 'oops')]) },
    { upstream: { body: ['one', 'two'] } },
  ),
  scenario('reply-in-create', 'R1', {
    ...seeReply,
    on_context_create: [step(), step([reply(403, 'early')])],
  }),
  scenario('reply-twice', 'R1', {
    ...seeReply,
    on_request_headers: step([
      reply(403, 'first', [['x', '1']], -1, 'one'),
      reply(404, 'second', [['x', '2']], -1, 'two'),
    ]),
  }),
  scenario('reply-then-continue', 'R1 F20', {
    ...seeReply,
    on_request_headers: step([reply(403, 'no'), call('continue_stream', 0)]),
  }),
  scenario('reply-then-trap', 'R1 T1', {
    ...seeReply,
    on_request_headers: step([reply(403, 'no'), { trap: true }]),
  }),
  scenario('reply-changed-on-the-way', 'R2', {
    on_request_headers: step([reply(403, 'no')]),
    on_response_headers: step([
      call('replace_header_map_value', map.responseHeaders, ':status', '404'),
      call('remove_header_map_value', map.responseHeaders, 'content-length'),
    ]),
    on_response_body: step([call('set_buffer_bytes', buffer.responseBody, 0, 100, 'changed')]),
  }),
  scenario('reply-answered-by-reply', 'R2', {
    ...seeReply,
    on_request_headers: step([reply(403, 'no')]),
    on_response_headers: [step([reply(404, 'other')]), step()],
  }),
  ...(
    [
      [200, 0],
      [503, -1],
      [400, -1],
      [401, -1],
      [403, -1],
      [404, -1],
      [429, -1],
      [500, -1],
      [403, 9],
      [403, 17],
    ] as const
  ).map(([status, grpc]) =>
    scenario(
      `reply-grpc-${status}-${grpc}`,
      'R7',
      { ...seeReply, on_request_headers: step([reply(status, 'a b%c', [], grpc)]) },
      { requests: [grpcRequest] },
    ),
  ),
  scenario(
    'reply-from-callout',
    'R10',
    {
      ...seeReply,
      on_request_headers: step([ask], 1),
      on_http_call_response: step([onStream, reply(401, 'who')]),
    },
    { clusters },
  ),
  scenario(
    'reply-in-root-callbacks',
    'R12',
    {
      on_configure: step([call('set_tick_period_milliseconds', 50)], 1),
      on_tick: step([reply(500, 'x'), call('set_tick_period_milliseconds', 0)]),
    },
    { requests: [{ delayMs: 200 }] },
  ),
  scenario('reply-in-log', 'R12', { on_log: step([reply(500, 'x')]) }, { notInEnvoy: 'Envoy crashes' }),
  {
    id: 'reply-by-first-of-two',
    rows: ['R13', 'F18'],
    filters: [
      { script: { callbacks: http({ ...seeReply, on_request_headers: step([reply(403, 'no')]) }) } },
      { script: { callbacks: http(seeReply) } },
    ],
    requests: [{}],
  },
  {
    id: 'reply-by-second-of-two',
    rows: ['R13', 'F18', 'R2'],
    filters: [
      { script: { callbacks: http(seeReply) } },
      { script: { callbacks: http({ ...seeReply, on_request_headers: step([reply(403, 'no')]) }) } },
    ],
    requests: [{}],
  },
  {
    id: 'reply-in-response-by-first-of-two',
    rows: ['R5'],
    filters: [
      { script: { callbacks: http({ ...seeReply, on_response_headers: step([reply(500, 'oops')]) }) } },
      { script: { callbacks: http(seeReply) } },
    ],
    requests: [{}],
    upstream: { body: ['one'] },
  },
  {
    id: 'reply-0-1-0',
    rows: ['R1'],
    filters: only({ abi: '0_1_0', callbacks: http({ on_request_headers: step([reply(403, 'no')]) }) }),
    requests: [{}],
  },
];
