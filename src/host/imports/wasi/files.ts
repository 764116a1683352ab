/** WASI functions for file descriptors, as Envoy has them: what is written becomes log entries, and there are no files. */
import { Errno } from '../../status.ts';
import type { Vm } from '../../vm/vm.ts';
import type { WasiImplementations } from '../implementation.ts';
import { always, isStandardStream, standardStream, zeroed } from './answers.ts';

/** Logs all buffers of one call as one entry, without one newline at its end; info for standard output, error for standard error. */
function writeLog(vm: Vm, fd: number, vectors: number, count: number, writtenCell: number): number {
  if (!isStandardStream(fd)) return Errno.BadFile;
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
  return memory.setU32(writtenCell, total) ? Errno.Success : Errno.Fault;
}

export const fileFunctions = {
  /**
   * Logs what a guest writes to standard output (info) or standard error (error) as one entry.
   * In: `fd`; `vectors` is an array of `count` pairs of address and size (u32 each).
   * Out: `writtenCell` gets the bytes of all vectors as a u32, with the newline that the entry leaves out.
   * Returns BadFile for another descriptor, Fault for addresses outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_write
   */
  fd_write(vm: Vm, fd: number, vectors: number, count: number, writtenCell: number): number {
    return writeLog(vm, fd, vectors, count, writtenCell);
  },

  /**
   * Does what `fd_write` does; the offset has no meaning.
   * In: `fd`; `vectors` is an array of `count` pairs of address and size (u32 each).
   * Out: `writtenCell` gets the bytes of all vectors as a u32.
   * Returns BadFile for another descriptor, Fault for addresses outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_pwrite
   */
  fd_pwrite(
    vm: Vm,
    fd: number,
    vectors: number,
    count: number,
    _offset: bigint,
    writtenCell: number,
  ): number {
    return writeLog(vm, fd, vectors, count, writtenCell);
  },

  /**
   * Returns NoSystem: there is nothing to read, not even standard input.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_read
   */
  fd_read: always(Errno.NoSystem),

  /**
   * Returns NoSystem: there is nothing to read.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_pread
   */
  fd_pread: always(Errno.NoSystem),

  /**
   * Returns Success for any descriptor and writes no offset.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_seek
   */
  fd_seek: always(Errno.Success),

  /**
   * Tells the position in a standard stream, which is 0.
   * In: `fd`.
   * Out: `cell` gets 0 as a u64.
   * Returns BadFile for another descriptor, Fault for a cell outside memory, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_tell
   */
  fd_tell(vm: Vm, fd: number, cell: number): number {
    if (!isStandardStream(fd)) return Errno.BadFile;
    return vm.memory.setU64(cell, 0n) ? Errno.Success : Errno.Fault;
  },

  /**
   * Returns Success for any descriptor; nothing is closed.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_close
   */
  fd_close: always(Errno.Success),

  /**
   * Describes a standard stream: a file of unknown type that can be written.
   * In: `fd`.
   * Out: `cell` gets 24 bytes: type and flags 0, the right FD_WRITE (64) at offset 8, no rights to inherit. A cell outside
   * memory is ignored, as in Envoy.
   * Returns BadFile for another descriptor, else Success.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_fdstat_get
   */
  fd_fdstat_get(vm: Vm, fd: number, cell: number): number {
    if (!isStandardStream(fd)) return Errno.BadFile;
    if (vm.memory.holds(cell, 24)) {
      const stat = new Uint8Array(24);
      stat[8] = 64;
      vm.memory.write(cell, stat);
    }
    return Errno.Success;
  },

  /**
   * Returns NoSystem.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_fdstat_set_flags
   */
  fd_fdstat_set_flags: always(Errno.NoSystem),

  /**
   * Returns Success for a standard stream, else BadFile; no right changes.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_fdstat_set_rights
   */
  fd_fdstat_set_rights: standardStream,

  /**
   * Returns BadFile for any descriptor.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_filestat_get
   */
  fd_filestat_get: always(Errno.BadFile),

  /**
   * Returns Success for a standard stream, else BadFile.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_filestat_set_size
   */
  fd_filestat_set_size: standardStream,

  /**
   * Returns Success for a standard stream, else BadFile.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_filestat_set_times
   */
  fd_filestat_set_times: standardStream,

  /**
   * Returns Success for any descriptor.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_advise
   */
  fd_advise: always(Errno.Success),

  /**
   * Returns Success for a standard stream, else BadFile.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_allocate
   */
  fd_allocate: standardStream,

  /**
   * Returns Success for a standard stream, else BadFile.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_datasync
   */
  fd_datasync: standardStream,

  /**
   * Returns Success for a standard stream, else BadFile.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_sync
   */
  fd_sync: standardStream,

  /**
   * Returns NotSupported when `from` and `to` are standard streams, else BadFile.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_renumber
   */
  fd_renumber: (_vm: Vm, from: number, to: number) =>
    isStandardStream(from) && isStandardStream(to) ? Errno.NotSupported : Errno.BadFile,

  /**
   * Returns BadFile: no directory is opened for the guest.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_prestat_get
   */
  fd_prestat_get: always(Errno.BadFile),

  /**
   * Returns NoSystem: no directory is opened for the guest.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_prestat_dir_name
   */
  fd_prestat_dir_name: always(Errno.NoSystem),

  /**
   * Returns 20, as Envoy does; WASI's own number for "not a directory" is 54.
   * Out: the last parameter gets 0 as a u32.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#fd_readdir
   */
  fd_readdir: zeroed(20, 4, [4]),
} satisfies WasiImplementations;
