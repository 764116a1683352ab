/** Bodies and other byte buffers. */
import { BodyBuffer } from '../http/body.ts';
import { BufferType, Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

const lastType = BufferType.CallData;

export const bufferFunctions = {
  proxy_get_buffer_bytes(
    vm: Vm,
    type: number,
    start: number,
    max: number,
    pointerCell: number,
    sizeCell: number,
  ): number {
    if (type >>> 0 > lastType) return Status.BadArgument;
    const { context } = vm;
    const buffer = context.buffer(type);
    if (buffer === undefined) return Status.NotFound;
    context.lastBuffer = buffer;
    const from = start >>> 0;
    const size = Math.min(max >>> 0, buffer.length - from);
    if (size <= 0) return vm.givePointer(0, 0, pointerCell >>> 0, sizeCell >>> 0);
    const pointer = vm.allocate(size);
    if (pointer === 0) return Status.InvalidMemoryAccess;
    if (buffer instanceof BodyBuffer) buffer.copyTo(vm.memory.bytes, pointer, from, size);
    else vm.memory.write(pointer, buffer.subarray(from, from + size));
    return vm.givePointer(pointer, size, pointerCell >>> 0, sizeCell >>> 0);
  },

  proxy_get_buffer_status(vm: Vm, type: number, lengthCell: number, flagsCell: number): number {
    if (type >>> 0 > lastType) return Status.BadArgument;
    const { context } = vm;
    const buffer = context.buffer(type);
    if (buffer === undefined) return Status.NotFound;
    context.lastBuffer = buffer;
    const { memory } = vm;
    return memory.setU32(lengthCell >>> 0, buffer.length) && memory.setU32(flagsCell >>> 0, 0)
      ? Status.Ok
      : Status.InvalidMemoryAccess;
  },

  proxy_set_buffer_bytes(
    vm: Vm,
    type: number,
    start: number,
    size: number,
    data: number,
    dataSize: number,
  ): number {
    if (type >>> 0 > lastType) return Status.BadArgument;
    const { context } = vm;
    if (context.buffer(type) === undefined) return Status.NotFound;
    if (!vm.memory.holds(data >>> 0, dataSize >>> 0)) return Status.InvalidMemoryAccess;
    return context.setBuffer(type, start >>> 0, size >>> 0, vm.memory.copy(data >>> 0, dataSize >>> 0));
  },
} satisfies HostImplementations;
