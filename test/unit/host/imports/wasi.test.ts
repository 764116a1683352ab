import { describe, expect, it } from 'vitest';
import { findImport } from '../../../../src/host/imports/index.ts';
import type { Plugin } from '../../../../src/host/index.ts';
import { wasiFunctions } from '../../../../src/wasm/functions.ts';
import { compileWat } from '../../../helpers/guests/guests.ts';
import { newHost, type TestEnvironment } from '../../../helpers/guests/test-environment.ts';

/** A module that re-exports every WASI function of a module name, so that a test can call them. */
function wasiGuest(module: string): Uint8Array {
  const items = [...wasiFunctions].map(([name, { type }]) => ({
    name,
    head: `(param ${type.params.join(' ')}) ${type.results.length > 0 ? '(result i32)' : ''}`,
  }));
  return compileWat(`(module
    ${items.map(({ name, head }) => `(import "${module}" "${name}" (func $${name} ${head}))`).join('\n')}
    (memory (export "memory") 1)
    ${items.map(({ name }) => `(export "${name}" (func $${name}))`).join('\n')}
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (call $proc_exit (i32.const 3)) (i32.const 1)))`);
}

interface Wasi {
  readonly machine: TestEnvironment;
  readonly plugin: Plugin;
  readonly view: DataView;
  readonly call: (name: string, ...values: (number | bigint)[]) => number;
  /** Writes iovecs at 0 that name these texts. */
  readonly vectors: (...texts: string[]) => void;
}

async function wasi(module = 'wasi_snapshot_preview1', environmentVariables = {}): Promise<Wasi> {
  const { host, machine } = newHost();
  const plugin = await host.loadPlugin(wasiGuest(module), { name: 'p', environmentVariables });
  const { exports, memory } = plugin.root.vm;
  const view = new DataView(memory.bytes.buffer);
  return {
    machine,
    plugin,
    view,
    call: (name, ...values) => (exports[name] as (...values: (number | bigint)[]) => number)(...values),
    vectors: (...texts) => {
      let at = 256;
      texts.forEach((text, i) => {
        memory.bytes.set(Buffer.from(text, 'latin1'), at);
        view.setUint32(i * 8, at, true);
        view.setUint32(i * 8 + 4, text.length, true);
        at += text.length;
      });
    },
  };
}

const far = 0xfffffff0;

