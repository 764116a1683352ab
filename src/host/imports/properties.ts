/** Attributes, configuration and the status of the last failure. */
import { readProperty, writeProperty } from '../properties/properties.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const propertyFunctions = {
  proxy_get_property(vm: Vm, path: number, pathSize: number, pointerCell: number, sizeCell: number): number {
    if (!vm.memory.holds(path >>> 0, pathSize >>> 0)) return Status.InvalidMemoryAccess;
    const value = readProperty(vm.context, vm.memory.text(path >>> 0, pathSize >>> 0));
    if (typeof value === 'number') return value;
    return typeof value === 'string'
      ? vm.giveText(value, pointerCell >>> 0, sizeCell >>> 0)
      : vm.giveBytes(value, pointerCell >>> 0, sizeCell >>> 0);
  },

  proxy_set_property(vm: Vm, path: number, pathSize: number, value: number, valueSize: number): number {
    const { memory } = vm;
    if (!memory.holds(path >>> 0, pathSize >>> 0) || !memory.holds(value >>> 0, valueSize >>> 0)) {
      return Status.InvalidMemoryAccess;
    }
    const bytes = memory.copy(value >>> 0, valueSize >>> 0);
    return writeProperty(vm.context, memory.text(path >>> 0, pathSize >>> 0), bytes);
  },

  /** 0.1.0: the plugin's configuration where it can be read, else the VM's. */
  proxy_get_configuration(vm: Vm, pointerCell: number, sizeCell: number): number {
    const { root } = vm.context;
    const bytes = root?.configuring ? root.plugin.configuration : vm.options.configuration;
    return vm.giveBytes(bytes, pointerCell >>> 0, sizeCell >>> 0);
  },

  proxy_get_status(vm: Vm, codeCell: number, pointerCell: number, sizeCell: number): number {
    const { root } = vm.context;
    if (!vm.memory.setU32(codeCell >>> 0, root?.statusCode ?? 0)) return Status.InvalidMemoryAccess;
    return vm.giveText(root?.statusMessage ?? '', pointerCell >>> 0, sizeCell >>> 0);
  },
} satisfies HostImplementations;
