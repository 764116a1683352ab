import { describe, expect, it } from 'vitest';
import { profileOf } from '../../../src/host/index.ts';
import { compileWat } from '../../helpers/guests/guests.ts';
import { get, newHost, openStream } from '../../helpers/guests/test-environment.ts';
import { scriptedGuest, scriptedModule } from '../../helpers/guests/scripted-guest.ts';

const marker = '(func (export "proxy_abi_version_0_2_1"))';
const allocator = '(func (export "malloc") (param i32) (result i32) (i32.const 1024))';
const memory = '(memory (export "memory") 1)';
const log = '(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))';
/** Logs one letter. */
const say = (letter: string) =>
  `(i32.store8 (i32.const 0) (i32.const ${letter.charCodeAt(0)})) (drop (call $log (i32.const 2) (i32.const 0) (i32.const 1)))`;

/** A module with the usual parts; `imports` first, as the text format wants it. */
const module = (body: string, imports = '') =>
  compileWat(`(module ${imports} ${memory} ${marker} ${allocator} ${body})`);

async function load(code: Uint8Array, options: Parameters<typeof newHost>[0] = {}) {
  const { host, machine } = newHost(options);
  const plugin = await host.loadPlugin(code, { name: 'p' });
  return { host, machine, plugin };
}

const refused = (code: Uint8Array, message: string, errorCode = 'WASM_ABI') =>
  expect(load(code)).rejects.toMatchObject({
    code: errorCode,
    message: expect.stringContaining(message) as string,
  });