describe('WASI', () => {
  it('W1 W2 W3 W5 fd_write: one entry a call, one newline less, nothing for nothing', async () => {
    const { machine, view, call, vectors } = await wasi();
    vectors('a', 'b\n');
    expect([call('fd_write', 1, 0, 2, 128), view.getUint32(128, true)]).toEqual([0, 3]);
    expect(call('fd_write', 2, 0, 2, 128)).toBe(0);
    vectors('');
    expect([call('fd_write', 1, 0, 1, 128), view.getUint32(128, true)]).toEqual([0, 0]);
    vectors('x\n\n');
    call('fd_write', 1, 0, 1, 128);
    expect(machine.logs).toEqual(['info wasm log: ab', 'error wasm log: ab', 'info wasm log: x\n']);
  });

  it('W4 W6 fd_write to another descriptor returns BadFile, with a bad pointer Fault', async () => {
    const { view, call } = await wasi();
    expect(call('fd_write', 3, 0, 1, 128)).toBe(8);
    expect(call('fd_write', 1, far, 1, 128)).toBe(21);
    view.setUint32(0, far, true);
    view.setUint32(4, 100, true);
    expect(call('fd_write', 1, 0, 1, 128)).toBe(21);
    expect(call('fd_write', 1, 0, 0x20000000, 128)).toBe(21);
  });

  it('W7 clock_time_get knows the realtime and the monotonic clock, another one is NotSupported', async () => {
    const { view, call } = await wasi();
    expect([call('clock_time_get', 0, 1n, 128), view.getBigUint64(128, true) > 10n ** 18n]).toEqual([
      0,
      true,
    ]);
    expect(call('clock_time_get', 1, 1n, 128)).toBe(0);
    expect(call('clock_time_get', 2, 1n, 128)).toBe(58);
    expect(call('clock_time_get', 0, 1n, far)).toBe(21);
    expect([
      call('clock_res_get', 0, 128),
      view.getBigUint64(128, true),
      call('clock_res_get', 2, 128),
    ]).toEqual([0, 1n, 58]);
  });

  it('W8 W9 random_get gives at most 64 KiB, and no bytes at any address', async () => {
    const { call, view } = await wasi();
    expect(call('random_get', 0, 65_536)).toBe(0);
    expect(view.getUint8(65_535)).toBe(7);
    expect(call('random_get', 0, 66_560)).toBe(28);
    expect(call('random_get', far, 0)).toBe(0);
    expect(call('random_get', 65_530, 100)).toBe(21);
  });

  it('W10 W11 environment and arguments', async () => {
    const { call, view, plugin } = await wasi('wasi_unstable', { A: '1', BB: 'é' });
    expect([call('environ_sizes_get', 0, 4), view.getUint32(0, true), view.getUint32(4, true)]).toEqual([
      0, 2, 10,
    ]);
    expect(call('environ_get', 0, 64)).toBe(0);
    expect(Buffer.from(plugin.root.vm.memory.copy(64, 10)).toString()).toBe('A=1\0BB=é\0');
    expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([64, 68]);
    expect([call('environ_sizes_get', far, 4), call('environ_get', far, 64)]).toEqual([21, 21]);
    view.setUint32(0, 9, true);
    expect([call('args_sizes_get', 0, 4), view.getUint32(0, true), call('args_get', 0, 4)]).toEqual([
      0, 0, 0,
    ]);
  });

  it('W12 proc_exit returns to the guest', async () => {
    const { plugin } = await wasi();
    expect(plugin.failed).toBe(false);
  });

  it('W13 poll_oneoff returns at once with no event', async () => {
    const { call, view } = await wasi();
    view.setUint32(128, 9, true);
    expect([call('poll_oneoff', 0, 0, 1, 128), view.getUint32(128, true)]).toEqual([0, 0]);
  });

  it('W14 fd_fdstat_get says that standard output can be written', async () => {
    const { call, view } = await wasi();
    expect(call('fd_fdstat_get', 1, 128)).toBe(0);
    expect([0, 8, 16].map(at => view.getBigUint64(128 + at, true))).toEqual([0n, 64n, 0n]);
    expect(call('fd_fdstat_get', 3, 128)).toBe(8);
  });

  it('W15 there are no files, sockets or directories', async () => {
    const { call } = await wasi();
    expect(call('path_open', 0, 0, 0, 0, 0, 0n, 0n, 0, 0)).toBe(44);
    expect([call('fd_prestat_get', 3, 0), call('fd_prestat_dir_name', 3, 0, 0)]).toEqual([8, 52]);
    expect([call('fd_read', 0, 0, 0, 0), call('fd_seek', 1, 0n, 0, 0), call('fd_close', 1)]).toEqual([
      52, 0, 0,
    ]);
    expect([call('fd_readdir', 3, 0, 0, 0n, 128), call('fd_tell', 1, 128), call('fd_tell', 5, 128)]).toEqual([
      20, 0, 8,
    ]);
    expect([call('path_rename', 0, 0, 0, 0, 0, 0), call('sock_accept', 0, 0, 128)]).toEqual([58, 58]);
    expect([call('fd_renumber', 1, 2), call('fd_renumber', 1, 5)]).toEqual([58, 8]);
    expect([call('sched_yield'), call('fd_sync', 1), call('fd_sync', 4)]).toEqual([0, 0, 8]);
  });

  it('every function of the table has an implementation', () => {
    const missing = [...wasiFunctions.keys()].filter(name => !findImport('wasi_unstable', name));
    expect(missing).toEqual([]);
  });
});
