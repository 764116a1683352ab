/** WASI functions for what surrounds the program: environment, arguments, clocks, randomness, waiting and exit. Nothing blocks. */
import { utf8Bytes } from '../../encoding/bytes.ts';
import { maxRandomBytes } from '../../limits.ts';
import { Errno } from '../../status.ts';
import type { Vm } from '../../vm/vm.ts';
import type { WasiImplementations } from '../implementation.ts';
import { always } from './answers.ts';

function environment(vm: Vm): Uint8Array[] {
  return Object.entries(vm.options.environmentVariables).map(([name, value]) =>
    utf8Bytes(`${name}=${value}\0`),
  );
}

export const systemFunctions = {
  /**
   * Tells the guest how much room the plugin's environment variables need.
   * Out: `countCell` gets their number, `sizeCell` the bytes of all `NAME=value` with a zero byte each, both u32.
   * Returns Fault for cells outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#environ_sizes_get
   */
  environ_sizes_get(vm: Vm, countCell: number, sizeCell: number): number {
    const entries = environment(vm);
    const size = entries.reduce((total, entry) => total + entry.length, 0);
    return vm.memory.setU32(countCell, entries.length) && vm.memory.setU32(sizeCell, size)
      ? Errno.Success
      : Errno.Fault;
  },

  /**
   * Gives the guest the plugin's environment variables.
   * Out: `array` gets the address of each entry (u32), `buffer` the entries one after the other, `NAME=value` with a zero
   * byte.
   * Returns Fault for addresses outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#environ_get
   */
  environ_get(vm: Vm, array: number, buffer: number): number {
    let cell = array >>> 0;
    let at = buffer >>> 0;
    for (const entry of environment(vm)) {
      if (!vm.memory.holds(at, entry.length) || !vm.memory.setU32(cell, at)) return Errno.Fault;
      vm.memory.write(at, entry);
      cell += 4;
      at += entry.length;
    }
    return Errno.Success;
  },

  /**
   * Tells the guest that it has no arguments.
   * Out: `countCell` and `sizeCell` get 0 as u32.
   * Returns Fault for cells outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#args_sizes_get
   */
  args_sizes_get(vm: Vm, countCell: number, sizeCell: number): number {
    return vm.memory.setU32(countCell, 0) && vm.memory.setU32(sizeCell, 0) ? Errno.Success : Errno.Fault;
  },

  /**
   * Returns Success and writes nothing: there are no arguments.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#args_get
   */
  args_get: always(Errno.Success),

  /**
   * Tells the guest the time; the precision it asks for has no effect.
   * In: `clock` is 0 for the time of day (since 1970) or 1 for the monotonic clock.
   * Out: `cell` gets nanoseconds as a u64.
   * Returns NotSupported for another clock, Fault for a cell outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#clock_time_get
   */
  clock_time_get(vm: Vm, clock: number, _precision: bigint, cell: number): number {
    const { environment: source } = vm.services;
    if (clock !== 0 && clock !== 1) return Errno.NotSupported;
    const time = clock === 0 ? source.realtimeNs() : source.monotonicNs();
    return vm.memory.setU64(cell, time) ? Errno.Success : Errno.Fault;
  },

  /**
   * Tells the guest the resolution of a clock, always a nanosecond.
   * In: `clock` is 0 or 1.
   * Out: `cell` gets 1 as a u64.
   * Returns NotSupported for another clock, Fault for a cell outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#clock_res_get
   */
  clock_res_get(vm: Vm, clock: number, cell: number): number {
    if (clock !== 0 && clock !== 1) return Errno.NotSupported;
    return vm.memory.setU64(cell, 1n) ? Errno.Success : Errno.Fault;
  },

  /**
   * Fills memory with random bytes.
   * In: `size` is at most 65536.
   * Out: `size` bytes from `buffer` on.
   * Returns Invalid for a larger size, Fault for a range outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#random_get
   */
  random_get(vm: Vm, buffer: number, size: number): number {
    if (size >>> 0 > maxRandomBytes) return Errno.Invalid;
    if (size === 0) return Errno.Success;
    if (!vm.memory.holds(buffer, size)) return Errno.Fault;
    const random = new Uint8Array(size);
    vm.services.environment.fillRandom(random);
    vm.memory.write(buffer, random);
    return Errno.Success;
  },

  /**
   * Returns Success at once.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#sched_yield
   */
  sched_yield: always(Errno.Success),

  /**
   * Returns at once, without any event: a guest that sleeps does not sleep, or spins.
   * Out: `cell` gets 0 as a u32, except where the host's profile says that the function fails.
   * Returns the errno of the profile, Fault for a cell outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#poll_oneoff
   */
  poll_oneoff(vm: Vm, _in: number, _out: number, _count: number, cell: number): number {
    const { pollErrno } = vm.services.profile;
    if (pollErrno !== Errno.Success) return pollErrno;
    return vm.memory.setU32(cell, 0) ? Errno.Success : Errno.Fault;
  },

  /**
   * Returns Success and ends nothing, as in Envoy: the `unreachable` that compilers put behind it traps.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#proc_exit
   */
  proc_exit: always(Errno.Success),
} satisfies WasiImplementations;
