/** The foreign functions expr_create, expr_evaluate, expr_delete (rows P21–P25 of docs/host.md). expressions.txt has the texts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import {
  type CallOp,
  type Op,
  call,
  callHeaders,
  http,
  keep,
  map,
  saved,
  step,
} from '../helpers/guests/probe/script.ts';
import { type NetworkScenario, network } from '../helpers/scenario/network.ts';
import { type Scenario, get, only, scenario } from '../helpers/scenario/scenario.ts';

const foreign = (name: string, argument: CallOp['args'][number] = '') =>
  call('call_foreign_function', name, argument);
const create = (text: string): CallOp => foreign('expr_create', text);
const evaluate = (token: number): CallOp => foreign('expr_evaluate', Uint8Array.of(token, 0, 0, 0));
const remove = (token: number): CallOp => foreign('expr_delete', Uint8Array.of(token, 0, 0, 0));

/** Creates and evaluates each. What was not created is evaluated as the first of all, which says so. */
function expressions(texts: readonly string[], prefix = ''): readonly Op[] {
  const one = (text: string, at: number): Op[] => [
    keep(`${prefix}${at}`, create(text)),
    foreign('expr_evaluate', { pointer: saved(`${prefix}${at}`), size: 4 }),
  ];
  return [create('"not created"'), ...texts.flatMap(one)];
}

/** Section → expressions; a line that begins with two blanks goes on with the one before. */
function readTexts(): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of readFileSync(join(import.meta.dirname, 'expressions.txt'), 'utf8').split('\n')) {
    if (line.startsWith('## ')) sections.set(line.slice(3), (current = []));
    else if (line.startsWith('  ')) current.push(`${current.pop() ?? ''}\n${line.slice(2)}`);
    else if (line !== '') current.push(line);
  }
  return sections;
}

const texts = readTexts();
const attributes = texts.get('attributes') ?? [];
const language = [...texts].filter(([name]) => name !== 'attributes');

const request = {
  method: 'POST',
  path: '/p/a?q=1&r=2',
  headers: [
    ['x-a', '1'],
    ['x-a', '2'],
    ['user-agent', 'ua'],
    ['referer', 'http://r/'],
    ['x-num', '42'],
  ],
  body: ['abc'],
} as const;
const upstream = { headers: [['x-b', 'b']], body: ['one'], trailers: [['x-t', 't']] } as const;
const busy = { requests: [request], upstream };

const phases = [
  'request_headers',
  'request_body',
  'response_headers',
  'response_body',
  'response_trailers',
  'log',
];

/** protobuf: field number and wire type 2. */
function field(number: number, value: string | readonly number[]): number[] {
  const bytes = [...(typeof value === 'string' ? new TextEncoder().encode(value) : value)];
  return [(number << 3) | 2, bytes.length, ...bytes];
}
const declare = (name: string, type: number): CallOp =>
  foreign('declare_property', Uint8Array.from([...field(1, name), 0x18, type]));
const set = (name: string, value: string): CallOp => call('set_property', name, value);

const nested = (depth: number, open: string, middle: string, close: string): string =>
  open.repeat(depth) + middle + close.repeat(depth);
const chain = (count: number, term: string, operator: string): string =>
  Array.from({ length: count }, () => term).join(operator);
const numbers = (count: number): string => `[${chain(count, '1', ',')}]`;
/** Lists in lists, so that the steps multiply. */
const loops = (...counts: number[]): string =>
  counts.reduceRight((inner, count, level) => `${numbers(count)}.map(x${level}, ${inner})`, '1');

