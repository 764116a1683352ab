/** Host functions for metrics. */
import { MetricType } from '../state/metrics.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const metricFunctions = {
  /**
   * Defines a metric of this VM; the same name and type again gives another id of the same metric.
   *
   * In: `type` is 0 counter, 1 gauge or 2 histogram; `name`, `nameSize` hold the name.
   * Out: `cell` gets the id as a u32.
   * Returns InvalidMemoryAccess for a name or a cell outside memory (after the metric was made), BadArgument for another
   * type, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_define_metric
   */
  proxy_define_metric(vm: Vm, type: number, name: number, nameSize: number, cell: number): number {
    if (!vm.memory.holds(name, nameSize)) return Status.InvalidMemoryAccess;
    if (type < 0 || type > MetricType.Histogram) return Status.BadArgument;
    const id = vm.metricIds.define(type, vm.memory.text(name, nameSize));
    return vm.memory.setU32(cell, id) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  /**
   * Adds to a counter or a gauge.
   *
   * In: `id` as defined; `offset` is an i64: positive for a counter, either sign for a gauge, which wraps below 0.
   * Returns BadArgument for a histogram, an id of no kind, and a counter with an offset of 0 or less; NotFound for an
   * unknown id; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_increment_metric
   */
  proxy_increment_metric(vm: Vm, id: number, offset: bigint): number {
    return vm.metricIds.increment(id >>> 0, offset);
  },

  /**
   * Adds to a counter, sets a gauge, or records a value of a histogram.
   *
   * In: `id` as defined; `value` is a u64.
   * Returns NotFound for an unknown id, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_record_metric
   */
  proxy_record_metric(vm: Vm, id: number, value: bigint): number {
    return vm.metricIds.record(id >>> 0, BigInt.asUintN(64, value));
  },

  /**
   * Gives the guest the value of a counter or a gauge, which all workers share.
   *
   * In: `id` as defined.
   * Out: `cell` gets the value as a u64.
   * Returns BadArgument for a histogram and an id of no kind, NotFound for an unknown id, InvalidMemoryAccess for a cell
   * outside memory, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_metric
   */
  proxy_get_metric(vm: Vm, id: number, cell: number): number {
    const value = vm.metricIds.get(id >>> 0);
    if (typeof value === 'number') return value;
    return vm.memory.setU64(cell, value) ? Status.Ok : Status.InvalidMemoryAccess;
  },
} satisfies HostImplementations;
