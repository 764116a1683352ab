/** Host functions for bodies and other byte buffers. */
import { BodyBuffer } from '../http/body.ts';
import { BufferType, Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

const isBufferType = (type: number): boolean => type >= 0 && type <= BufferType.CallData;

export const bufferFunctions = {
  /**
   * Gives the guest a part of a buffer.
   *
   * In: `type` is a BufferType; `start` is the offset and `max` the largest number of bytes, both u32.
   * Out: a block with the bytes, its address in `pointerCell` (u32), its size in `sizeCell` (u32); 0, 0 when nothing lies
   * at `start`.
   * Returns BadArgument for an unknown type; NotFound for a buffer that exists only in another callback;
   * InvalidMemoryAccess for cells outside memory, or when the guest's allocator gives no block; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_buffer_bytes
   */
  proxy_get_buffer_bytes(
    vm: Vm,
    type: number,
    start: number,
    max: number,
    pointerCell: number,
    sizeCell: number,
  ): number {
    if (!isBufferType(type)) return Status.BadArgument;
    const { context } = vm;
    const buffer = context.buffer(type);
    if (buffer === undefined) return Status.NotFound;
    context.lastBuffer = buffer;
    const from = start >>> 0;
    const size = Math.min(max >>> 0, buffer.length - from);
    if (size <= 0) return vm.givePointer(0, 0, pointerCell, sizeCell);
    const pointer = vm.allocate(size);
    if (pointer === 0) return Status.InvalidMemoryAccess;
    if (buffer instanceof BodyBuffer) buffer.copyTo(vm.memory.bytes, pointer, from, size);
    else vm.memory.write(pointer, buffer.subarray(from, from + size));
    return vm.givePointer(pointer, size, pointerCell, sizeCell);
  },

  /**
   * Tells the guest how long a buffer is.
   *
   * In: `type` is a BufferType.
   * Out: `lengthCell` gets the length in bytes as a u32, `flagsCell` gets 0.
   * Returns BadArgument for an unknown type, NotFound for a buffer that exists only in another callback,
   * InvalidMemoryAccess for cells outside memory, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_buffer_status
   */
  proxy_get_buffer_status(vm: Vm, type: number, lengthCell: number, flagsCell: number): number {
    if (!isBufferType(type)) return Status.BadArgument;
    const { context } = vm;
    const buffer = context.buffer(type);
    if (buffer === undefined) return Status.NotFound;
    context.lastBuffer = buffer;
    const { memory } = vm;
    return memory.setU32(lengthCell, buffer.length) && memory.setU32(flagsCell, 0)
      ? Status.Ok
      : Status.InvalidMemoryAccess;
  },

  /**
   * Changes a body or a chunk: at its front or at its end, never in the middle, as Envoy does.
   *
   * In: `type` is a BufferType; with `start` 0 the first `size` bytes are dropped (all of them: replaced) and the data is
   * put in front; with `start` at or behind the end the data is appended; `data`, `dataSize` hold the new bytes.
   * Returns BadArgument for an unknown type, a buffer that cannot be changed and a `start` in the middle; NotFound for a
   * buffer that exists only in another callback; InvalidMemoryAccess for data outside memory; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_set_buffer_bytes
   */
  proxy_set_buffer_bytes(
    vm: Vm,
    type: number,
    start: number,
    size: number,
    data: number,
    dataSize: number,
  ): number {
    if (!isBufferType(type)) return Status.BadArgument;
    const { context } = vm;
    if (context.buffer(type) === undefined) return Status.NotFound;
    if (!vm.memory.holds(data, dataSize)) return Status.InvalidMemoryAccess;
    return context.setBuffer(type, start >>> 0, size >>> 0, vm.memory.copy(data, dataSize));
  },
} satisfies HostImplementations;
