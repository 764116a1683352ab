/** HTTP call-outs (rows X of docs/host.md). */
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
import { type Scenario, scenario } from '../helpers/scenario/scenario.ts';

const ask = (
  cluster: string,
  headers: Pairs = callHeaders(),
  body = '',
  trailers: Pairs = [],
  timeoutMs = 1000,
) => call('http_call', cluster, headers, body, trailers, timeoutMs);
const resumeStream = [call('set_effective_context', saved('stream')), call('continue_stream', 0)];
const look = [
  call('get_header_map_value', map.callHeaders, ':status'),
  { ...call('get_header_map_pairs', map.callHeaders), sizeOnly: false },
  call('get_header_map_pairs', map.callTrailers),
  call('get_buffer_bytes', buffer.callBody, 0, 200),
  call('get_status'),
];
/** The response's own values differ (dates), so only what matters is looked at. */
const lookShort = [
  call('get_header_map_value', map.callHeaders, ':status'),
  call('get_buffer_bytes', buffer.callBody, 0, 200),
  call('get_status'),
];
const paused = (...ops: ReturnType<typeof ask>[]) => step(ops, 1);

const oneCall = (
  id: string,
  rows: string,
  cluster: string,
  rest: Partial<Scenario>,
  timeoutMs = 1000,
): Scenario =>
  scenario(
    id,
    rows,
    {
      on_request_headers: paused(ask(cluster, callHeaders(), '', [], timeoutMs)),
      on_http_call_response: step([...lookShort, ...resumeStream]),
    },
    { settleMs: 300, ...rest },
  );

