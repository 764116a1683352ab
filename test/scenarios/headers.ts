/** Header maps: values, order, repetition, phases (rows H of docs/host.md). */
import {
  type Pairs,
  call,
  callHeaders as callOf,
  http,
  map,
  saved,
  step,
} from '../helpers/guests/probe/script.ts';
import { type Scenario, only, scenario } from '../helpers/scenario/scenario.ts';

const { requestHeaders, requestTrailers, responseHeaders, responseTrailers, callHeaders, callTrailers } = map;
const value = (type: number, key: string) => call('get_header_map_value', type, key);
const add = (type: number, key: string, text: string) => call('add_header_map_value', type, key, text);
const replace = (type: number, key: string, text: string) =>
  call('replace_header_map_value', type, key, text);
const remove = (type: number, key: string) => call('remove_header_map_value', type, key);
const pairs = (type: number) => call('get_header_map_pairs', type);
const size = (type: number) => call('get_header_map_size', type);

const sent: Pairs = [
  ['x-twice', '1'],
  ['X-TWICE', '2'],
  ['x-empty', ''],
];

/** Inline headers of requests and responses, whose values are joined when one is added. */
const inlineRequest = [
  'user-agent',
  'content-type',
  'accept',
  'accept-encoding',
  'authorization',
  'origin',
  'referer',
];
const moreInlineRequest = [
  'cache-control',
  'via',
  'x-forwarded-for',
  'grpc-timeout',
  'cookie',
  'x-custom',
  ':authority',
];
const inlineResponse = [
  'content-type',
  'cache-control',
  'vary',
  'location',
  'server',
  'set-cookie',
  'etag',
  'x-custom',
];

const allMaps = [
  requestHeaders,
  requestTrailers,
  responseHeaders,
  responseTrailers,
  4,
  5,
  callHeaders,
  callTrailers,
];
const probeMaps = allMaps.flatMap(type => [
  value(type, ':status'),
  pairs(type),
  // The size of response headers varies with the digits of the upstream's service time.
  ...(type === responseHeaders ? [] : [size(type)]),
  add(type, 'x-probe', '1'),
]);

