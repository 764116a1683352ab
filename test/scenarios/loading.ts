/** What loads and what does not, how a guest starts, traps and ends (rows L, C5, X19, T12, T18 of docs/host.md). */
import { compileWat } from '../helpers/guests/guests.ts';
import { call, callHeaders, http, step } from '../helpers/guests/probe/script.ts';
import type { LoadScenario, LoadedFilter } from '../helpers/scenario/load.ts';
import { envoyVersions } from '../helpers/scenario/envoy/envoy.ts';
import type { Difference } from './differences.ts';

const marker = (version: string): string => `(func (export "proxy_abi_version_${version}"))`;
const allocator = '(func (export "malloc") (param i32) (result i32) (i32.const 1024))';
const memory = '(memory (export "memory") 1)';
const log = '(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))';
/** Logs one letter. */
const say = (letter: string): string =>
  `(i32.store8 (i32.const 0) (i32.const ${letter.charCodeAt(0)}))
   (drop (call $log (i32.const 2) (i32.const 0) (i32.const 1)))`;
const says = (name: string, letter: string, result = ''): string =>
  `(func (export "${name}") ${result} ${say(letter)} ${result && '(i32.const 9)'})`;
const requestHeaders = (body: string): string =>
  `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body} (i32.const 0))`;

/** A module with the usual parts; `imports` first, as the text format wants it. */
const module = (body = '', imports = '', abi = '0_2_1'): Uint8Array =>
  compileWat(`(module ${imports} ${memory} ${marker(abi)} ${allocator} ${body})`);

const load = (
  id: string,
  rows: string,
  code: LoadedFilter['code'],
  settings: Omit<LoadedFilter, 'code'> = {},
): LoadScenario => ({ id: `load-${id}`, rows: rows.split(' '), filters: [{ code, ...settings }] });

const oneImport = (name: string, type: string, from = 'env'): string =>
  `(import "${from}" "${name}" (func $f ${type}))`;
const wasi = 'wasi_snapshot_preview1';

const markers: readonly LoadScenario[] = [
  load('no-marker', 'L1', compileWat(`(module ${memory} ${allocator})`)),
  load('marker-of-the-future', 'L1', module('', '', '0_3_0')),
  load(
    'marker-that-is-a-global',
    'L3',
    compileWat(
      `(module ${memory} ${allocator} (global (export "proxy_abi_version_0_2_1") i32 (i32.const 0)))`,
    ),
  ),
  ...['0_1_0', '0_2_1'].map(first => {
    const [a, b] = first === '0_1_0' ? ['0_1_0', '0_2_1'] : ['0_2_1', '0_1_0'];
    const short = '(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))';
    return load(
      `two-markers-${first.replaceAll('_', '-')}-first`,
      'L2 L17',
      compileWat(`(module ${memory} ${marker(a ?? '')} ${marker(b ?? '')} ${allocator} ${short})`),
    );
  }),
  load('truncated', 'L4', module().subarray(0, -3)),
  load('no-module', 'L4', new Uint8Array([1, 2, 3])),
];

const imports: readonly LoadScenario[] = [
  load('env-abort', 'L5', module('', oneImport('abort', '(param i32 i32 i32 i32)'))),
  load(
    '0-2-1-with-get-configuration',
    'L6',
    module('', oneImport('proxy_get_configuration', '(param i32 i32) (result i32)')),
  ),
  load(
    '0-2-0-with-get-log-level',
    'L7',
    module('', oneImport('proxy_get_log_level', '(param i32) (result i32)'), '0_2_0'),
  ),
  load(
    '0-1-0-with-continue-stream',
    'L8',
    module('', oneImport('proxy_continue_stream', '(param i32) (result i32)'), '0_1_0'),
  ),
  load(
    'path-symlink',
    'L9',
    module('', oneImport('path_symlink', '(param i32 i32 i32 i32 i32) (result i32)', wasi)),
  ),
  load(
    'old-grpc-call',
    'L10',
    module('', oneImport('proxy_grpc_call', `(param ${'i32 '.repeat(10)}) (result i32)`)),
  ),
  load('unknown-import-module', 'L5', module('', oneImport('x', '', 'wasi:io/poll'))),
  load('imported-global', 'L11', module('', '(import "env" "g" (global i32))')),
  load(
    'imported-memory',
    'L12',
    compileWat(
      `(module ${log} (import "some" "where" (memory 1)) ${marker('0_2_1')} ${allocator} ${requestHeaders(say('m'))})`,
    ),
  ),
  load(
    'imported-table',
    'L12',
    module(requestHeaders(say('t')), `${log} (import "some" "table" (table 2 funcref))`),
  ),
];

