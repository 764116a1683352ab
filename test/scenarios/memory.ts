/** Pointers, sizes and the order of checks (rows M, W of docs/host.md). */
import { buffer, call, keep, map, saved, step } from '../helpers/guests/probe/script.ts';
import { type Scenario, only, scenario } from '../helpers/scenario/scenario.ts';
import { http } from '../helpers/guests/probe/script.ts';

const wild = { pointer: 0x7fff_0000, size: 10 };
const wrapping = { pointer: -8, size: 16 };
const { requestHeaders } = map;

export const memoryScenarios: readonly Scenario[] = [
  scenario('memory-log-out-of-range', 'M1 M2', {
    on_request_headers: step([
      call('log', 2, wild),
      call('log', 6, wild),
      call('log', 6, 'x'),
      call('log', 2, wrapping),
      call('log', 5, 'critical'),
    ]),
  }),
  scenario(
    'memory-empty-range',
    'M3',
    {
      on_request_headers: step([
        call('get_shared_data', { pointer: 0, size: 0 }),
        call('get_shared_data', { pointer: 262_144, size: 0 }),
        call('get_shared_data', { pointer: 0x7fff_0000, size: 0 }),
      ]),
    },
    { settings: { vmId: 'memory-empty-range' } },
  ),
  scenario('memory-bad-key-range', 'M1', {
    on_request_headers: step([
      call('get_header_map_value', requestHeaders, wild),
      call('add_header_map_value', requestHeaders, 'k', wild),
      call('add_header_map_value', 99, wild, wild),
      call('set_header_map_pairs', requestHeaders, wild),
      call('get_property', wild),
      call('set_property', 'k', wild),
      call('set_shared_data', wild, 'v', 0),
      call('define_metric', 0, wild),
      call('define_metric', 3, wild),
      call('http_call', wild, [], '', [], 1000),
      call('send_local_response', 200, '', wild, [], -1),
      call('call_foreign_function', wild, ''),
      call('call_foreign_function', 'compress', wild),
      call('set_buffer_bytes', 0, 0, 0, wild),
      call('register_shared_queue', wild),
    ]),
  }),
  scenario(
    'memory-bad-result-cells',
    'M6 X12',
    {
      on_request_headers: step([
        keep('q', call('register_shared_queue', 'cells')),
        call('enqueue_shared_queue', saved('q'), 'item'),
        { ...call('dequeue_shared_queue', saved('q')), cells: [0x7fff_0000, 0x7fff_0004] },
        call('dequeue_shared_queue', saved('q')),
        { ...call('get_header_map_value', requestHeaders, ':path'), cells: [0x7fff_0000, 0x7fff_0004] },
        { ...call('get_header_map_size', requestHeaders), cells: [0x7fff_0000] },
        { ...call('get_current_time_nanoseconds'), cells: [0x7fff_0000] },
        {
          ...call(
            'http_call',
            'refused',
            [
              [':method', 'GET'],
              [':path', '/'],
              [':authority', 'x'],
            ],
            '',
            [],
            100,
          ),
          cells: [0x7fff_0000],
        },
      ]),
    },
    { settings: { vmId: 'memory-bad-result-cells' } },
  ),
  {
    id: 'memory-allocator-zero',
    rows: ['M7'],
    filters: only({
      allocator: 'zero',
      callbacks: http({
        on_request_headers: step([
          call('get_header_map_value', requestHeaders, ':path'),
          call('get_header_map_value', requestHeaders, 'x-empty'),
        ]),
      }),
    }),
    requests: [{ headers: [['x-empty', '']] }],
  },
  {
    id: 'memory-allocator-grows',
    rows: ['M8'],
    filters: only({
      allocator: 'grows',
      callbacks: http({
        on_request_headers: step([
          call('get_header_map_value', requestHeaders, ':path'),
          call('get_header_map_pairs', requestHeaders),
        ]),
      }),
    }),
    requests: [{}],
  },
  {
    id: 'memory-allocator-named-malloc',
    rows: ['L14'],
    filters: only({
      allocatorName: 'malloc',
      callbacks: http({ on_request_headers: step([call('get_header_map_value', requestHeaders, ':path')]) }),
    }),
    requests: [{}],
  },
  {
    id: 'memory-allocator-calls-done',
    rows: ['L21'],
    filters: only({
      allocator: 'calls:proxy_done',
      callbacks: http({ on_request_headers: step([call('get_header_map_value', requestHeaders, ':path')]) }),
    }),
    requests: [{}, {}],
  },
  scenario('memory-grow', 'L30', {
    on_request_headers: step([
      { grow: 1 },
      { grow: 20_000 },
      call('get_header_map_value', requestHeaders, ':path'),
    ]),
  }),
  scenario('wasi-basics', 'W3 W4 W6 W7 W8 W9 W13', {
    on_request_headers: step([
      call('wasi.fd_write', 1, 512, 0, 600),
      { peek: 600, size: 4 },
      call('wasi.fd_write', 3, 512, 0, 600),
      call('wasi.fd_write', 1, 0x7fff_0000, 1, 600),
      call('wasi.clock_time_get', 2, 0n, 600),
      call('wasi.clock_time_get', 0, 0n, 0x7fff_0000),
      call('wasi.random_get', 1024 * 60, 65_537),
      call('wasi.random_get', 0x7fff_0000, 0),
      call('wasi.random_get', 0x7fff_0000, 1),
      call('wasi.poll_oneoff', 512, 512, 1, 600),
      call('wasi.sched_yield'),
      call('wasi.fd_seek', 1, 0n, 0, 600),
      call('wasi.fd_close', 5),
      call('wasi.fd_read', 0, 512, 0, 600),
    ]),
  }),
  scenario('wasi-fd-write', 'W1 W2 W5', {
    on_request_headers: step([
      { poke: 700, bytes: new TextEncoder().encode('ab\n') },
      { poke: 512, bytes: Uint8Array.of(0xbc, 2, 0, 0, 1, 0, 0, 0, 0xbd, 2, 0, 0, 2, 0, 0, 0) },
      call('wasi.fd_write', 1, 512, 2, 600),
      { peek: 600, size: 4 },
      call('wasi.fd_write', 2, 512, 2, 600),
      { poke: 702, bytes: new TextEncoder().encode('\n\n') },
    ]),
  }),
  scenario('wasi-files', 'W14 W15', {
    on_request_headers: step([
      call('wasi.fd_fdstat_get', 1, 512),
      { peek: 512, size: 24 },
      call('wasi.fd_fdstat_get', 7, 512),
      call('wasi.path_open', 3, 0, 512, 4, 0, 0n, 0n, 0, 600),
      call('wasi.fd_prestat_get', 3, 512),
      call('wasi.fd_prestat_dir_name', 3, 512, 4),
      call('wasi.fd_fdstat_set_flags', 1, 0),
    ]),
  }),
  scenario(
    'wasi-environment',
    'W10 W11 L28',
    {
      on_request_headers: step([
        call('wasi.environ_sizes_get', 512, 516),
        { peek: 512, size: 8 },
        call('wasi.environ_get', 520, 560),
        { peek: 560, size: 4 },
        call('wasi.environ_sizes_get', 0x7fff_0000, 516),
        call('wasi.args_sizes_get', 512, 516),
        { peek: 512, size: 8 },
        call('wasi.args_get', 512, 516),
      ]),
    },
    { settings: { env: { A: '1' } } },
  ),
  scenario(
    'wasi-proc-exit',
    'W12 T1',
    { on_request_headers: step([call('wasi.proc_exit', 3), call('log', 2, 'still here'), { trap: true }]) },
    { requests: [{}, {}] },
  ),
  scenario('memory-properties-of-time', 'W7', {
    on_request_headers: step([
      { ...call('get_current_time_nanoseconds'), cells: [512] },
      { ...call('get_buffer_bytes', buffer.requestBody, 0, 1) },
    ]),
  }),
];