/** On both sides of every limit. */
const limits: Readonly<Record<string, readonly string[]>> = {
  depth: [
    ...[31, 32, 33, 34].map(depth => nested(depth, '(', '1', ')')),
    ...[31, 32, 33].map(depth => nested(depth, '[', '1', ']')),
    ...[31, 32, 33].map(depth => nested(depth, 'size(', '"a"', ')')),
    ...[31, 32, 33].map(depth => nested(depth, '{"a":', '1', '}')),
    ...[30, 31, 32, 33].map(count => chain(count, '1', '+')),
    ...[31, 32, 33].map(count => chain(count, 'a', '.')),
    ...[31, 32, 33].map(count => `[1]${'[0]'.repeat(count - 1)}`),
    ...[31, 32, 33].map(count => `"a"${'.contains("a")'.repeat(count - 1)}`),
    ...[30, 31, 32, 33].map(count => `${'true?1:'.repeat(count - 1)}1`),
    ...[30, 31, 32].map(count => `[${'true?1:'.repeat(count)}1]`),
    ...[30, 31, 32].map(count => `[(${'true?1:'.repeat(count)}1)]`),
    ...[31, 32, 33].map(count => chain(count, '1', '<')),
    `${'!'.repeat(5000)}true`,
    `${'-'.repeat(5001)}(1)`,
    '!!1',
    '--"a"',
    chain(1000, 'true', '&&'),
    chain(1000, 'false', '||'),
    `${chain(31, '1', '+')} == 31 && true`,
    `true && ${chain(32, '1', '+')} == 32`,
  ],
  steps: [
    `${loops(99, 99)}.size()`,
    `${loops(99, 100)}.size()`,
    `${loops(100, 98)}.size()`,
    `${loops(100, 99)}.size()`,
    `${loops(20, 20, 23)}.size()`,
    `${loops(20, 20, 24)}.size()`,
    `${loops(20, 20, 25)}.size()`,
    `${loops(1111, 8)}.size()`,
    `${loops(1110, 8)}.size()`,
    `${numbers(100)}.all(x, ${numbers(98)}.all(y, true))`,
    `${numbers(100)}.all(x, ${numbers(99)}.all(y, true))`,
    `${numbers(100)}.exists(x, ${numbers(98)}.exists(y, false))`,
    `${numbers(100)}.exists(x, ${numbers(99)}.exists(y, false))`,
    `${numbers(5000)}.exists(x, true)`,
    `${loops(99, 49)}.size() + ${loops(99, 49)}.size()`,
    `${loops(99, 49)}.size() + ${loops(99, 50)}.size()`,
    `${loops(99, 49)}.size() + ${loops(99, 51)}.size()`,
  ],
  patterns: [
    `"${'a'.repeat(30)}b".matches("(a+)+$")`,
    `"${'a'.repeat(3000)}b".matches("(a*)*c")`,
    `"a".matches("${nested(200, '(', 'a', ')')}")`,
    `"a".matches("${'a?'.repeat(500)}")`,
    `"a".matches("(?:a{1000}){1}")`,
    `"a".matches("(?:${'abc'.repeat(5)}){1000}")`,
    `"a".matches("(?:${'abc'.repeat(1000)}){1000}")`,
    `"a".matches("a{1000}${'b{1000}'.repeat(2)}")`,
    `"a".matches("a{1000}${'b{1000}'.repeat(2000)}")`,
  ],
};

/** Longer than a script can hold: unpacked in the guest, then handed on. `size` code points are "1" and blanks. */
function longText(size: number): readonly Op[] {
  const name = `long${size}`;
  const packed = deflateSync(`1${' '.repeat(size - 1)}`);
  return [
    { ...keep(name, foreign('uncompress', packed)), sizeOnly: true },
    foreign('expr_create', { pointer: saved(name), size }),
  ];
}

const shared = {
  callbacks: http({
    on_configure: step([create('plugin_name'), create('request.path')], 1),
    on_request_headers: step([evaluate(0), evaluate(1), create('1'), evaluate(2), evaluate(3)]),
    on_response_headers: step([evaluate(0), evaluate(2), evaluate(3)]),
  }),
};

