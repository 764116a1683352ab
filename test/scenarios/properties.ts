/** Properties and foreign functions (rows P of docs/host.md). */
import { type Op, call, callHeaders, http, keep, map, saved, step } from '../helpers/guests/probe/script.ts';
import { type Scenario, only, scenario } from '../helpers/scenario/scenario.ts';

const property = (...path: string[]) => call('get_property', path.join('\0'));
/** A property whose value differs from run to run: only status and size are compared. */
const sized = (...path: string[]) => ({ ...property(...path), sizeOnly: true });
const set = (name: string, value: string) => call('set_property', name, value);
const foreign = (name: string, argument: string | Uint8Array = '') =>
  call('call_foreign_function', name, argument);

const requestNames = [
  'path',
  'url_path',
  'query',
  'host',
  'scheme',
  'method',
  'referer',
  'useragent',
  'protocol',
  'nothing',
];
const everywhere: readonly Op[] = [
  ...requestNames.map(name => property('request', name)),
  sized('request', 'id'),
  sized('request', 'time'),
  sized('request', 'duration'),
  property('request', 'size'),
  property('request', 'total_size'),
  property('request', 'headers', 'X-A'),
  property('request', 'headers', 'none'),
  property('response', 'code'),
  property('response', 'code_details'),
  property('response', 'flags'),
  property('response', 'grpc_status'),
  property('response', 'headers', 'x-b'),
  property('response', 'trailers', 'x-t'),
  sized('request', 'headers'),
  property('response', 'trailers'),
  sized('response', 'size'),
  sized('response', 'backend_latency'),
  property('connection', 'mtls'),
  property('connection', 'requested_server_name'),
  property('connection', 'tls_version'),
  property('connection', 'subject_peer_certificate'),
  property('connection', 'termination_details'),
  sized('connection', 'id'),
  sized('connection_id'),
  sized('source', 'port'),
  sized('destination', 'port'),
  property('upstream', 'request_attempt_count'),
  property('upstream', 'tls_version'),
  property('upstream', 'local_port'),
  property('xds', 'node', 'id'),
  property('xds', 'node', 'cluster'),
  property('xds', 'node', 'metadata', 'none'),
  property('xds', 'route_name'),
  property('xds', 'virtual_host_name'),
  property('xds', 'filter_chain_name'),
  property('xds', 'listener_direction'),
  property('xds', 'cluster_metadata'),
  property('plugin_name'),
  property('plugin_root_id'),
  property('plugin_vm_id'),
];
const wrappers = [
  'request',
  'response',
  'connection',
  'source',
  'destination',
  'upstream',
  'xds',
  'filter_state',
  'metadata',
];
const legacy = [
  'node',
  'cluster_name',
  'cluster_metadata',
  'listener_direction',
  'listener_metadata',
  'route_name',
  'upstream_host_metadata',
];
const request = {
  path: '/p/a?q=1&r=2',
  headers: [
    ['x-a', '1'],
    ['x-a', '2'],
    ['user-agent', 'ua'],
    ['referer', 'http://r/'],
  ],
} as const;
const upstream = { headers: [['x-b', 'b']], body: ['one'], trailers: [['x-t', 't']] } as const;

/** protobuf: field number and wire type 2. */
function field(number: number, text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [(number << 3) | 2, bytes.length, ...bytes];
}

/** What Envoy's configuration may say about a route and its surroundings; ours says nothing. */
const surroundings: readonly Op[] = [
  ...['cluster_metadata', 'route_metadata', 'virtual_host_metadata', 'listener_metadata'].map(name =>
    property('xds', name),
  ),
  property('xds', 'upstream_host_metadata'),
  property('xds', 'upstream_host_locality_metadata'),
  property('xds', 'route_metadata', 'filter_metadata'),
  property('xds', 'cluster_metadata', 'filter_metadata', 'none'),
  property('metadata', 'filter_metadata', 'none'),
  property('metadata', 'filter_metadata', 'envoy.filters.http.wasm', 'x'),
  property('upstream', 'request_attempt_count'),
  property('upstream', 'locality'),
  sized('upstream', 'address'),
  property('connection', 'transport_failure_reason'),
  property('response', 'nothing'),
  property('xds', 'nothing'),
  property('nothing', 'at', 'all'),
];

