/** proxy_log, proxy_get_log_level, and the two functions of toolchains that every host answers. */
import { logLevels, Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const logFunctions = {
  proxy_log(vm: Vm, level: number, pointer: number, size: number): number {
    const name = logLevels[level >>> 0];
    if (name === undefined) return Status.BadArgument;
    if (!vm.memory.holds(pointer >>> 0, size >>> 0)) return Status.InvalidMemoryAccess;
    if (level < vm.services.logLevel()) return Status.Ok;
    vm.log(name, vm.context.logPrefix, vm.memory.copy(pointer >>> 0, size >>> 0));
    return Status.Ok;
  },

  proxy_get_log_level(vm: Vm, cell: number): number {
    return vm.memory.setU32(cell >>> 0, vm.services.logLevel()) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  emscripten_notify_memory_growth(): number {
    return 0;
  },

  pthread_equal(_vm: Vm, left: number, right: number): number {
    return left === right ? 1 : 0;
  },
} satisfies HostImplementations;