export const expressionScenarios: readonly Scenario[] = [
  scenario('expr-tokens', 'P21', {
    on_request_headers: step([
      create('1'),
      create('2'),
      remove(0),
      evaluate(0),
      evaluate(1),
      create('3'),
      evaluate(2),
      create('not ) parsed'),
      create('unknown(1)'),
      create('4'),
      evaluate(3),
      evaluate(4),
      remove(1),
      remove(1),
      remove(200),
      evaluate(1),
      create(''),
      create(' '),
    ]),
  }),
  scenario('expr-arguments', 'P21', {
    on_request_headers: step([
      foreign('expr_evaluate'),
      create('"text"'),
      foreign('expr_evaluate'),
      foreign('expr_evaluate', Uint8Array.of(0)),
      foreign('expr_evaluate', Uint8Array.of(0, 0, 0, 0, 0)),
      foreign('expr_evaluate', Uint8Array.of(255, 255, 255, 255)),
      foreign('expr_delete'),
      foreign('expr_delete', Uint8Array.of(0, 0, 0)),
      { ...evaluate(0), cells: [0, 0] },
      { ...create('1'), cells: [0, 0] },
      evaluate(1),
      create('""'),
      evaluate(2),
      foreign('expr_create', Uint8Array.of(0x22, 0xff, 0x22)),
      foreign('expr_create', Uint8Array.of(0x31, 0)),
      foreign('expr_create', Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)),
    ]),
  }),
  scenario('expr-of-the-root', 'P21', {
    on_configure: step([create('request.path'), create('plugin_name')], 1),
    on_request_headers: step([evaluate(0), evaluate(1), create('request.method'), evaluate(2)]),
    on_response_headers: step([evaluate(0), evaluate(1), evaluate(2), remove(0), evaluate(0)]),
    on_log: step([evaluate(0), evaluate(2)]),
    on_done: step([evaluate(1), evaluate(2), create('response.code'), evaluate(3)], 1),
    on_delete: step([evaluate(1), evaluate(2), evaluate(3)]),
  }),
  {
    id: 'expr-two-roots',
    rows: ['P21'],
    filters: [
      { script: shared, vmId: 'expr-two-roots' },
      { script: shared, vmId: 'expr-two-roots' },
    ],
    requests: [request],
    ignoreStartLogs: 'the VM of the main thread, which is there first, has only the first root',
  },
  scenario(
    'expr-effective-context',
    'P21 P23',
    {
      on_request_headers: step(
        [create('request.method'), keep('call', call('http_call', 'side', callHeaders(), '', [], 1000))],
        1,
      ),
      on_http_call_response: step([
        evaluate(0),
        create('plugin_name'),
        evaluate(1),
        call('set_effective_context', saved('stream')),
        call('get_property', 'request\0method'),
        evaluate(0),
        create('request.method'),
        evaluate(1),
        evaluate(2),
        call('continue_stream', 0),
      ]),
    },
    { clusters: { side: {} } },
  ),
  {
    id: 'expr-0-1-0',
    rows: ['P21'],
    filters: only({
      abi: '0_1_0',
      callbacks: http({
        on_request_headers: step(expressions(['request.path', '1 + 1', 'request.headers["none"]'])),
      }),
    }),
    requests: [get],
  },
  ...language.map(([name, list]) =>
    scenario(`expr-${name}`, 'P22', { on_request_headers: step(expressions(list)) }),
  ),
  ...phases.map(phase => {
    // Whether the upstream is connected when the body comes is a matter of time.
    const known =
      phase === 'request_body' ? attributes.filter(text => !text.includes('upstream')) : attributes;
    const steps = { [`on_${phase}`]: [step(expressions(known)), step()] };
    return scenario(`expr-attributes-in-${phase.replace('_', '-')}`, 'P23', steps, busy);
  }),
  scenario(
    'expr-attributes-in-tick',
    'P23',
    {
      on_request_headers: step([call('set_tick_period_milliseconds', 20)]),
      on_tick: step([...expressions(attributes), call('set_tick_period_milliseconds', 0)]),
    },
    { settleMs: 400 },
  ),
  scenario(
    'expr-headers',
    'P23',
    {
      on_request_headers: step([
        ...expressions([
          'request.headers["x-none"]',
          'request.headers["x-empty"]',
          'request.headers["x-empty"] == ""',
          'has(request.headers.accept)',
          'request.headers["x-high"]',
          'request.headers["x-high"].size()',
          'request.headers["x-high"].matches("^.$")',
          'request.headers["x-high"] == "\\u00e9"',
          'request.headers["x-list"].matches("(^|,)b(,|$)")',
          'request.headers["content-type"].startsWith("application/")',
          'request.headers["content-length"]',
          'request.headers["cookie"]',
          'request.headers.filter(name, name.startsWith("x-l"))',
          'request.headers.exists(name, request.headers[name] == "b")',
          'request.headers["Content-Type"]',
          'request.headers["x-forwarded-proto"] == request.scheme',
          'request.headers == request.headers',
          'request.headers == {}',
          '{} == request.headers',
        ]),
        call('replace_header_map_value', map.requestHeaders, 'x-list', 'new'),
        call('remove_header_map_value', map.requestHeaders, 'x-empty'),
        call('replace_header_map_value', map.requestHeaders, ':path', '/other?z'),
        ...expressions(
          [
            'request.headers["x-list"]',
            'has(request.headers["x-empty"])',
            "'x-empty' in request.headers",
            'request.path',
            'request.url_path',
            'request.query',
          ],
          'after',
        ),
      ]),
    },
    {
      requests: [
        {
          headers: [
            ['x-empty', ''],
            ['x-high', 'é'],
            ['x-list', 'a'],
            ['x-list', 'b'],
            ['content-type', 'application/grpc'],
            ['cookie', 'a=1'],
            ['cookie', 'b=2'],
          ],
        },
      ],
    },
  ),
  scenario('expr-filter-state', 'P24', {
    on_configure: step([declare('bytes', 0), declare('text', 1)], 1),
    on_request_headers: step([
      set('own', 'mine'),
      set('bytes', 'b'),
      set('text', 't'),
      foreign('set_envoy_filter_state', Uint8Array.from([...field(1, 'envoy.string'), ...field(2, 'text')])),
      ...expressions([
        'own',
        'own == "mine"',
        'own == b"mine"',
        'type(own) == bytes',
        'string(own)',
        'own.size()',
        'own.x',
        'bytes',
        'bytes == b"b"',
        'type(bytes) == type',
        'text',
        'text == "t"',
        'filter_state["wasm.own"]',
        'filter_state["wasm.own"] == b"mine"',
        'filter_state["wasm.text"] == "t"',
        'filter_state.own',
        "'wasm.own' in filter_state",
        "'own' in filter_state",
        'filter_state["envoy.string"]',
        'filter_state["envoy.string"] == "text"',
        'filter_state["envoy.string"] == b"text"',
        'filter_state["none"]',
        'has(filter_state.none)',
        'has(filter_state["wasm.own"])',
        'filter_state.size()',
        'wasm.own',
        'undeclared',
      ]),
    ]),
    on_response_headers: step(expressions(['own', 'text', 'filter_state["wasm.own"]'], 'response')),
    on_log: step(expressions(['own', 'text'], 'log')),
  }),
  ...Object.entries(limits).map(([name, list]) =>
    scenario(`expr-limits-${name}`, 'P25', { on_request_headers: step(expressions(list)) }),
  ),
  scenario('expr-limits-length', 'P25', {
    on_request_headers: step([...longText(100_000), evaluate(0), ...longText(100_001)]),
  }),
];

