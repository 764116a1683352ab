/** WASI preview 1 as Envoy gives it: output becomes log lines, there are no files, and nothing blocks. */
import { utf8Bytes } from '../encoding/bytes.ts';
import { maxRandomBytes } from '../limits.ts';
import { Errno } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementation } from './implementation.ts';

const standardStream = (fd: number): number => (fd === 1 || fd === 2 ? Errno.Success : Errno.BadFile);

/** All buffers of one call make one log entry; one newline at its end is dropped. */
function writeLog(vm: Vm, fd: number, vectors: number, count: number, writtenCell: number): number {
  if (fd !== 1 && fd !== 2) return Errno.BadFile;
  const { memory } = vm;
  const base = vectors >>> 0;
  if (!memory.holds(base, (count >>> 0) * 8)) return Errno.Fault;
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let i = 0; i < count >>> 0; i++) {
    const pointer = memory.u32(base + i * 8);
    const size = memory.u32(base + i * 8 + 4);
    if (!memory.holds(pointer, size)) return Errno.Fault;
    // The same bytes may be named by every vector: no more is gathered than the guest has memory.
    if (total + size > memory.sizeBytes) return Errno.Fault;
    parts.push(memory.copy(pointer, size));
    total += size;
  }
  if (total > 0) {
    const text = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      text.set(part, at);
      at += part.length;
    }
    const message = text[total - 1] === 10 ? text.subarray(0, total - 1) : text;
    const level = fd === 1 ? 2 : 4;
    if (level >= vm.services.logLevel()) vm.log(fd === 1 ? 'info' : 'error', vm.context.logPrefix, message);
  }
  return memory.setU32(writtenCell >>> 0, total) ? Errno.Success : Errno.Fault;
}

function environment(vm: Vm): Uint8Array[] {
  return Object.entries(vm.options.environmentVariables).map(([name, value]) =>
    utf8Bytes(`${name}=${value}\0`),
  );
}

const always =
  (errno: number): HostImplementation =>
  () =>
    errno;

/** Writes a zero result, then says that there is no such thing. */
const zeroed =
  (errno: number, cellAt: number, sizes: readonly number[]): HostImplementation =>
  (vm, ...values) => {
    sizes.forEach((size, i) => {
      const cell = Number(values[cellAt + i]) >>> 0;
      if (vm.memory.holds(cell, size)) vm.memory.write(cell, new Uint8Array(size));
    });
    return errno;
  };

