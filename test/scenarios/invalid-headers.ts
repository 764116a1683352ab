/** Headers that filters make and HTTP does not carry, or that only one hop may see: requests, call-outs, responses, local replies. */
import { type Pairs, buffer, call, callHeaders, map, step } from '../helpers/guests/probe/script.ts';
import { type RequestSpec, type Scenario, scenario } from '../helpers/scenario/scenario.ts';

const { requestHeaders, responseHeaders } = map;
const invalidValues = { 'line-feed': 'a\nb', x01: 'a\x01b', x7f: 'a\x7fb', 'two-lines': 'a\r\nx: y' };
const invalidNames = { space: 'x y', colon: 'x:y', 'line-feed': 'x\ny', nul: 'x\0y' };
const goodValues: Pairs = [
  ['x-tab', 'a\tb'],
  ['x-high', 'ä'],
  ['x-blanks', ' a '],
  ['x-empty', ''],
  [':evil', 'v'],
  ['X-Upper', 'v'],
];

const callOut = (id: string, headers: Pairs): Scenario =>
  scenario(
    `invalid-callout-${id}`,
    'X2 X8',
    {
      on_request_headers: step([call('http_call', 'side', headers, '', [], 1000)], 1),
      on_http_call_response: step([
        call('get_header_map_value', map.callHeaders, ':status'),
        call('get_header_map_size', map.callHeaders),
        call('get_buffer_bytes', buffer.callBody, 0, 200),
        call('get_status'),
      ]),
    },
    { clusters: { side: { headers: [['x-up', '1']] } }, requests: [{ abortAfterMs: 400 }], settleMs: 300 },
  );

const callTo = (method: string, path: string, authority: string, ...more: Pairs): Pairs => [
  [':method', method],
  [':path', path],
  [':authority', authority],
  ...more,
];

const changed = (id: string, name: string, value: string): Scenario =>
  scenario(`invalid-request-${id}`, 'H25', {
    on_request_headers: step([call('replace_header_map_value', requestHeaders, name, value)]),
    on_response_headers: step([
      call('get_property', 'response\0code_details'),
      call('get_property', 'response\0flags'),
    ]),
  });

const keepAlive = (more: Pairs = []): RequestSpec => ({
  headers: [['connection', 'keep-alive'], ...more],
});
const grpcKeepAlive = keepAlive([['content-type', 'application/grpc']]);
const reply = (status: number, headers: Pairs = []) =>
  call('send_local_response', status, 'd', 'no', headers, -1);
const setStatus = (status: string) => call('replace_header_map_value', responseHeaders, ':status', status);
const code = call('get_property', 'response\0code');

const replied = (id: string, status: number, headers: Pairs, request: RequestSpec): Scenario =>
  scenario(
    `invalid-reply-${id}`,
    'R1 R7',
    {
      on_request_headers: step([reply(status, headers)]),
      on_response_headers: step([code]),
      on_log: step([code]),
    },
    { requests: [request] },
  );

export const invalidHeaderScenarios: readonly Scenario[] = [
  ...Object.entries(invalidValues).map(([id, text]) =>
    callOut(`value-${id}`, callHeaders('/c', ['x-n', text])),
  ),
  ...Object.entries(invalidNames).map(([id, name]) => callOut(`name-${id}`, callHeaders('/c', [name, 'v']))),
  callOut('good-values', callHeaders('/c', ...goodValues)),
  callOut('name-empty', callHeaders('/c', ['', 'v'])),
  callOut('method-connect', callTo('CONNECT', '/c', 'a')),
  callOut('method-two-lines', callTo('GET / HTTP/1.1\r\nx: y', '/c', 'a')),
  callOut('path-two-lines', callTo('GET', '/c\r\nx: y', 'a')),
  callOut('authority-two-lines', callTo('GET', '/c', 'a\r\nx: y')),
  callOut('host-line-feed', callTo('GET', '/c', 'a', ['host', 'b\nc'])),
  callOut('scheme-line-feed', callTo('GET', '/c', 'a', [':scheme', 'a\nb'])),
  callOut('first-fault', callTo('GET', '/c\n', 'a\n', ['x-a', '\n'], ['x b', 'v'])),

  ...Object.entries(invalidValues).map(([id, text]) => changed(`value-${id}`, 'x-n', text)),
  ...Object.entries(invalidNames).map(([id, name]) => changed(`name-${id}`, name, 'v')),
  changed('value-tab', 'x-n', 'a\tb'),
  changed('name-empty', '', 'v'),
  changed('method-connect', ':method', 'CONNECT'),
  changed('path-x01', ':path', '/\x01'),
  changed('authority-x01', ':authority', 'a\x01'),
  changed('scheme-line-feed', ':scheme', 'a\nb'),
  scenario(
    'invalid-request-transfer-encoding',
    'H25',
    {
      on_request_headers: step([
        call('replace_header_map_value', requestHeaders, 'transfer-encoding', 'gzip'),
      ]),
    },
    { requests: [{ body: ['ab'] }] },
  ),

  ...[':evil', ':path', ':authority'].map(name =>
    scenario(
      `invalid-response-${name.slice(1)}`,
      'H23',
      { on_response_headers: step([call('replace_header_map_value', responseHeaders, name, 'v')]) },
      { upstream: { body: ['abc'] } },
    ),
  ),
  replied(
    'evil',
    403,
    [
      [':evil', 'v'],
      [':path', '/x'],
    ],
    {},
  ),

  replied('status-of-17-bits', 0x10000 + 403, [], keepAlive()),
  replied('status-of-17-bits-grpc', 0x10000 + 400, [], grpcKeepAlive),
  replied('400', 400, [], keepAlive()),
  replied('400-grpc', 400, [], grpcKeepAlive),
  replied('403-grpc', 403, [], grpcKeepAlive),
  scenario(
    'invalid-reply-400-in-response-grpc',
    'R1 R7',
    { on_response_headers: step([reply(400)]) },
    { requests: [grpcKeepAlive] },
  ),
  scenario(
    'invalid-reply-403-changed-to-400',
    'R1 R7',
    { on_request_headers: step([reply(403)]), on_response_headers: step([setStatus('400')]) },
    { requests: [keepAlive(), grpcKeepAlive] },
  ),
  scenario(
    'invalid-reply-400-changed-to-201',
    'R1 R7',
    { on_request_headers: step([reply(400)]), on_response_headers: step([setStatus('201')]) },
    { requests: [keepAlive(), grpcKeepAlive] },
  ),
];