/** Of a connection: what there is of addresses and nothing of requests. */
const ofConnections = [
  'source.address.startsWith("127.0.0.1:")',
  'source.port > 0',
  'destination.port > 0',
  'connection.id > 0u',
  'connection_id == connection.id',
  'connection.mtls',
  'connection.requested_server_name',
  'connection.tls_version',
  'request',
  'request.path',
  'has(request.path)',
  'request.headers',
  "'x-a' in request.headers",
  'request.protocol',
  'request.size',
  'type(request.time) == type(timestamp(0))',
  'response.code',
  'response.flags',
  'has(response.headers)',
  'upstream.request_attempt_count',
  'upstream.transport_failure_reason',
  'plugin_name',
  'xds.node.id',
  'xds.listener_direction',
  'xds.route_name',
  'metadata',
  'metadata.filter_metadata',
  'own',
  'filter_state["wasm.own"]',
] as const;

export const connectionExpressions: readonly NetworkScenario[] = [
  network(
    'tcp-expressions',
    'P23',
    {
      on_new_connection: step([...expressions(ofConnections, 'new'), set('own', 'mine')]),
      on_downstream_data: [
        step(expressions([...ofConnections, 'upstream.port > 0', 'upstream.address != ""'], 'data')),
        step(),
      ],
    },
    {
      clients: [[{ send: 'done' }, { until: 'answer' }, 'fin']],
      upstream: [{ until: 'done' }, { send: 'answer' }],
    },
  ),
];