const exports: readonly LoadScenario[] = [
  load('no-allocator', 'L13', compileWat(`(module ${memory} ${marker('0_2_1')})`)),
  load(
    'more-memory-than-there-is',
    'L30',
    compileWat(`(module (memory (export "memory") 16385) ${marker('0_2_1')} ${allocator})`),
  ),
  load('no-memory', 'L13', compileWat(`(module ${marker('0_2_1')} ${allocator})`)),
  load(
    'callback-of-the-wrong-shape',
    'L17',
    module('(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))'),
  ),
  load(
    'precompiled-section',
    'L23',
    (() => {
      const name = [...Buffer.from('precompiled_wee8_v1_linux')];
      return new Uint8Array([...module(), 0, name.length + 3, name.length, ...name, 1, 2]);
    })(),
  ),
];

const main = '(param i32 i32) (result i32)';
const entries: readonly LoadScenario[] = [
  load(
    'initialize-then-main',
    'L15 L19',
    module(says('_start', 's') + says('main', 'm', main) + says('_initialize', 'i'), log),
  ),
  load('start-without-initialize', 'L15 L16', module(says('_start', 's') + says('main', 'm', main), log)),
  load('main-alone', 'L16', module(says('main', 'm', main), log)),
  load('main-void', 'L15', module(says('_initialize', 'i') + says('__main_void', 'v', '(result i32)'), log)),
  load(
    'tick-in-entry',
    'L18',
    module(
      '(func (export "_initialize") (drop (call $f (i32.const 5))))',
      oneImport('proxy_set_tick_period_milliseconds', '(param i32) (result i32)'),
    ),
  ),
  load(
    'exit-in-entry',
    'L20',
    module('(func (export "_start") (call $f (i32.const 0)))', oneImport('proc_exit', '(param i32)', wasi)),
  ),
  load(
    'trap-in-entry',
    'L18',
    module('(func $inner unreachable) (func $outer (export "_initialize") (call $inner))'),
  ),
  load(
    'code-that-does-not-validate',
    'L4',
    (() => {
      const code = module('(func (export "f") (drop (i32.const 55)))');
      // An i32.add without operands in place of the constant.
      return code.map((byte, at) => (byte === 0x41 && code[at + 1] === 55 ? 0x6a : byte));
    })(),
  ),
  load('trap-in-start-section', 'L18', module('(func $go unreachable) (start $go)')),
  load(
    'allocator-that-logs',
    'L22',
    compileWat(
      `(module ${log} ${oneImport('proxy_get_property', '(param i32 i32 i32 i32) (result i32)')}
        ${memory} ${marker('0_2_1')} (data (i32.const 16) "plugin_name")
        (func (export "malloc") (param i32) (result i32) ${say('a')} (i32.const 1024))
        ${requestHeaders(`(drop (call $f (i32.const 16) (i32.const 11) (i32.const 4) (i32.const 8))) ${say('r')}`)})`,
    ),
  ),
];

const returns = (name: string, body: string): Uint8Array =>
  module(
    `(func $${name} (export "proxy_on_${name}") (param i32 i32) (result i32) ${say(name.charAt(0))} ${body})`,
    log,
  );

const starts: readonly LoadScenario[] = [
  ...(['vm_start', 'configure'] as const).flatMap(name => {
    const [row, title] = [name === 'vm_start' ? 'L24' : 'L25', name.replace('_', '-')];
    return [
      load(`${title}-says-no`, row, returns(name, '(i32.const 0)')),
      load(`${title}-traps`, row, returns(name, '(unreachable)')),
      load(`${title}-traps-open`, row, returns(name, '(unreachable)'), { failurePolicy: 'FAIL_OPEN' }),
    ];
  }),
  load('two-policies', 'T12', module(), { failOpen: true, failurePolicy: 'FAIL_OPEN' }),
];