export const propertyScenarios: readonly Scenario[] = [
  scenario('property-surroundings', 'P14', {
    on_request_headers: step(surroundings),
    on_response_headers: step(surroundings),
    on_log: step(surroundings),
  }),
  scenario('property-filter-state', 'P10 P19', {
    on_request_headers: step([
      set('own', 'mine'),
      property('own'),
      property('filter_state', 'own'),
      property('filter_state', 'wasm.own'),
      property('filter_state', 'wasm', 'own'),
      property('wasm.own'),
      set('own', 'again'),
      property('own'),
      foreign('set_envoy_filter_state', Uint8Array.from([...field(1, 'envoy.string'), ...field(2, 'text')])),
      property('filter_state', 'envoy.string'),
      property('envoy.string'),
      set('envoy.string', 'other'),
      property('filter_state', 'envoy.string'),
      property('filter_state', 'none'),
    ]),
    on_response_headers: step([
      property('own'),
      property('filter_state', 'wasm.own'),
      property('filter_state', 'envoy.string'),
    ]),
    on_log: step([property('own'), property('filter_state', 'envoy.string')]),
  }),
  scenario(
    'property-in-request-headers',
    'P4 P5 H3',
    { on_request_headers: step(everywhere) },
    { requests: [request], upstream },
  ),
  scenario(
    'property-in-request-body',
    'P7',
    { on_request_body: [step(everywhere), step()] },
    { requests: [{ ...request, body: ['abc'] }], upstream },
  ),
  scenario(
    'property-in-response-headers',
    'P7',
    { on_response_headers: step(everywhere) },
    { requests: [request], upstream },
  ),
  scenario(
    'property-in-response-body',
    'P7',
    { on_response_body: [step(everywhere), step()] },
    { requests: [request], upstream },
  ),
  scenario(
    'property-in-response-trailers',
    'P7',
    { on_response_trailers: step(everywhere) },
    { requests: [request], upstream },
  ),
  scenario('property-in-log', 'P3 P8', { on_log: step(everywhere) }, { requests: [request], upstream }),
  scenario('property-in-done', 'P7', { on_done: step(everywhere, 1) }, { requests: [request], upstream }),
  scenario('property-in-root', 'P1', { on_configure: step([...everywhere, set('x', 'y')], 1) }),
  scenario(
    'property-in-tick',
    'P1 P12',
    {
      on_request_headers: step([call('set_tick_period_milliseconds', 20)]),
      on_tick: step([...everywhere.slice(0, 12), set('x', 'y'), call('set_tick_period_milliseconds', 0)]),
    },
    { settleMs: 300 },
  ),
  scenario('property-legacy-names', 'P2', { on_request_headers: step(legacy.map(name => property(name))) }),
  scenario('property-wrappers', 'P14', {
    on_request_headers: step(wrappers.map(name => ({ ...property(name), sizeOnly: true }))),
  }),
  scenario(
    'property-no-query',
    'P6',
    { on_request_headers: step([property('request', 'query'), property('request', 'url_path')]) },
    { requests: [{ path: '/plain' }] },
  ),
  scenario(
    'property-empty-query',
    'P6',
    {
      on_request_headers: step([
        property('request', 'query'),
        property('request', 'url_path'),
        property('request', 'path'),
      ]),
    },
    { requests: [{ path: '/plain?' }] },
  ),
  scenario(
    'property-of-a-refused-fragment',
    'P3 P8',
    { on_request_headers: step(), on_log: step(everywhere) },
    { requests: [{ ...request, path: '/p/a?q=1#frag' }], upstream },
  ),
  scenario('property-size-not-a-number', 'P9', {
    on_request_headers: step([
      call('replace_header_map_value', map.requestHeaders, 'content-length', 'abc'),
      property('request', 'size'),
      call('remove_header_map_value', map.requestHeaders, 'content-length'),
      property('request', 'size'),
    ]),
  }),
  scenario(
    'property-size',
    'P9',
    {
      on_request_headers: step([property('request', 'size')]),
      on_request_body: step([property('request', 'size')]),
      on_log: step([property('request', 'size'), property('response', 'size')]),
    },
    { requests: [{ body: ['abc', 'de'] }], upstream: { body: ['12345'] } },
  ),
  scenario(
    'property-size-with-length',
    'P9',
    { on_request_headers: step([property('request', 'size')]) },
    { requests: [{ body: ['abc', 'de'], withLength: true }] },
  ),
  scenario('property-paths', 'P15 P11', {
    on_request_headers: step([
      property(''),
      property('request'.concat('\0')),
      property('request', 'path', 'more'),
      property('request.path'),
      property('nothing'),
      sized('request', 'headers', ''),
    ]),
  }),
  scenario('property-set', 'P10 P11', {
    on_request_headers: step([
      set('foo', 'bar'),
      property('foo'),
      set('a\0b', 'c'),
      property('a', 'b'),
      property('a'),
      set('foo', ''),
      property('foo'),
      set('', 'x'),
      property('wasm.foo'),
      property('filter_state', 'wasm.foo'),
    ]),
    on_response_headers: step([property('foo'), set('foo', 'late'), property('foo')]),
    on_log: step([property('foo')]),
  }),
  {
    id: 'property-set-for-the-next',
    rows: ['P13'],
    filters: [
      { script: { callbacks: http({ on_request_headers: step([set('foo', 'from A')]) }) } },
      { script: { callbacks: http({ on_request_headers: step([property('foo')]) }) } },
    ],
    requests: [{}],
  },
  scenario('property-request-without-route', 'P3', {
    on_request_headers: step([call('remove_header_map_value', map.requestHeaders, ':path')]),
    on_response_headers: step([property('response', 'code'), property('response', 'code_details')]),
  }),
  scenario('property-connection-of-upstream', 'P5', {
    on_response_headers: step([
      { ...property('upstream', 'address'), sizeOnly: false },
      property('destination', 'address').call ? sized('destination', 'address') : sized('x'),
    ]),
  }),
  scenario(
    'property-grpc-status',
    'P3',
    {
      on_response_headers: step([property('response', 'grpc_status')]),
      on_log: step([property('response', 'grpc_status')]),
    },
    {
      upstream: {
        headers: [
          ['content-type', 'application/grpc'],
          ['grpc-status', '7'],
        ],
      },
    },
  ),
  scenario('foreign-unknown', 'P16', { on_request_headers: step([foreign('no_such_function', 'x')]) }),
  scenario('foreign-compress', 'P17 P18', {
    on_request_headers: step([
      { ...foreign('compress', 'aaaaaaaaaaaaaaaaaaaa'), sizeOnly: false, cells: [512, 516] },
      { ...foreign('compress', 'aaaa'), cells: [0, 0] },
      foreign(
        'uncompress',
        Uint8Array.of(0x78, 0x9c, 0x4b, 0x4c, 0x4c, 0x4c, 0x04, 0x00, 0x03, 0xce, 0x01, 0x85),
      ),
      foreign('uncompress', 'not zlib'),
    ]),
  }),
  scenario(
    'foreign-clear-route-cache',
    'P19',
    {
      on_request_headers: step(
        [foreign('clear_route_cache'), keep('call', call('http_call', 'side', callHeaders(), '', [], 1000))],
        1,
      ),
      on_http_call_response: step([
        call('set_effective_context', saved('stream')),
        foreign('clear_route_cache'),
        foreign(
          'set_envoy_filter_state',
          Uint8Array.from([...field(1, 'envoy.tcp_proxy.cluster'), ...field(2, 'x')]),
        ),
        call('continue_stream', 0),
      ]),
    },
    { clusters: { side: {} } },
  ),
  scenario(
    'foreign-declare-property',
    'P20',
    {
      on_configure: step(
        [foreign('declare_property', Uint8Array.from([...field(1, 'declared'), 0x10, 1, 0x18, 1]))],
        1,
      ),
      on_request_headers: step([
        foreign('declare_property', Uint8Array.from([...field(1, 'declared'), 0x10, 1, 0x18, 1])),
        foreign('declare_property', 'not a message'),
        set('declared', 'once'),
        set('declared', 'twice'),
        property('declared'),
      ]),
    },
    {},
  ),
  scenario('foreign-filter-state', 'P19', {
    on_request_headers: step([
      foreign('set_envoy_filter_state', Uint8Array.from([...field(1, 'no.such.factory'), ...field(2, 'x')])),
      foreign('set_envoy_filter_state', Uint8Array.of(255)),
    ]),
  }),
  {
    id: 'property-plugin-names',
    rows: ['L29'],
    filters: only(
      {
        callbacks: http({
          on_request_headers: step([
            property('plugin_name'),
            property('plugin_root_id'),
            property('plugin_vm_id'),
          ]),
        }),
      },
      { vmId: 'property-plugin-names' },
    ),
    requests: [{}],
  },
];
