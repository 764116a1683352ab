/** Time: the clock and the tick. */
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const timerFunctions = {
  proxy_get_current_time_nanoseconds(vm: Vm, cell: number): number {
    return vm.memory.setU64(cell >>> 0, vm.services.environment.realtimeNs())
      ? Status.Ok
      : Status.InvalidMemoryAccess;
  },

  proxy_set_tick_period_milliseconds(vm: Vm, period: number): number {
    vm.context.root?.setTickPeriod(period >>> 0);
    return Status.Ok;
  },
} satisfies HostImplementations;
