/** Host functions for logging, and the two functions that Emscripten imports and every host has. */
import { logLevels, Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const logFunctions = {
  /**
   * Logs one message of the guest with the prefix of its context.
   *
   * In: `level` is 0 trace to 5 critical; `pointer`, `size` hold the message, bytes that are not decoded.
   * Returns BadArgument for another level (checked first), InvalidMemoryAccess for a message outside memory, else Ok, also
   * when the host's level drops the message.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_log
   */
  proxy_log(vm: Vm, level: number, pointer: number, size: number): number {
    const name = logLevels[level];
    if (name === undefined) return Status.BadArgument;
    if (!vm.memory.holds(pointer, size)) return Status.InvalidMemoryAccess;
    if (level < vm.services.logLevel()) return Status.Ok;
    vm.log(name, vm.context.logPrefix, vm.memory.copy(pointer, size));
    return Status.Ok;
  },

  /**
   * Tells the guest from which level on the host logs, so that it can leave out the making of messages.
   *
   * Out: `cell` gets the level as a u32, 0 trace to 6 off.
   * Returns InvalidMemoryAccess for a cell outside memory, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_log_level
   */
  proxy_get_log_level(vm: Vm, cell: number): number {
    return vm.memory.setU32(cell, vm.services.logLevel()) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  /**
   * Does nothing: the host sees growth by itself. Emscripten imports it; it is not in the specification.
   */
  emscripten_notify_memory_growth(): number {
    return 0;
  },

  /**
   * Returns 1 when `left` and `right` are the same thread, else 0. Emscripten imports it; it is not in the specification.
   */
  pthread_equal(_vm: Vm, left: number, right: number): number {
    return left === right ? 1 : 0;
  },
} satisfies HostImplementations;
