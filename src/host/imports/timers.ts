/** Host functions for time: the clock and the tick. */
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const timerFunctions = {
  /**
   * Tells the guest the time of day.
   *
   * Out: `cell` gets nanoseconds since 1970 as a u64.
   * Returns InvalidMemoryAccess for a cell outside memory, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_current_time_nanoseconds
   */
  proxy_get_current_time_nanoseconds(vm: Vm, cell: number): number {
    return vm.memory.setU64(cell, vm.services.environment.realtimeNs())
      ? Status.Ok
      : Status.InvalidMemoryAccess;
  },

  /**
   * Starts, changes or stops the timer that calls `proxy_on_tick` of the root context, also when a stream context calls it.
   *
   * In: `period` in milliseconds, a u32; 0 stops the timer, another period starts it again from now.
   * Returns Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_set_tick_period_milliseconds
   */
  proxy_set_tick_period_milliseconds(vm: Vm, period: number): number {
    vm.context.root?.setTickPeriod(period >>> 0);
    return Status.Ok;
  },
} satisfies HostImplementations;
