/** Buffers, pause and continue, limits (rows B, F of docs/host.md). */
import { buffer, call, callHeaders, keep, map, saved, step } from '../helpers/guests/probe/script.ts';
import { type Scenario, scenario } from '../helpers/scenario/scenario.ts';

const { requestBody, responseBody } = buffer;
const read = (type: number, start = 0, max = -1) => call('get_buffer_bytes', type, start, max);
const write = (type: number, start: number, length: number, text: string) =>
  call('set_buffer_bytes', type, start, length, text);
const status = (type: number) => call('get_buffer_status', type);
const resume = (stream: number) => call('continue_stream', stream);
const askThenPause = [keep('call', call('http_call', 'side', callHeaders(), '', [], 1000))];
const onStream = call('set_effective_context', saved('stream'));
const post = { body: ['abc', 'defg'] };
const clusters = { side: {} };
/** More than the limit that goes with it, in two chunks. */
const tooMuch = ['x'.repeat(1_500), 'y'.repeat(1_500)];
/** Takes the length out, as a filter that changes a body must. */
const noLength = call('remove_header_map_value', map.responseHeaders, 'content-length');

const replaceAll: readonly (readonly [string, string, number, number])[] = [
  ['prepend', 'B6', 0, 0],
  ['replace-exact', 'B7', 0, 5],
  ['replace-all', 'B7', 0, 0x7fffffff],
  ['replace-start', 'B8', 0, 2],
  ['append-at-end', 'B9', 5, 0],
  ['append-far', 'B9', 0x7fffffff, 0],
  ['middle', 'B10', 2, 1],
];