/** A trap three calls below a callback, in functions of these names. */
const trapIn = (inner: string, middle: string, outer: string): Uint8Array =>
  module(`
    (func $${inner} unreachable)
    (func $${middle} (call $${inner}))
    (func $${outer} (call $${middle}))
    (func $proxy_on_request_headers (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $${outer}) (i32.const 0))`);

const ends: readonly LoadScenario[] = [
  load('backtrace', 'T18', trapIn('parse', 'next', 'on_http_request_headers')),
  load(
    'backtrace-of-compiled-names',
    'T18',
    trapIn('_ZN3app6Parser4nextEv', '_ZN4core9panicking5panic17h0123456789abcdefE', 'plain'),
  ),
  load(
    'endless-recursion',
    'T18',
    module(
      '(func $again (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $again (i32.const 1) (i32.const 1) (i32.const 1)))',
    ),
  ),
  load(
    'uncaught-exception',
    'T18',
    module(
      '(tag $e) (func $throws (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (throw $e))',
    ),
  ),
  load(
    'division-by-zero',
    'T18',
    module(
      '(func $divides (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.div_u (i32.const 1) (i32.const 0)))',
    ),
  ),
  {
    id: 'end-of-a-root',
    rows: ['C5'],
    filters: [
      { code: { callbacks: { on_context_create: step(), on_done: step([], 1), on_delete: step() } } },
    ],
    requests: [],
    removedForMs: 200,
  },
  {
    id: 'end-of-a-root-that-is-not-done',
    rows: ['C5'],
    filters: [
      {
        code: {
          callbacks: {
            on_tick: step([call('done')]),
            on_done: step([call('set_tick_period_milliseconds', 30)], 0),
            on_delete: step(),
          },
        },
      },
    ],
    requests: [],
    removedForMs: 300,
  },
  {
    id: 'end-of-one-root-of-two',
    rows: ['C5'],
    filters: ['one', 'two'].map(rootId => ({
      code: {
        callbacks: {
          on_tick: step([call('done'), call('set_tick_period_milliseconds', 0)]),
          on_done: step([call('set_tick_period_milliseconds', 30)], 0),
          on_delete: step(),
        },
      },
      rootId: `end-of-one-root-of-two.${rootId}`,
      vmId: 'end-of-one-root-of-two',
    })),
    requests: [],
    removedForMs: 300,
  },
  {
    id: 'end-with-a-call-under-way',
    rows: ['X19'],
    filters: [
      {
        code: {
          callbacks: http({
            on_request_headers: step([call('http_call', 'side', callHeaders(), '', [], 20_000)]),
          }),
        },
      },
    ],
    // Later than the filter goes, and before nobody looks any more.
    clusters: { side: { delayMs: 2_500 } },
    removedForMs: 2_800,
  },
];

export const loadScenarios: readonly LoadScenario[] = [
  ...markers,
  ...imports,
  ...exports,
  ...entries,
  ...starts,
  ...ends,
];

/** The scenarios in which the bundled host differs from the recording, with the reason. A scenario that no longer differs fails here. */
export const loadDifferences: readonly Difference[] = [
  {
    scenarios: ['load-no-module'],
    envoy: envoyVersions,
    reason:
      'Envoy reports a missing ABI version for a file that is not WebAssembly; the bundled host says that it is not.',
  },
  {
    scenarios: ['load-backtrace-of-compiled-names'],
    envoy: envoyVersions,
    reason:
      'Envoy prints the parameters of C++ functions and the hashes of Rust; the bundled host leaves them out, which is easier to read.',
  },
  {
    scenarios: ['load-endless-recursion'],
    envoy: ['1.38', '1.37', '1.36'],
    reason:
      'These versions print ten frames of a backtrace; the bundled host prints twenty, as newer ones do.',
  },
  {
    scenarios: ['load-uncaught-exception'],
    envoy: envoyVersions,
    reason: 'Envoy logs `#<Exception>`; the bundled host says that it was a WebAssembly exception.',
  },
];
