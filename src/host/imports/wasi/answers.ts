/** Implements the WASI functions that need no state. */
import { Errno } from '../../status.ts';
import type { HostImplementation } from '../implementation.ts';

/** Makes a function that always returns the same errno. */
export const always =
  (errno: number): HostImplementation =>
  () =>
    errno;

/** Returns true for standard output (1) and standard error (2), the only descriptors that a guest has. */
export const isStandardStream = (fd: number): boolean => fd === 1 || fd === 2;

/** Returns Success for a standard stream, else BadFile. */
export const standardStream: HostImplementation = (_vm, fd: number) =>
  isStandardStream(fd) ? Errno.Success : Errno.BadFile;

/** Makes a function that zeroes its results, of `sizes` bytes from parameter `cellAt` on, as far as they lie in memory, and returns `errno`. */
export const zeroed =
  (errno: number, cellAt: number, sizes: readonly number[]): HostImplementation =>
  (vm, ...values) => {
    sizes.forEach((size, i) => {
      const cell = Number(values[cellAt + i]);
      if (vm.memory.holds(cell, size)) vm.memory.write(cell, new Uint8Array(size));
    });
    return errno;
  };
