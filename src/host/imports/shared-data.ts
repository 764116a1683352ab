/** Host functions for shared data, whose keys belong to the VM's vm_id. */
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const sharedDataFunctions = {
  /**
   * Gives the guest a value that VMs of the same vm_id share.
   *
   * In: `key`, `keySize` hold the key.
   * Out: a block with the value, its address in `pointerCell` (u32), its size in `sizeCell` (u32), 0, 0 when it is empty;
   * `casCell` gets the number of the last change as a u32.
   * Returns InvalidMemoryAccess for a key or cells outside memory, NotFound for a key without a value, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_shared_data
   */
  proxy_get_shared_data(
    vm: Vm,
    key: number,
    keySize: number,
    pointerCell: number,
    sizeCell: number,
    casCell: number,
  ): number {
    if (!vm.memory.holds(key, keySize)) return Status.InvalidMemoryAccess;
    const found = vm.services.sharedData.get(vm.options.vmId, vm.memory.text(key, keySize));
    if (!found) return Status.NotFound;
    const status = vm.giveBytes(found.value, pointerCell, sizeCell);
    if (status !== Status.Ok) return status;
    return vm.memory.setU32(casCell, found.cas) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  /**
   * Stores a value for all VMs of the same vm_id.
   *
   * In: `key`, `keySize` hold the key; `value`, `valueSize` hold the value; `cas` is 0 to store always, else the number
   * that `proxy_get_shared_data` gave. A key that does not exist is stored with any number.
   * Returns InvalidMemoryAccess for ranges outside memory, CasMismatch when the key was stored since, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_set_shared_data
   */
  proxy_set_shared_data(
    vm: Vm,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
    cas: number,
  ): number {
    const { memory } = vm;
    if (!memory.holds(key, keySize) || !memory.holds(value, valueSize)) {
      return Status.InvalidMemoryAccess;
    }
    const stored = vm.services.sharedData.set(
      vm.options.vmId,
      memory.text(key, keySize),
      memory.copy(value, valueSize),
      cas >>> 0,
    );
    return stored ? Status.Ok : Status.CasMismatch;
  },
} satisfies HostImplementations;