describe('loading', () => {
  it('L1 L3 a module without a marker function is refused', async () => {
    await refused(compileWat(`(module ${memory} ${allocator})`), 'Missing or unknown Proxy-Wasm ABI version');
    await refused(
      compileWat(
        `(module ${memory} ${allocator} (global (export "proxy_abi_version_0_2_1") i32 (i32.const 0)))`,
      ),
      'Missing or unknown Proxy-Wasm ABI version',
    );
  });

  it('L2 of two markers the first in the export section counts', async () => {
    const both = (first: string, second: string) =>
      compileWat(
        `(module ${memory} ${allocator} (func (export "proxy_abi_version_${first}")) (func (export "proxy_abi_version_${second}"))
          (func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0)))`,
      );
    await expect(load(both('0_1_0', '0_2_1'))).resolves.toBeDefined();
    await refused(both('0_2_1', '0_1_0'), 'Bad function signature for: proxy_on_request_headers');
  });

  it('L4 a module with a section longer than the file is refused', async () => {
    const code = module('');
    await refused(code.slice(0, code.length - 3), 'Failed to parse corrupted Wasm module', 'WASM_INVALID');
    await refused(new Uint8Array([1, 2, 3]), 'not a WebAssembly module', 'WASM_INVALID');
  });

  it.each([
    ['L5 env.abort', '(import "env" "abort" (func (param i32 i32 i32 i32)))', 'missing import: env.abort'],
    [
      'L6 a function of 0.1.0',
      '(import "env" "proxy_get_configuration" (func (param i32 i32) (result i32)))',
      'missing import: env.proxy_get_configuration',
    ],
    [
      'L9 path_symlink as WASI has it',
      '(import "wasi_snapshot_preview1" "path_symlink" (func (param i32 i32 i32 i32 i32) (result i32)))',
      'import type mismatch: wasi_snapshot_preview1.path_symlink, want: i32 i32 i32 i32 i32 -> i32, but host exports: i32 i32 i32 i32 -> i32',
    ],
    [
      'L10 the gRPC call of old SDKs',
      `(import "env" "proxy_grpc_call" (func (param ${'i32 '.repeat(10)}) (result i32)))`,
      'import type mismatch: env.proxy_grpc_call',
    ],
    ['L11 a global', '(import "env" "g" (global i32))', 'missing import: env.g'],
    ['an unknown module', '(import "wasi:io/poll" "x" (func))', 'missing import: wasi:io/poll.x'],
  ])('%s is refused, in the words of Envoy', async (_title, imports, message) => {
    await refused(module('', imports), message);
  });

  it.each([
    ['L7 0.2.0 with proxy_get_log_level', '0_2_0', 'proxy_get_log_level'],
    ['L8 0.1.0 with proxy_continue_stream', '0_1_0', 'proxy_continue_stream'],
  ])('%s is refused', async (_title, version, name) => {
    const code = compileWat(
      `(module (import "env" "${name}" (func (param i32) (result i32))) ${memory} ${allocator} (func (export "proxy_abi_version_${version}")))`,
    );
    await refused(code, `missing import: env.${name}`);
  });

  it('L12 an imported memory is made by the host, whatever its name', async () => {
    const code = compileWat(`(module ${log} (import "some" "where" (memory 1)) ${marker} ${allocator}
      (func (export "proxy_on_configure") (param i32 i32) (result i32) ${say('m')} (i32.const 1)))`);
    const { machine } = await load(code);
    expect(machine.logs).toEqual(['info wasm log: m']);
  });

  it('L13 a module without an allocator is refused', async () => {
    await refused(compileWat(`(module ${memory} ${marker})`), 'Wasm module is missing malloc function.');
  });

  it('L14 malloc goes before proxy_on_memory_allocate', async () => {
    const seen: unknown[] = [];
    await scriptedGuest(
      { configure: guest => void seen.push(guest.property('plugin_name')) },
      {
        shape: { extra: '(func (export "proxy_on_memory_allocate") (param i32) (result i32) (unreachable))' },
      },
    );
    expect(seen).toEqual(['puppet']);
  });

  const entry = (...names: string[]) =>
    module(
      names
        .map(name =>
          name === 'main'
            ? `(func (export "main") (param i32 i32) (result i32) ${say('m')} (i32.const 9))`
            : name === '__main_void'
              ? `(func (export "__main_void") (result i32) ${say('v')} (i32.const 9))`
              : `(func (export "${name}") ${say(name === '_start' ? 's' : 'i')})`,
        )
        .join('\n'),
      log,
    );

  it.each([
    ['L15 _initialize, then main', ['_start', 'main', '_initialize'], 'im'],
    ['_initialize alone', ['_initialize'], 'i'],
    ['_start when there is no _initialize', ['_start', 'main'], 's'],
    ['L16 main alone is not called', ['main'], ''],
    ['__main_void in newer Envoy', ['_initialize', '__main_void'], 'iv'],
  ])('%s', async (_title, names, order) => {
    const { machine } = await load(entry(...names));
    expect(machine.logs.map(line => line.at(-1)).join('')).toBe(order);
  });

  it('L19 a message logged in the entry point has only the prefix wasm log', async () => {
    const { machine } = await load(entry('_initialize'));
    expect(machine.logs).toEqual(['info wasm log: i']);
  });

  it('__main_void is not called by Envoy 1.36', async () => {
    const { machine } = await load(entry('_initialize', '__main_void'), { profile: profileOf(36) });
    expect(machine.logs).toHaveLength(1);
  });

  it('L17 a module with a callback of the wrong type is refused', async () => {
    await refused(
      module('(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))'),
      'Bad function signature for: proxy_on_request_headers, want: i32 i32 i32 -> i32, but the module exports: i32 i32 -> i32',
    );
  });

  it('L18 L20 what is not allowed in the entry point ends the load', async () => {
    const tick = module(
      '(func (export "_initialize") (drop (call $f (i32.const 5))))',
      '(import "env" "proxy_set_tick_period_milliseconds" (func $f (param i32) (result i32)))',
    );
    await refused(tick, 'restricted_callback', 'WASM_START');
    const exit = module(
      '(func (export "_start") (call $f (i32.const 0)))',
      '(import "wasi_snapshot_preview1" "proc_exit" (func $f (param i32)))',
    );
    await refused(exit, 'restricted_callback', 'WASM_START');
  });

  it('a host call from the start section ends the load', async () => {
    const code = module(`(func $go ${say('x')}) (start $go)`, log);
    await refused(code, 'was called while the module was instantiated', 'WASM_START');
  });

  it('L21 L22 the allocator may log, and calls of other host functions trap', async () => {
    const seen: unknown[] = [];
    const { host, machine } = newHost();
    const code = (name: string, params: string, call: string) =>
      compileWat(`(module
        (import "env" "${name}" (func $f ${params} (result i32)))
        (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
        ${name === 'proxy_log' ? '' : log}
        ${memory} ${marker} (data (i32.const 16) "plugin_name")
        (func (export "malloc") (param i32) (result i32) (drop ${call}) (i32.const 1024))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (i32.store8 (i32.const 64) (call $get (i32.const 16) (i32.const 11) (i32.const 0) (i32.const 4)))
          (drop (call $${name === 'proxy_log' ? 'f' : 'log'} (i32.const 2) (i32.const 64) (i32.const 1)))
          (i32.const 1)))`);
    const logging = code(
      'proxy_log',
      '(param i32 i32 i32)',
      '(call $f (i32.const 2) (i32.const 16) (i32.const 3))',
    );
    await host.loadPlugin(logging, { name: 'a', rootId: 'r' });
    expect(machine.logs).toEqual(['info wasm log: plu', 'info wasm log r: \0']);
    await expect(host.loadPlugin(code('proxy_done', '', '(call $f)'), { name: 'b' })).rejects.toMatchObject({
      code: 'WASM_START',
    });
    expect(machine.logs.at(-1)).toBe('info wasm log: \x06');
    expect(machine.hostLogs.join()).toContain('restricted_callback');
    expect(seen).toEqual([]);
  });

  it('L23 precompiled code is ignored', async () => {
    const code = module('');
    const section = Buffer.from('precompiled_wee8_v1_linux', 'latin1');
    const extended = new Uint8Array([...code, 0, section.length + 3, section.length, ...section, 1, 2]);
    await expect(load(extended)).resolves.toBeDefined();
  });

  it('L30 memory ends at 1 GiB', async () => {
    const code = module(
      `(func (export "proxy_on_configure") (param i32 i32) (result i32)
        (i32.store (i32.const 0) (memory.grow (i32.const 16384)))
        (drop (call $log (i32.const 2) (i32.const 0) (i32.const 4))) (i32.const 1))`,
      log,
    );
    const { machine } = await load(code);
    expect(machine.logs).toEqual(['info wasm log: \xff\xff\xff\xff']);
  });

  it('the newest WASI functions do not link on an older Envoy, and the hint says so', async () => {
    const code = module(
      '',
      '(import "wasi_snapshot_preview1" "fd_pread" (func (param i32 i32 i32 i64 i32) (result i32)))',
    );
    await expect(load(code)).resolves.toBeDefined();
    await expect(load(code, { profile: profileOf(36) })).rejects.toMatchObject({
      code: 'WASM_ABI',
      message: expect.stringContaining('missing import: wasi_snapshot_preview1.fd_pread') as string,
    });
  });

  it.each(['0.1.0', '0.2.0', '0.2.1'] as const)(
    'every function of ABI %s links and can be called',
    async abi => {
      const made = await scriptedGuest({}, { shape: { abi } });
      openStream(made.host, [made.plugin]).stream.decodeHeaders(get(), true);
      expect(made.calls).toContain(abi === '0.1.0' ? 'request_headers 2 4' : 'request_headers 2 4 1');
      expect(scriptedModule({ abi }).length).toBeGreaterThan(1000);
    },
  );
});