export const wasiImplementations: Readonly<Record<string, HostImplementation>> = {
  fd_write: writeLog,
  fd_pwrite: (vm: Vm, fd: number, vectors: number, count: number, _offset: bigint, cell: number) =>
    writeLog(vm, fd, vectors, count, cell),
  fd_read: always(Errno.NoSystem),
  fd_pread: always(Errno.NoSystem),
  fd_seek: always(Errno.Success),
  fd_close: always(Errno.Success),

  fd_fdstat_get: (vm: Vm, fd: number, cell: number) => {
    if (standardStream(fd) !== Errno.Success) return Errno.BadFile;
    if (vm.memory.holds(cell >>> 0, 24)) {
      const stat = new Uint8Array(24);
      // The right to write.
      stat[8] = 64;
      vm.memory.write(cell >>> 0, stat);
    }
    return Errno.Success;
  },
  fd_fdstat_set_flags: always(Errno.NoSystem),
  fd_fdstat_set_rights: (_vm: Vm, fd: number) => standardStream(fd),
  fd_advise: always(Errno.Success),
  fd_allocate: (_vm: Vm, fd: number) => standardStream(fd),
  fd_filestat_set_size: (_vm: Vm, fd: number) => standardStream(fd),
  fd_datasync: (_vm: Vm, fd: number) => standardStream(fd),
  fd_sync: (_vm: Vm, fd: number) => standardStream(fd),
  fd_filestat_set_times: (_vm: Vm, fd: number) => standardStream(fd),
  fd_filestat_get: always(Errno.BadFile),
  fd_prestat_get: always(Errno.BadFile),
  fd_prestat_dir_name: always(Errno.NoSystem),
  // 20 as in Envoy; WASI's own number for "not a directory" is 54.
  fd_readdir: zeroed(20, 4, [4]),
  fd_renumber: (_vm: Vm, from: number, to: number) =>
    standardStream(from) === Errno.Success && standardStream(to) === Errno.Success
      ? Errno.NotSupported
      : Errno.BadFile,
  fd_tell: (vm: Vm, fd: number, cell: number) => {
    if (standardStream(fd) !== Errno.Success) return Errno.BadFile;
    return vm.memory.setU64(cell >>> 0, 0n) ? Errno.Success : Errno.Fault;
  },

  path_open: always(Errno.NoEntry),
  path_filestat_get: always(Errno.NotSupported),
  path_filestat_set_times: always(Errno.NotSupported),
  path_create_directory: always(Errno.NotSupported),
  path_remove_directory: always(Errno.NotSupported),
  path_unlink_file: always(Errno.NotSupported),
  path_link: always(Errno.NotSupported),
  path_symlink: always(Errno.NotSupported),
  path_rename: always(Errno.NotSupported),
  path_readlink: zeroed(Errno.NotSupported, 5, [4]),
  sock_accept: zeroed(Errno.NotSupported, 2, [8]),
  sock_recv: zeroed(Errno.NotSupported, 4, [4, 2]),
  sock_send: zeroed(Errno.NotSupported, 4, [4]),
  sock_shutdown: always(Errno.NotSupported),

  environ_sizes_get: (vm: Vm, countCell: number, sizeCell: number) => {
    const entries = environment(vm);
    const size = entries.reduce((total, entry) => total + entry.length, 0);
    return vm.memory.setU32(countCell >>> 0, entries.length) && vm.memory.setU32(sizeCell >>> 0, size)
      ? Errno.Success
      : Errno.Fault;
  },

  environ_get: (vm: Vm, array: number, buffer: number) => {
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

  args_sizes_get: (vm: Vm, countCell: number, sizeCell: number) =>
    vm.memory.setU32(countCell >>> 0, 0) && vm.memory.setU32(sizeCell >>> 0, 0) ? Errno.Success : Errno.Fault,
  args_get: always(Errno.Success),

  clock_time_get: (vm: Vm, clock: number, _precision: bigint, cell: number) => {
    const { environment: world } = vm.services;
    if (clock !== 0 && clock !== 1) return Errno.NotSupported;
    const time = clock === 0 ? world.realtimeNs() : world.monotonicNs();
    return vm.memory.setU64(cell >>> 0, time) ? Errno.Success : Errno.Fault;
  },
  clock_res_get: (vm: Vm, clock: number, cell: number) => {
    if (clock !== 0 && clock !== 1) return Errno.NotSupported;
    return vm.memory.setU64(cell >>> 0, 1n) ? Errno.Success : Errno.Fault;
  },

  random_get: (vm: Vm, buffer: number, size: number) => {
    if (size >>> 0 > maxRandomBytes) return Errno.Invalid;
    if (size === 0) return Errno.Success;
    if (!vm.memory.holds(buffer >>> 0, size >>> 0)) return Errno.Fault;
    const random = new Uint8Array(size);
    vm.services.environment.fillRandom(random);
    vm.memory.write(buffer >>> 0, random);
    return Errno.Success;
  },

  sched_yield: always(Errno.Success),
  /** Returns at once: a guest that sleeps does not sleep, or spins. */
  poll_oneoff: (vm: Vm, _in: number, _out: number, _count: number, cell: number) => {
    const { pollErrno } = vm.services.profile;
    if (pollErrno !== Errno.Success) return pollErrno;
    return vm.memory.setU32(cell >>> 0, 0) ? Errno.Success : Errno.Fault;
  },
  /** Returns: what traps is the compiler's `unreachable` behind it. */
  proc_exit: always(Errno.Success),
};