export const bodyScenarios: readonly Scenario[] = [
  scenario(
    'body-read',
    'B1 B2 B3 B18 F14',
    {
      on_request_body: [
        step([
          read(requestBody),
          read(requestBody, 3, 10),
          read(requestBody, 5, 1),
          read(requestBody, 9, 1),
          status(requestBody),
          read(requestBody, 1, 2),
        ]),
        step([read(requestBody), status(requestBody)]),
      ],
    },
    { requests: [{ body: ['hello'] }] },
  ),
  scenario(
    'body-absent',
    'B4 B5 B13 B14 B16 B17',
    {
      on_request_headers: step(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap(type => [
          read(type, 0, 9),
          status(type),
          write(type, 0, 0, 'X'),
        ]),
      ),
    },
    { settings: { vmConfiguration: 'vm config', configuration: 'plugin config' } },
  ),
  scenario(
    'body-configurations',
    'B11 B12 B13 B15 C1',
    {
      on_vm_start: step(
        [read(buffer.pluginConfiguration), read(buffer.vmConfiguration), write(6, 0, 0, 'X')],
        1,
      ),
      on_configure: step(
        [
          read(buffer.pluginConfiguration),
          read(buffer.pluginConfiguration, 2, 3),
          read(6),
          write(7, 0, 0, 'X'),
        ],
        1,
      ),
      on_context_create: step([read(buffer.pluginConfiguration), read(6)]),
    },
    { settings: { vmConfiguration: 'vm config', configuration: 'plugin config' } },
  ),
  ...replaceAll.flatMap(([name, row, start, length]) => [
    scenario(
      `body-request-${name}`,
      row,
      { on_request_body: [step([write(requestBody, start, length, 'X'), read(requestBody)]), step()] },
      { requests: [{ body: ['hello'] }] },
    ),
    scenario(
      `body-response-${name}`,
      row,
      {
        on_response_headers: step([noLength]),
        on_response_body: [step([write(responseBody, start, length, 'X'), read(responseBody)]), step()],
      },
      { upstream: { body: ['hello'], withLength: true } },
    ),
  ]),
  scenario(
    'body-set-on-empty-last',
    'B9 F14',
    { on_request_body: [step(), step([write(requestBody, 0, 0, 'tail')])] },
    { requests: [{ body: ['hello'] }] },
  ),
  scenario(
    'body-set-in-every-callback',
    'B7',
    { on_request_body: step([write(requestBody, 0, 0x7fffffff, 'whole')]) },
    { requests: [{ body: ['hello'] }] },
  ),
  scenario(
    'body-replaced-with-length-kept',
    'F19',
    { on_request_body: [step([write(requestBody, 0, 0x7fffffff, 'WORLD')]), step()] },
    { requests: [{ body: ['hello'], withLength: true }] },
  ),
  scenario('body-get-without-body', 'F13', {}),
  scenario(
    'body-chunks',
    'F14 F15',
    { on_request_body: step([read(requestBody)]), on_response_body: step([read(responseBody)]) },
    { requests: [post], upstream: { body: ['one', 'two'] } },
  ),
  scenario(
    'body-with-length',
    'F14',
    { on_request_body: step([read(requestBody)]) },
    { requests: [{ body: ['abc'], withLength: true }] },
  ),
  scenario(
    'body-buffered',
    'F7',
    {
      on_request_body: [
        step([read(requestBody)], 1),
        step([read(requestBody)], 1),
        step([read(requestBody)]),
      ],
    },
    { requests: [post] },
  ),
  scenario(
    'body-response-buffered',
    'F7',
    {
      on_response_body: [
        step([read(responseBody)], 1),
        step([read(responseBody)], 1),
        step([read(responseBody)]),
      ],
    },
    { upstream: { body: ['one', 'two'] } },
  ),
  scenario(
    'body-watermark',
    'F8',
    {
      on_request_body: [
        step([read(requestBody)], 2),
        step([read(requestBody)], 2),
        step([read(requestBody)]),
      ],
    },
    { requests: [post] },
  ),
  scenario(
    'body-dropped',
    'F9',
    { on_request_body: [step([read(requestBody)], 3), step([read(requestBody)])] },
    { requests: [post] },
  ),
  scenario(
    'body-response-dropped',
    'F9',
    { on_response_body: [step([], 3), step()] },
    { upstream: { body: ['one', 'two'] } },
  ),
  scenario('body-code-nine', 'F10', { on_request_body: [step([], 9), step()] }, { requests: [post] }),
  scenario('body-code-negative', 'F10', { on_request_body: [step([], -1), step()] }, { requests: [post] }),
  ...[1, 2, 3, 4, 5, 7, -1].map(code =>
    scenario(
      `flow-request-headers-${code < 0 ? 'negative' : code}`,
      'F1 F5 F6',
      { on_request_headers: step([], code) },
      { requests: [{ ...post, abortAfterMs: 1_500 }] },
    ),
  ),
  ...[1, 2, 3, 4, 7].map(code =>
    scenario(
      `flow-response-headers-${code}`,
      'F1 F5 F6',
      { on_response_headers: step([], code) },
      { requests: [{ abortAfterMs: 1_500 }], upstream: { body: ['one', 'two'] } },
    ),
  ),
  scenario(
    'flow-resumed-in-the-middle-of-a-body',
    'F7 X11',
    {
      on_request_body: [step(askThenPause, 1), step([read(requestBody)])],
      on_http_call_response: step([onStream, resume(0)]),
    },
    { requests: [{ body: ['abc', 'defg', 'hi'], gapMs: 250 }], clusters },
  ),
  scenario(
    'flow-resumed-in-the-middle-of-a-response',
    'F7 X11',
    {
      on_response_body: [step(askThenPause, 1), step([read(responseBody)])],
      on_http_call_response: step([onStream, resume(1)]),
    },
    { upstream: { body: ['abc', 'defg', 'hi'], gapMs: 250 }, clusters },
  ),
  ...[1, 3, 4].map(code =>
    scenario(
      `flow-resumed-by-callout-${code}`,
      'F2 H11 X11',
      {
        on_request_headers: step(askThenPause, code),
        on_request_body: step([read(requestBody)]),
        on_http_call_response: step([
          onStream,
          call('add_header_map_value', map.requestHeaders, 'x-late', '1'),
          read(requestBody),
          resume(0),
        ]),
      },
      { requests: [post], clusters },
    ),
  ),
  scenario(
    'flow-resumed-late',
    'F2',
    {
      on_request_headers: step(askThenPause, 1),
      on_request_body: step([read(requestBody)]),
      on_http_call_response: step([onStream, resume(0)]),
    },
    { requests: [post], clusters: { side: { delayMs: 300 } } },
  ),
  scenario(
    'flow-resumed-late-with-trailers',
    'F2 F16',
    {
      on_request_headers: step(askThenPause, 1),
      on_request_body: step([read(requestBody)]),
      on_http_call_response: step([onStream, resume(0)]),
    },
    { requests: [{ ...post, trailers: [['x-end', '1']] }], clusters: { side: { delayMs: 300 } } },
  ),
  scenario(
    'flow-response-resumed',
    'F2',
    {
      on_response_headers: step(askThenPause, 1),
      on_response_body: step([read(responseBody)]),
      on_http_call_response: step([
        onStream,
        call('add_header_map_value', map.responseHeaders, 'x-late', '1'),
        resume(1),
      ]),
    },
    { upstream: { body: ['one', 'two'] }, clusters: { side: { delayMs: 200 } } },
  ),
  scenario(
    'flow-body-resumed',
    'F2 F7',
    {
      on_request_body: [step(askThenPause, 1), step([read(requestBody)], 1), step([read(requestBody)], 1)],
      on_http_call_response: step([onStream, read(requestBody), resume(0)]),
    },
    { requests: [post], clusters: { side: { delayMs: 300 } } },
  ),
  scenario(
    'flow-trailers-resumed',
    'F16',
    {
      on_request_body: step([], 1),
      on_request_trailers: step(askThenPause, 1),
      on_http_call_response: step([
        onStream,
        read(requestBody),
        call('add_header_map_value', map.requestTrailers, 'x-late', '1'),
        resume(0),
      ]),
    },
    { requests: [{ ...post, trailers: [['x-end', '1']] }], clusters },
  ),
  scenario(
    'flow-response-trailers-resumed',
    'F16',
    {
      on_response_trailers: step(askThenPause, 1),
      on_http_call_response: step([
        onStream,
        call('get_header_map_value', map.responseTrailers, 'x-end'),
        resume(1),
      ]),
    },
    { upstream: { body: ['one'], trailers: [['x-end', '1']] }, clusters },
  ),
  scenario(
    'flow-allow-stop-iteration',
    'F3',
    {
      on_request_headers: step([], 1),
      on_request_body: [
        step([call('add_header_map_value', map.requestHeaders, 'x-in-body', '1'), read(requestBody)], 1),
        step([read(requestBody)], 1),
        step([call('add_header_map_value', map.requestHeaders, 'x-last', '1')]),
      ],
    },
    { requests: [post], settings: { allowOnHeadersStopIteration: true } },
  ),
  scenario(
    'flow-allow-stop-iteration-first-chunk',
    'F4',
    {
      on_request_headers: step([], 1),
      on_request_body: step([call('replace_header_map_value', map.requestHeaders, 'x-in-body', '1')]),
    },
    { requests: [post], settings: { allowOnHeadersStopIteration: true } },
  ),
  scenario(
    'flow-allow-stop-iteration-no-body',
    'F3',
    {
      on_request_headers: step(askThenPause, 1),
      on_http_call_response: step([onStream, resume(0)]),
    },
    { clusters, settings: { allowOnHeadersStopIteration: true } },
  ),
  scenario(
    'flow-allow-stop-iteration-response',
    'F3',
    {
      on_response_headers: step([], 1),
      on_response_body: [
        step([call('add_header_map_value', map.responseHeaders, 'x-in-body', '1')], 1),
        step([call('add_header_map_value', map.responseHeaders, 'x-in-body', '2')]),
      ],
    },
    { upstream: { body: ['one', 'two'] }, settings: { allowOnHeadersStopIteration: true } },
  ),
  scenario('flow-continue-in-own-callback-no-body', 'F20', { on_request_headers: step([resume(0)], 1) }),
  scenario('flow-continue-bad-stream', 'F20', {
    on_request_headers: step([resume(4), resume(3), resume(2), call('close_stream', 4)]),
  }),
  scenario(
    'flow-continue-in-body',
    'F20',
    { on_request_body: [step([resume(0)], 1), step()] },
    { requests: [post] },
  ),
  scenario(
    'flow-continue-without-context',
    'F21 R11',
    {
      on_request_headers: step(askThenPause, 1),
      on_http_call_response: step([resume(0), call('send_local_response', 401, 'd', 'b', [], -1)]),
    },
    { requests: [{ abortAfterMs: 1_500 }], clusters },
  ),
  scenario(
    'flow-maps-after-continue',
    'H12',
    {
      on_request_headers: step(askThenPause, 1),
      on_http_call_response: step([
        onStream,
        resume(0),
        call('add_header_map_value', map.requestHeaders, 'x', 'y'),
        call('get_header_map_pairs', map.requestHeaders),
        read(requestBody),
      ]),
    },
    { clusters },
  ),
  scenario(
    'flow-maps-after-continue-response',
    'H13',
    {
      on_request_headers: step(askThenPause, 1),
      on_http_call_response: step([
        onStream,
        resume(1),
        call('get_header_map_value', map.requestHeaders, ':path'),
      ]),
    },
    { requests: [{ abortAfterMs: 1_500 }], clusters, notInEnvoy: 'Envoy crashes' },
  ),
  scenario('flow-close-stream', 'F22', { on_request_headers: step([call('close_stream', 0)]) }),
  scenario(
    'flow-close-stream-in-body',
    'F22',
    { on_request_body: step([call('close_stream', 0)], 1) },
    { requests: [post] },
  ),
  scenario(
    'flow-close-response',
    'F22',
    { on_response_headers: step([call('close_stream', 1)]) },
    { upstream: { body: ['one'] } },
  ),
  scenario(
    'flow-request-over-limit',
    'F11',
    { on_request_body: step([status(requestBody)], 1) },
    {
      requests: [{ body: ['x'.repeat(60_000), 'y'.repeat(60_000)], withLength: true }],
      bufferLimitBytes: 32_768,
      ignoreLogs: {
        pattern: /on_request_body|get_buffer_status/,
        reason: 'how many reads a socket takes is not fixed',
      },
    },
  ),
  scenario(
    'flow-response-over-limit',
    'F11',
    { on_response_headers: step([], 3) },
    {
      upstream: { body: ['x'.repeat(60_000), 'y'.repeat(60_000)], withLength: true },
      bufferLimitBytes: 32_768,
    },
  ),
  ...(['request', 'response'] as const).map((side, stream) =>
    scenario(
      `flow-${side}-held-back-by-watermark`,
      'F12',
      {
        [`on_${side}_headers`]: step([call('http_call', 'side', callHeaders(), '', [], 2000)], 4),
        on_http_call_response: step([
          call('set_effective_context', saved('stream')),
          call('continue_stream', stream),
        ]),
      },
      {
        ...(side === 'request' ? { requests: [{ body: tooMuch }] } : { upstream: { body: tooMuch } }),
        clusters: { side: { delayMs: 300 } },
        bufferLimitBytes: 1_000,
        settleMs: 300,
        ignoreLogs: { pattern: /on_\w+_body/, reason: 'how many reads a socket takes is not fixed' },
      },
    ),
  ),
];
