/** Metrics. */
import { MetricType } from '../state/metrics.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const metricFunctions = {
  proxy_define_metric(vm: Vm, type: number, name: number, nameSize: number, cell: number): number {
    if (!vm.memory.holds(name >>> 0, nameSize >>> 0)) return Status.InvalidMemoryAccess;
    if (type >>> 0 > MetricType.Histogram) return Status.BadArgument;
    const id = vm.metricIds.define(type, vm.memory.text(name >>> 0, nameSize >>> 0));
    return vm.memory.setU32(cell >>> 0, id) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_increment_metric(vm: Vm, id: number, offset: bigint): number {
    return vm.metricIds.increment(id >>> 0, offset);
  },

  proxy_record_metric(vm: Vm, id: number, value: bigint): number {
    return vm.metricIds.record(id >>> 0, BigInt.asUintN(64, value));
  },

  proxy_get_metric(vm: Vm, id: number, cell: number): number {
    const value = vm.metricIds.get(id >>> 0);
    if (typeof value === 'number') return value;
    return vm.memory.setU64(cell >>> 0, value) ? Status.Ok : Status.InvalidMemoryAccess;
  },
} satisfies HostImplementations;
