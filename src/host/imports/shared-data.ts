/** Shared data, by the VM's vm_id. */
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const sharedDataFunctions = {
  proxy_get_shared_data(
    vm: Vm,
    key: number,
    keySize: number,
    pointerCell: number,
    sizeCell: number,
    casCell: number,
  ): number {
    if (!vm.memory.holds(key >>> 0, keySize >>> 0)) return Status.InvalidMemoryAccess;
    const found = vm.services.sharedData.get(vm.options.vmId, vm.memory.text(key >>> 0, keySize >>> 0));
    if (!found) return Status.NotFound;
    const status = vm.giveBytes(found.value, pointerCell >>> 0, sizeCell >>> 0);
    if (status !== Status.Ok) return status;
    return vm.memory.setU32(casCell >>> 0, found.cas) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_set_shared_data(
    vm: Vm,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
    cas: number,
  ): number {
    const { memory } = vm;
    if (!memory.holds(key >>> 0, keySize >>> 0) || !memory.holds(value >>> 0, valueSize >>> 0)) {
      return Status.InvalidMemoryAccess;
    }
    const stored = vm.services.sharedData.set(
      vm.options.vmId,
      memory.text(key >>> 0, keySize >>> 0),
      memory.copy(value >>> 0, valueSize >>> 0),
      cas >>> 0,
    );
    return stored ? Status.Ok : Status.CasMismatch;
  },
} satisfies HostImplementations;
