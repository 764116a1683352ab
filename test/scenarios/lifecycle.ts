/** Contexts, chains, shutdown of streams, timers (rows C of docs/host.md). */
import { buffer, call, callHeaders, http, keep, map, saved, step } from '../helpers/guests/probe/script.ts';
import { type Scenario, only, scenario } from '../helpers/scenario/scenario.ts';

const effective = (id: number | ReturnType<typeof saved>) => call('set_effective_context', id);
const add = (name: string, value: string) => call('add_header_map_value', map.requestHeaders, name, value);
const addBack = (name: string, value: string) =>
  call('add_header_map_value', map.responseHeaders, name, value);
const clusters = { side: {} };

export const lifecycleScenarios: readonly Scenario[] = [
  scenario('life-ids', 'C1 C2 C3', {}, { requests: [{}, {}, {}] }),
  scenario('life-done-returns-zero', 'C4', { on_done: step([], 0) }),
  scenario('life-proxy-done', 'C6 C7', {
    on_request_headers: step([call('done')]),
    on_done: step([call('done')], 1),
  }),
  scenario(
    'life-effective-context',
    'C8 C9',
    {
      on_request_headers: step([
        effective(saved('root')),
        effective(0),
        effective(77),
        effective(saved('context')),
      ]),
      on_response_headers: step([effective(1), call('get_header_map_value', map.responseHeaders, ':status')]),
      on_log: step([effective(saved('context'))]),
      on_delete: step([effective(saved('context'))]),
    },
    { requests: [{}, {}] },
  ),
  scenario(
    'life-effective-context-of-dead-stream',
    'C8',
    {
      on_request_headers: [step([effective(2)]), step([effective(2)])],
    },
    { requests: [{}, {}] },
  ),
  scenario(
    'life-effective-context-ends',
    'C9',
    {
      on_request_headers: step([keep('call', call('http_call', 'side', callHeaders(), '', [], 1000))], 1),
      on_http_call_response: step([
        call('get_property', 'request\0path'),
        effective(saved('stream')),
        call('get_property', 'request\0path'),
        effective(0),
        call('get_property', 'request\0path'),
        effective(saved('stream')),
        call('continue_stream', 0),
      ]),
    },
    { clusters },
  ),
  scenario(
    'life-client-abort',
    'C10',
    {
      on_request_headers: step([], 1),
      on_log: step([
        call('get_header_map_value', map.requestHeaders, ':path'),
        call('get_property', 'response\0code_details'),
      ]),
    },
    {
      requests: [{ abortAfterMs: 150 }],
      settleMs: 300,
    },
  ),
  scenario(
    'life-client-abort-upstream-slow',
    'C10',
    { on_log: step([call('get_header_map_value', map.requestHeaders, ':path')]) },
    {
      requests: [{ abortAfterMs: 150 }],
      upstream: { delayMs: 500 },
      settleMs: 700,
    },
  ),
  scenario(
    'life-tick',
    'C15 C16',
    {
      on_configure: step([call('set_tick_period_milliseconds', 30)], 1),
      on_tick: [step(), step([call('set_tick_period_milliseconds', 0)])],
    },
    {
      requests: [{ delayMs: 200 }],
      settleMs: 200,
      ignoreLogs: { pattern: /on_tick|set_tick/, reason: 'ticks may come before or after the first stream' },
    },
  ),
  scenario(
    'life-tick-from-stream',
    'C17',
    {
      on_request_headers: step([call('set_tick_period_milliseconds', 30)]),
      on_tick: [step([call('set_tick_period_milliseconds', 0)])],
    },
    { settleMs: 300 },
  ),
  scenario('life-starts-counted-in-shared-data', 'C1', {
    on_configure: step([call('set_shared_data', 'starts', 'x', 0)], 1),
    on_request_headers: step([call('get_shared_data', 'starts')]),
  }),
  scenario(
    'life-call-out-at-the-start',
    'C1',
    { on_configure: step([call('http_call', 'side', callHeaders('/start'), '', [], 1000)], 1) },
    {
      clusters,
      ignoreLogs: { pattern: /http_call/, reason: 'it may be answered before or after the first stream' },
      ignoreStartLogs: 'it may be answered before or after the first stream',
    },
  ),
  scenario(
    'life-ticks-of-every-vm',
    'C1 C15',
    {
      on_configure: step([call('set_tick_period_milliseconds', 30)], 1),
      on_tick: step([
        call('http_call', 'side', callHeaders('/tick'), '', [], 1000),
        call('set_tick_period_milliseconds', 0),
      ]),
    },
    {
      clusters,
      settleMs: 300,
      ignoreLogs: {
        pattern: /on_tick|set_tick|http_call/,
        reason: 'ticks may come before or after the first stream',
      },
      ignoreStartLogs: 'ticks may come before or after the first stream',
    },
  ),
  scenario('life-contexts-before-log', 'C3', { on_request_headers: step([call('close_stream', 0)]) }),
  {
    id: 'life-two-filters',
    rows: ['F17', 'F18', 'C3'],
    filters: [
      {
        script: {
          callbacks: http({
            on_request_headers: step([add('x-order', 'first')]),
            on_response_headers: step([addBack('x-order', 'first')]),
            on_request_body: step([call('set_buffer_bytes', buffer.requestBody, 0, 0, '1')]),
          }),
        },
      },
      {
        script: {
          callbacks: http({
            on_request_headers: step([
              add('x-order', 'second'),
              call('get_header_map_value', map.requestHeaders, 'x-order'),
            ]),
            on_response_headers: step([addBack('x-order', 'second')]),
            on_request_body: step([call('get_buffer_bytes', buffer.requestBody, 0, 100)]),
          }),
        },
      },
    ],
    requests: [{ body: ['abc'] }],
    upstream: { body: ['back'] },
  },
  {
    id: 'life-three-filters',
    rows: ['F18', 'C3'],
    filters: [0, 1, 2].map(index => ({
      script: {
        callbacks: http({
          on_request_headers: step([add('x-order', String(index))]),
          on_response_headers: step([addBack('x-order', String(index))]),
        }),
      },
    })),
    requests: [{}],
  },
  {
    id: 'life-second-pauses',
    rows: ['F2', 'F17'],
    filters: [
      { script: { callbacks: http({}) } },
      {
        script: {
          callbacks: http({
            on_request_headers: step(
              [keep('call', call('http_call', 'side', callHeaders(), '', [], 1000))],
              1,
            ),
            on_request_body: step([call('get_buffer_bytes', buffer.requestBody, 0, 100)]),
            on_http_call_response: step([effective(saved('stream')), call('continue_stream', 0)]),
          }),
        },
      },
    ],
    // The call is answered before the body comes, on a busy machine too.
    requests: [{ body: ['abc', 'def'], gapMs: 250 }],
    clusters,
  },
  {
    id: 'life-first-buffers-second-sees-whole',
    rows: ['F7', 'F17'],
    filters: [
      { script: { callbacks: http({ on_request_body: [step([], 1), step([], 1), step()] }) } },
      {
        script: {
          callbacks: http({ on_request_body: step([call('get_buffer_bytes', buffer.requestBody, 0, 100)]) }),
        },
      },
    ],
    requests: [{ body: ['abc', 'def'] }],
  },
  {
    id: 'life-trailers-for-the-next',
    rows: ['H21'],
    filters: [
      {
        script: {
          callbacks: http({
            on_request_body: [step(), step([call('add_header_map_value', map.requestTrailers, 'x-t', '1')])],
          }),
        },
      },
      {
        script: {
          callbacks: http({ on_request_trailers: step([call('get_header_map_pairs', map.requestTrailers)]) }),
        },
      },
    ],
    requests: [{ body: ['abc'] }],
  },
  {
    id: 'life-one-vm-two-roots',
    rows: ['L26'],
    filters: ['one', 'two'].map(rootId => ({
      script: {
        callbacks: http({
          on_configure: step(
            [call('get_property', 'plugin_root_id'), call('get_property', 'plugin_name')],
            1,
          ),
        }),
      },
      rootId: `life-one-vm-two-roots.${rootId}`,
      vmId: 'life-one-vm-two-roots',
    })),
    requests: [{}],
    ignoreStartLogs: 'a canary VM has each of the plugins alone, so its ids start again',
  },
  {
    id: 'life-0-1-0',
    rows: ['B19'],
    filters: only(
      {
        abi: '0_1_0',
        callbacks: http({
          on_vm_start: step([call('get_configuration')], 1),
          on_configure: step([call('get_configuration')], 1),
          on_request_headers: step([call('get_configuration'), call('clear_route_cache')]),
        }),
      },
      { configuration: 'plugin', vmConfiguration: 'vm' },
    ),
    requests: [{ body: ['abc'] }],
  },
  {
    id: 'life-0-1-0-pause',
    rows: ['F2'],
    filters: only({
      abi: '0_1_0',
      callbacks: http({
        on_request_headers: step([keep('call', call('http_call', 'side', callHeaders(), '', [], 1000))], 1),
        on_http_call_response: step([effective(saved('stream')), call('continue_request')]),
      }),
    }),
    requests: [{}],
    clusters,
  },
  {
    id: 'life-0-2-0',
    rows: ['L26'],
    filters: only({ abi: '0_2_0', callbacks: http({}) }),
    requests: [{ body: ['abc'] }],
  },
  { id: 'life-no-callbacks', rows: ['C1'], filters: only({ callbacks: {} }), requests: [{ body: ['abc'] }] },
  scenario(
    'life-callouts-from-the-end',
    'C3',
    {
      on_log: step([call('http_call', 'side', callHeaders('/log'), '', [], 1000)]),
      on_done: step([call('http_call', 'side', callHeaders('/done'), '', [], 1000)], 1),
      on_http_call_response: step([effective(saved('stream'))]),
    },
    { clusters, settleMs: 400 },
  ),
];