export const headerScenarios: readonly Scenario[] = [
  scenario(
    'headers-repeated',
    'H1 H2 H3 C2 C3 F13 M4',
    {
      on_request_headers: step([
        value(requestHeaders, 'X-Twice'),
        call('get_property', 'request\0headers\0X-Twice'),
        pairs(requestHeaders),
        size(requestHeaders),
      ]),
    },
    { requests: [{ headers: sent }] },
  ),
  scenario(
    'headers-missing',
    'H4 M5',
    {
      on_request_headers: step([
        value(requestHeaders, 'x-none'),
        value(requestHeaders, ''),
        value(requestHeaders, 'x-empty'),
      ]),
    },
    { requests: [{ headers: sent }] },
  ),
  {
    id: 'headers-missing-0-1-0',
    rows: ['H5'],
    filters: only({
      abi: '0_1_0',
      callbacks: http({
        on_request_headers: step([value(requestHeaders, 'x-none'), value(requestHeaders, ':path')]),
      }),
    }),
    requests: [{}],
  },
  {
    id: 'headers-missing-0-2-0',
    rows: ['H4'],
    filters: only({
      abi: '0_2_0',
      callbacks: http({
        on_request_headers: step([value(requestHeaders, 'x-none'), value(requestHeaders, ':path')]),
      }),
    }),
    requests: [{}],
  },
  scenario('headers-bad-map-type', 'H6', {
    on_request_headers: step([
      value(8, 'x'),
      pairs(8),
      size(9),
      add(8, 'x', 'y'),
      remove(0xffff, 'x'),
      replace(-1, 'x', 'y'),
    ]),
  }),
  scenario(
    'headers-maps-in-request-body',
    'H10 H22',
    { on_request_body: step(probeMaps) },
    { requests: [{ body: ['hello'] }] },
  ),
  scenario('headers-joined', 'H4 H5 H6', {
    on_request_headers: step([
      ...['accept', 'te', 'if-none-match', 'accept-language', 'range', 'cookie', 'host', ':method'].flatMap(
        name => [
          call('add_header_map_value', requestHeaders, name, '1'),
          call('add_header_map_value', requestHeaders, name, '2'),
          call('add_header_map_value', requestHeaders, name, ''),
          value(requestHeaders, name),
        ],
      ),
      pairs(requestHeaders),
      call('replace_header_map_value', requestHeaders, ':method', 'GET'),
    ]),
    on_response_headers: step([
      ...['vary', 'etag', 'expires', 'set-cookie', 'x-own', 'grpc-status'].flatMap(name => [
        call('add_header_map_value', responseHeaders, name, ''),
        call('add_header_map_value', responseHeaders, name, '1'),
        call('add_header_map_value', responseHeaders, name, '2'),
        value(responseHeaders, name),
      ]),
      pairs(responseHeaders),
    ]),
  }),
  scenario('headers-joined-in-set-pairs', 'H23', {
    on_request_headers: step([
      call('set_header_map_pairs', requestHeaders, [
        [':path', '/a'],
        ['accept', '1'],
        ['x-own', '1'],
        [':method', 'GET'],
        ['Accept', '2'],
        ['x-own', '2'],
        [':authority', 'a'],
        ['host', 'b'],
        ['x-forwarded-proto', 'http'],
      ]),
      pairs(requestHeaders),
    ]),
    on_response_headers: step([
      call('set_header_map_pairs', responseHeaders, [
        ['vary', '1'],
        [':status', '200'],
        ['vary', '2'],
        ['set-cookie', '1'],
        ['set-cookie', '2'],
      ]),
      pairs(responseHeaders),
    ]),
  }),
  scenario('headers-joined-in-local-reply', 'R1', {
    on_request_headers: step([
      call(
        'send_local_response',
        403,
        'd',
        '',
        [
          ['vary', '1'],
          ['vary', '2'],
          ['x-own', '1'],
          ['x-own', '2'],
          ['content-type', 'a'],
          ['content-type', 'b'],
        ],
        -1,
      ),
    ]),
    on_response_headers: step([pairs(responseHeaders)]),
  }),
  scenario(
    'headers-joined-in-call-out',
    'X2 X14',
    {
      on_request_headers: step(
        [
          call(
            'http_call',
            'side',
            callOf('/callout', ['accept', '1'], ['accept', '2'], ['x-own', '1'], ['x-own', '2']),
            '',
            [],
            1000,
          ),
        ],
        1,
      ),
      on_http_call_response: step([
        pairs(callHeaders),
        pairs(callTrailers),
        call('set_effective_context', saved('stream')),
        call('continue_stream', 0),
      ]),
    },
    {
      clusters: {
        side: {
          headers: [
            ['vary', '1'],
            ['vary', '2'],
            ['x-own', '1'],
            ['x-own', '2'],
          ],
          body: ['x'],
          trailers: [
            ['grpc-status', '1'],
            ['grpc-status', '2'],
            ['vary', '1'],
            ['vary', '2'],
          ],
        },
      },
    },
  ),
  scenario('headers-maps-in-response-headers', 'H7 H8 H9', { on_response_headers: step(probeMaps) }),
  scenario(
    'headers-maps-in-response-body',
    'H7 H8 H9 H21',
    { on_response_body: [step([...allMaps.flatMap(type => [value(type, ':status'), pairs(type)])])] },
    { upstream: { body: ['abc'] } },
  ),
  scenario('headers-maps-in-create', 'H17', { on_context_create: [step(), step(probeMaps.slice(0, 12))] }),
  scenario('headers-maps-in-log', 'H18 H19', { on_log: step(probeMaps) }),
  scenario('headers-maps-in-done', 'H17', { on_done: step(probeMaps, 1) }),
  scenario('headers-maps-in-delete', 'H17', { on_delete: step(probeMaps.slice(0, 12)) }),
  scenario(
    'headers-log-without-response',
    'H20 C10',
    {
      on_request_headers: step([], 1),
      on_log: step([value(responseHeaders, ':status'), pairs(responseHeaders)]),
    },
    {
      requests: [{ abortAfterMs: 200 }],
      settleMs: 400,
    },
  ),
  scenario(
    'headers-size',
    'H14',
    {
      on_request_headers: step([size(requestHeaders)]),
      on_response_headers: step([
        remove(responseHeaders, 'x-envoy-upstream-service-time'),
        size(responseHeaders),
      ]),
    },
    {
      upstream: {
        headers: [
          ['a', 'bb'],
          ['ccc', ''],
        ],
      },
    },
  ),
  scenario('headers-stored-lower-case', 'H23 H24', {
    on_request_headers: step([
      replace(requestHeaders, 'X-Foo', 'Bar'),
      value(requestHeaders, 'x-FOO'),
      remove(requestHeaders, 'x-missing'),
      add(requestHeaders, 'X-Foo', 'Baz'),
      pairs(requestHeaders),
    ]),
    on_response_headers: step([replace(responseHeaders, 'X-Resp', 'V'), add(responseHeaders, 'X-RESP', 'W')]),
  }),
  scenario(
    'headers-replace-order',
    'H23',
    {
      on_request_headers: step([
        replace(requestHeaders, 'x-twice', '3'),
        replace(requestHeaders, ':path', '/other'),
        pairs(requestHeaders),
      ]),
    },
    { requests: [{ headers: sent }] },
  ),
  scenario('headers-empty-value-kept', 'M5 H24', {
    on_request_headers: step([
      replace(requestHeaders, 'x-a', ''),
      value(requestHeaders, 'x-a'),
      add(requestHeaders, '', 'v'),
    ]),
    on_response_headers: step([replace(responseHeaders, 'x-b', '')]),
  }),
  ...[inlineRequest, moreInlineRequest].map((names, index) =>
    scenario(`headers-inline-request-${index}`, 'H23', {
      on_request_headers: step(
        names.flatMap(name => [
          add(requestHeaders, name, 'one'),
          add(requestHeaders, name, 'two'),
          value(requestHeaders, name),
        ]),
      ),
    }),
  ),
  scenario('headers-inline-response', 'H23', {
    on_response_headers: step(
      inlineResponse.flatMap(name => [
        add(responseHeaders, name, 'one'),
        add(responseHeaders, name, 'two'),
        value(responseHeaders, name),
      ]),
    ),
  }),
  scenario('headers-host-is-authority', 'X2', {
    on_request_headers: step([
      value(requestHeaders, 'host'),
      replace(requestHeaders, 'host', 'other.example'),
      value(requestHeaders, ':authority'),
      pairs(requestHeaders),
    ]),
  }),
  ...([':path', ':method', ':authority', ':scheme'] as const).map(name =>
    scenario(`headers-remove-${name.slice(1)}`, 'H25', {
      on_request_headers: step([remove(requestHeaders, name)]),
    }),
  ),
  scenario('headers-remove-forwarded-proto', 'H27', {
    on_request_headers: step([remove(requestHeaders, 'x-forwarded-proto')]),
  }),
  scenario('headers-remove-status', 'H26', {
    on_response_headers: step([remove(responseHeaders, ':status')]),
  }),
  scenario('headers-status-text', 'H26', {
    on_response_headers: step([replace(responseHeaders, ':status', 'abc')]),
  }),
  scenario('headers-status-changed', 'H26', {
    on_response_headers: step([replace(responseHeaders, ':status', '418')]),
  }),
  scenario('headers-path-changed', 'H27', {
    on_request_headers: step([
      call('get_property', 'xds\0route_name'),
      replace(requestHeaders, ':path', '/changed?x=1'),
      call('get_property', 'request\0path'),
      call('get_property', 'request\0query'),
    ]),
  }),
  scenario('headers-bad-request-value', 'H25', {
    on_request_headers: step([replace(requestHeaders, 'x-n', 'a\0b')]),
  }),
  scenario('headers-bad-request-name', 'H25', {
    on_request_headers: step([replace(requestHeaders, 'x bad', 'v')]),
  }),
  scenario('headers-line-break-in-request', 'H25', {
    on_request_headers: step([replace(requestHeaders, 'x-n', 'a\r\nb: c')]),
  }),
  scenario('headers-bytes', 'M13', {
    on_request_headers: step([
      replace(requestHeaders, 'x-bytes', 'ä\u00ff'),
      value(requestHeaders, 'x-bytes'),
    ]),
    on_response_headers: step([replace(responseHeaders, 'x-bytes', 'ü')]),
  }),
  scenario('pairs-set', 'M9', {
    on_request_headers: step([
      call('set_header_map_pairs', requestHeaders, [
        [':method', 'PUT'],
        [':path', '/set'],
        [':authority', 'set.example'],
        [':scheme', 'http'],
        ['x-forwarded-proto', 'http'],
        ['a', '1'],
        ['b', '22'],
        ['a', '3'],
      ]),
      pairs(requestHeaders),
    ]),
  }),
  scenario('pairs-set-response', 'M9', {
    on_response_headers: step([
      call('set_header_map_pairs', responseHeaders, [
        [':status', '201'],
        ['x-a', '1'],
      ]),
      pairs(responseHeaders),
    ]),
  }),
  scenario('pairs-empty-erases', 'M12', {
    on_response_headers: step([
      call('set_header_map_pairs', responseHeaders, Uint8Array.of(0, 0, 0, 0)),
      pairs(responseHeaders),
    ]),
  }),
  scenario('pairs-trailing-byte-erases', 'M11', {
    on_response_headers: step([
      call(
        'set_header_map_pairs',
        responseHeaders,
        Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 97, 0, 49, 0, 0),
      ),
      pairs(responseHeaders),
    ]),
  }),
  scenario('pairs-without-terminator-erases', 'M11', {
    on_request_headers: step([
      call(
        'set_header_map_pairs',
        requestHeaders,
        Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 97, 1, 49, 0),
      ),
      pairs(requestHeaders),
    ]),
  }),
  scenario('pairs-too-many-erases', 'M10', {
    on_request_headers: step([
      call(
        'set_header_map_pairs',
        requestHeaders,
        Array.from({ length: 1025 }, (): readonly [string, string] => ['a', '1']),
      ),
      size(requestHeaders),
    ]),
  }),
  scenario('pairs-1024-kept', 'M10', {
    on_response_headers: step([
      call('set_header_map_pairs', responseHeaders, [
        [':status', '200'],
        ...Array.from({ length: 1023 }, (): readonly [string, string] => ['a', '1']),
      ]),
      size(responseHeaders),
      call('set_header_map_pairs', responseHeaders, [
        [':status', '203'],
        ['few', 'yes'],
      ]),
    ]),
  }),
  scenario(
    'headers-hop-by-hop',
    'H1',
    {
      on_request_headers: step([pairs(requestHeaders)]),
      on_response_headers: step([pairs(responseHeaders)]),
    },
    {
      requests: [
        {
          headers: [
            ['connection', 'keep-alive, x-nominated'],
            ['x-nominated', 'gone'],
            ['keep-alive', 'timeout=5'],
            ['te', 'gzip'],
            ['x-envoy-retry-on', '5xx'],
            ['proxy-connection', 'x'],
          ],
        },
      ],
      upstream: {
        headers: [
          ['keep-alive', 'timeout=5'],
          ['x-kept', 'yes'],
        ],
      },
    },
  ),
  scenario(
    'headers-te-trailers',
    'H1',
    { on_request_headers: step([pairs(requestHeaders)]) },
    { requests: [{ headers: [['te', 'trailers']] }] },
  ),
  scenario(
    'trailers-created-for-request',
    'H21',
    {
      on_request_body: [
        step([add(requestTrailers, 'x-t', '1')]),
        step([add(requestTrailers, 'x-t', '2'), value(requestTrailers, 'x-t')]),
      ],
    },
    { requests: [{ body: ['hello'] }] },
  ),
  scenario(
    'trailers-created-for-response',
    'H21',
    {
      on_response_body: [
        step([add(responseTrailers, 'x-t', '1')]),
        step([add(responseTrailers, 'x-t', '2'), pairs(responseTrailers)]),
      ],
    },
    { upstream: { body: ['hello'] } },
  ),
  scenario(
    'trailers-size-creates',
    'H21',
    { on_request_body: [step(), step([size(requestTrailers)])] },
    { requests: [{ body: ['hello'] }] },
  ),
  scenario(
    'trailers-both-ways',
    'F15 H1',
    {
      on_request_trailers: step([
        pairs(requestTrailers),
        add(requestTrailers, 'x-more', '1'),
        value(requestHeaders, ':path'),
      ]),
      on_response_trailers: step([pairs(responseTrailers), replace(responseTrailers, 'x-back', 'changed')]),
      on_log: step([pairs(requestTrailers), pairs(responseTrailers)]),
    },
    {
      requests: [{ body: ['hello'], trailers: [['x-end', 'yes']] }],
      upstream: { body: ['back'], trailers: [['x-back', 'yes']], headers: [['trailer', 'x-back']] },
    },
  ),
];