export const calloutScenarios: readonly Scenario[] = [
  scenario(
    'callout-refused-arguments',
    'X1 X2 X13 M14',
    {
      on_request_headers: step([
        ask('no-such-cluster'),
        ask('side', [
          [':method', 'GET'],
          [':path', '/'],
          ['host', 'h'],
        ]),
        ask('side', [
          [':method', 'GET'],
          [':path', '/'],
        ]),
        ask('side', [
          [':path', '/'],
          [':authority', 'a'],
        ]),
        ask('side', callHeaders(), '', [], 0x80000000 | 0),
        call('http_call', 'side', Uint8Array.of(1, 2, 3), '', [], 1000),
        call('http_call', '', callHeaders(), '', [], 1000),
      ]),
    },
    { clusters: { side: {} } },
  ),
  scenario(
    'callout-answered',
    'X3 X4 X11 X14 H15 H16',
    {
      on_request_headers: paused(ask('side', callHeaders('/c?x=1', ['x-up', '1'], ['X-Case', '2']), 'ab')),
      on_http_call_response: step([
        ...lookShort,
        call('get_header_map_value', map.callHeaders, 'x-back'),
        call('get_header_map_pairs', map.callTrailers),
        call('get_header_map_size', map.callHeaders),
        call('add_header_map_value', map.callHeaders, 'a', 'b'),
        call('set_buffer_bytes', buffer.callBody, 0, 0, 'x'),
        call('get_buffer_status', buffer.callBody),
        ...resumeStream,
        call('get_header_map_value', map.callHeaders, 'x-back'),
      ]),
    },
    {
      clusters: {
        side: {
          status: 201,
          headers: [['x-back', 'yes']],
          body: ['one', 'two'],
          trailers: [
            ['t1', '1'],
            ['t2', '2'],
            ['t3', '3'],
          ],
        },
      },
    },
  ),
  scenario(
    'callout-post-with-trailers',
    'X5 X4',
    {
      on_request_headers: paused(
        ask(
          'side',
          [
            [':method', 'POST'],
            [':path', '/p'],
            [':authority', 'a'],
            [':scheme', 'http'],
          ],
          'body',
          [['x-trailer', '1']],
        ),
      ),
      on_http_call_response: step(resumeStream),
    },
    { clusters: { side: {} } },
  ),
  scenario(
    'callout-ids',
    'X3',
    {
      on_request_headers: step([
        ask('side', callHeaders('/1')),
        ask('side', callHeaders('/2')),
        ask('no-such-cluster'),
        ask('side', callHeaders('/3')),
      ]),
    },
    {
      clusters: { side: {} },
      settleMs: 400,
      ignoreLogs: { pattern: /on_http_call_response/, reason: 'the order of parallel answers is not fixed' },
    },
  ),
  oneCall('callout-refused', 'X8', 'refused', {}),
  oneCall('callout-empty-cluster', 'X6', 'empty', { requests: [{ abortAfterMs: 300 }] }),
  oneCall('callout-timeout', 'X7', 'side', { clusters: { side: { delayMs: 600 } } }, 100),
  oneCall('callout-reset-before-headers', 'X8', 'side', { clusters: { side: { reset: 'before' } } }),
  oneCall('callout-reset-after-headers', 'X9', 'side', {
    clusters: { side: { body: ['part'], reset: 'after-head' } },
  }),
  oneCall('callout-500', 'X8', 'side', { clusters: { side: { status: 500, body: ['sorry'] } } }),
  oneCall('callout-no-timeout', 'X7', 'side', { clusters: { side: { delayMs: 200 } } }, 0),
  scenario(
    'callout-outlives-its-stream',
    'X10 X11',
    {
      on_request_headers: step([ask('side')]),
      on_http_call_response: step([call('set_effective_context', saved('stream')), ...look.slice(0, 1)]),
    },
    { clusters: { side: { delayMs: 300 } }, settleMs: 700 },
  ),
  scenario(
    'callout-in-response',
    'X11',
    {
      on_response_headers: step([ask('side')], 1),
      on_http_call_response: step([
        call('set_effective_context', saved('stream')),
        call('add_header_map_value', map.responseHeaders, 'x-late', '1'),
        call('continue_stream', 1),
      ]),
    },
    { clusters: { side: {} }, upstream: { body: ['abc'] } },
  ),
  scenario(
    'callout-chained',
    'X3 X11',
    {
      on_request_headers: paused(ask('side', callHeaders('/first'))),
      on_http_call_response: [
        step([...lookShort, ask('side', callHeaders('/second'))]),
        step([...lookShort, ...resumeStream]),
      ],
    },
    { clusters: { side: { body: ['x'] } } },
  ),
  scenario('callout-to-main', 'X11', {
    on_request_headers: paused(ask('main', callHeaders('/self'))),
    on_http_call_response: step(resumeStream),
  }),
  scenario(
    'callout-pseudo-headers-empty',
    'X2',
    {
      on_request_headers: step([
        ask('side', [
          [':method', 'GET'],
          [':path', ''],
          [':authority', 'a'],
        ]),
      ]),
    },
    {
      clusters: { side: {} },
      settleMs: 300,
      ignoreLogs: {
        pattern: /on_http_call_response/,
        reason: 'an empty request target: the test upstream may refuse it',
      },
    },
  ),
  scenario('grpc-refused-arguments', 'X15 X17 X18', {
    on_request_headers: step([
      call('grpc_call', 'no-such-cluster', 's', 'm', [], 'x', 1000),
      call('grpc_stream', 'no-such-cluster', 's', 'm', []),
      call('grpc_cancel', 4),
      call('grpc_close', 4),
      call('grpc_cancel', 7),
      call('grpc_cancel', 5),
      call('grpc_close', 6),
      call('grpc_send', 5, 'x', 0),
      call('grpc_send', 6, 'x', 0),
      call('grpc_send', 4, 'x', 0),
    ]),
  }),
  {
    id: 'callout-by-both-filters',
    rows: ['X11'],
    filters: [0, 1].map(index => ({
      script: {
        callbacks: http({
          on_request_headers: paused(ask('side', callHeaders(`/${index}`))),
          on_http_call_response: step(resumeStream),
        }),
      },
    })),
    requests: [{}],
    clusters: { side: {} },
  },
  scenario(
    'callout-kept-id-cancelled',
    'X18',
    {
      on_request_headers: step([keep('call', ask('side')), call('grpc_cancel', saved('call'))]),
    },
    { clusters: { side: {} }, settleMs: 300 },
  ),
];
