/** Traps, failure policies, capabilities (rows T of docs/host.md). */
import { type Script, call, callHeaders, http, map, saved, step } from '../helpers/guests/probe/script.ts';
import { type Scenario, only, scenario } from '../helpers/scenario/scenario.ts';

const trap = { trap: true } as const;
const twice = [{}, {}];
const policies = [
  ['closed', { failurePolicy: 'FAIL_CLOSED' }],
  ['open', { failurePolicy: 'FAIL_OPEN' }],
  ['legacy-open', { failOpen: true }],
] as const;
const places: readonly (readonly [
  name: string,
  rows: string,
  callbacks: Script['callbacks'],
  rest: Partial<Scenario>,
])[] = [
  ['request-headers', 'T1 T2 T3 T4', { on_request_headers: step([trap]) }, {}],
  ['request-body', 'T1 T3', { on_request_body: step([trap]) }, { requests: [{ body: ['abc'] }, {}] }],
  ['response-headers', 'T5 T3', { on_response_headers: step([trap]) }, { upstream: { body: ['abc'] } }],
  ['response-body', 'T6 T3', { on_response_body: step([trap]) }, { upstream: { body: ['abc', 'def'] } }],
  ['log', 'T14', { on_log: step([trap]) }, {}],
  ['done', 'T14', { on_done: step([trap], 1) }, {}],
  ['delete', 'T14', { on_delete: step([trap]) }, {}],
  ['create', 'T1', { on_context_create: [step(), step([trap])] }, {}],
];

export const failureScenarios: readonly Scenario[] = [
  ...places.flatMap(([place, rows, callbacks, rest]) =>
    policies.map(([policy, settings]) =>
      scenario(`trap-in-${place}-${policy}`, rows, callbacks, { requests: twice, ...rest, settings }),
    ),
  ),
  scenario(
    'trap-grpc',
    'T9',
    { on_request_headers: step([trap]) },
    { requests: [{ method: 'POST', headers: [['content-type', 'application/grpc']], body: ['\0\0\0\0\0'] }] },
  ),
  scenario('trap-root-create', 'C1', { on_context_create: step([trap]) }, { requests: twice }),
  scenario(
    'trap-root-create-open',
    'C1',
    { on_context_create: step([trap]) },
    { requests: twice, settings: { failurePolicy: 'FAIL_OPEN' } },
  ),
  scenario(
    'trap-in-tick',
    'T7',
    {
      on_request_headers: step([call('set_tick_period_milliseconds', 50)]),
      on_tick: step([trap]),
    },
    { upstream: { delayMs: 300, body: ['abc'] }, requests: twice, settleMs: 200 },
  ),
  scenario(
    'trap-in-callout',
    'T8',
    {
      on_request_headers: step([call('http_call', 'side', callHeaders(), '', [], 1000)], 1),
      on_http_call_response: step([trap]),
    },
    { clusters: { side: {} }, requests: [{ abortAfterMs: 500 }, {}] },
  ),
  scenario(
    'trap-in-callout-after-continue',
    'T8',
    {
      on_request_headers: step([call('http_call', 'side', callHeaders(), '', [], 1000)], 1),
      on_http_call_response: step([
        call('set_effective_context', saved('stream')),
        call('continue_stream', 0),
        trap,
      ]),
    },
    { clusters: { side: {} }, requests: [{ abortAfterMs: 700 }, {}] },
  ),
  scenario(
    'trap-reload-soon',
    'T11',
    { on_request_headers: step([trap]) },
    { requests: twice, settings: { failurePolicy: 'FAIL_RELOAD', reloadBackoffMs: 60_000 } },
  ),
  scenario(
    'trap-reload',
    'T10',
    { on_request_headers: [step([trap]), step()] },
    {
      // The back-off is up to half as long again: the second request comes after it, the third within the next one.
      requests: [{ delayMs: 300 }, { delayMs: 2_000 }, {}],
      settings: { failurePolicy: 'FAIL_RELOAD', reloadBackoffMs: 1_000 },
    },
  ),
  {
    id: 'trap-of-one-of-two',
    rows: ['T1', 'T5'],
    filters: [
      { script: { callbacks: http({}) } },
      { script: { callbacks: http({ on_request_headers: step([trap]) }) } },
    ],
    requests: twice,
  },
  {
    id: 'trap-of-the-first-open',
    rows: ['T3', 'T4'],
    filters: [
      { script: { callbacks: http({ on_request_headers: step([trap]) }) }, failOpen: true },
      { script: { callbacks: http({}) } },
    ],
    requests: twice,
  },
  {
    id: 'trap-in-response-of-the-second',
    rows: ['T5'],
    filters: [
      { script: { callbacks: http({}) } },
      { script: { callbacks: http({ on_response_headers: step([trap]) }) } },
    ],
    requests: twice,
    upstream: { body: ['abc'] },
  },
  {
    id: 'trap-by-division',
    rows: ['T1'],
    filters: only({ callbacks: http({ on_request_headers: step([{ grow: 70_000 }, trap]) }) }),
    requests: [{}],
  },
  {
    id: 'data-survives-a-failed-vm',
    rows: ['T13'],
    filters: [
      {
        script: {
          callbacks: http({ on_request_headers: step([call('set_shared_data', 'k', 'kept', 0), trap]) }),
        },
        vmId: 'data-survives',
        failOpen: true,
      },
      {
        script: {
          callbacks: http({
            on_request_headers: step([{ ...call('get_shared_data', 'k'), cells: [512, 516, 520] }]),
          }),
        },
        vmId: 'data-survives',
      },
    ],
    requests: twice,
  },
  scenario(
    'capabilities',
    'T15 T16 T17',
    {
      on_request_headers: step([
        call('get_header_map_value', map.requestHeaders, ':path'),
        call('get_property', 'request\0path'),
        call('wasi.random_get', 512, 4),
        call('wasi.clock_time_get', 0, 0n, 520),
      ]),
    },
    {
      settings: {
        allowedCapabilities: [
          'proxy_log',
          'proxy_on_context_create',
          'proxy_on_request_headers',
          'proxy_get_property',
          'clock_time_get',
        ],
      },
    },
  ),
  scenario('capabilities-none-but-log', 'T16', {}, { settings: { allowedCapabilities: ['proxy_log'] } }),
];
