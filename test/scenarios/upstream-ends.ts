/** Upstreams that end or reset in the middle of an answer, with and without filters that hold it (observation B8). */
import { type Script, call, http, map, step } from '../helpers/guests/probe/script.ts';
import { type AnswerSpec, type Scenario, scenario } from '../helpers/scenario/scenario.ts';

const property = (path: string) => call('get_property', path.replaceAll('.', '\0'));
const look = step([
  property('response.flags'),
  property('response.code'),
  property('response.code_details'),
  call('get_header_map_value', map.responseHeaders, ':status'),
]);

const answers: readonly (readonly [name: string, answer: AnswerSpec])[] = [
  ['chunks-end', { body: ['part'], reset: 'after-head' }],
  ['chunks-reset', { body: ['part'], reset: 'reset-after-head' }],
  ['length-end', { headers: [['content-length', '10']], body: ['part'], reset: 'after-head' }],
  ['length-reset', { headers: [['content-length', '10']], body: ['part'], reset: 'reset-after-head' }],
  ['head-end', { headers: [['content-length', '10']], reset: 'after-head' }],
];

const filters: readonly (readonly [name: string, callbacks: Script['callbacks']])[] = [
  ['', {}],
  ['-headers-held', { on_response_headers: step([], 1) }],
  ['-body-held', { on_response_body: step([], 1) }],
];

export const upstreamEndScenarios: readonly Scenario[] = [
  ...answers.flatMap(([answer, upstream]) =>
    filters.map(([held, callbacks]) =>
      scenario(`upstream-${answer}${held}`, 'H12', { ...callbacks, on_log: look }, { upstream }),
    ),
  ),
  scenario(
    'upstream-chunks-end-headers-and-body-held',
    'H12',
    { on_response_headers: step([], 1), on_response_body: step([], 1), on_log: look },
    {
      upstream: { body: ['part'], reset: 'after-head' },
      settings: { allowOnHeadersStopIteration: true },
    },
  ),
  ...(['after-head', 'reset-after-head'] as const).map(reset =>
    scenario(
      `upstream-${reset}-ends-a-body-without-length`,
      'H12',
      { on_log: look },
      { upstream: { untilClose: true, body: ['part'], reset } },
    ),
  ),
  ...filters.map(([held, callbacks]) =>
    scenario(
      `upstream-too-slow-in-body${held}`,
      'H12',
      {
        on_request_headers: step([
          call('replace_header_map_value', map.requestHeaders, 'x-envoy-upstream-rq-timeout-ms', '200'),
        ]),
        ...callbacks,
        on_log: look,
      },
      { upstream: { body: ['part', 'late'], gapMs: 1_000 } },
    ),
  ),
  {
    id: 'upstream-chunks-end-held-by-the-first-of-two',
    rows: ['H12'],
    filters: [
      { script: { callbacks: http({ on_response_headers: step([], 1), on_log: look }) } },
      { script: { callbacks: http({ on_log: look }) } },
    ],
    requests: [{}],
    upstream: { body: ['part'], reset: 'after-head' },
  },
];
