/** Host functions for queues that VMs share. */
import { displayText } from '../encoding/bytes.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const sharedQueueFunctions = {
  /**
   * Makes a queue of this vm_id, or finds it; `proxy_on_queue_ready` of the caller's root is called for items from then on.
   *
   * In: `name`, `nameSize` hold the name.
   * Out: `cell` gets the queue's id as a u32.
   * Returns InvalidMemoryAccess for a name or a cell outside memory, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_register_shared_queue
   */
  proxy_register_shared_queue(vm: Vm, name: number, nameSize: number, cell: number): number {
    if (!vm.memory.holds(name, nameSize)) return Status.InvalidMemoryAccess;
    const { root } = vm.context;
    const token = vm.services.sharedQueues.register(vm.options.vmId, vm.memory.text(name, nameSize), ready =>
      root?.onQueueReady(ready),
    );
    return vm.memory.setU32(cell, token) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  /**
   * Finds a queue that some VM has registered.
   *
   * In: `vmId`, `vmIdSize` hold the vm_id it was registered under, empty for the guest's own; `name`, `nameSize` hold the
   * name.
   * Out: `cell` gets the queue's id as a u32.
   * Returns InvalidMemoryAccess for ranges or a cell outside memory, NotFound when no such queue is registered, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_resolve_shared_queue
   */
  proxy_resolve_shared_queue(
    vm: Vm,
    vmId: number,
    vmIdSize: number,
    name: number,
    nameSize: number,
    cell: number,
  ): number {
    const { memory } = vm;
    if (!memory.holds(vmId, vmIdSize) || !memory.holds(name, nameSize)) {
      return Status.InvalidMemoryAccess;
    }
    const given = displayText(memory.text(vmId, vmIdSize));
    const queueName = memory.text(name, nameSize);
    const owner = given === '' ? vm.options.vmId : given;
    const token = vm.services.sharedQueues.resolve(owner, queueName);
    if (token === undefined) return Status.NotFound;
    return memory.setU32(cell, token) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  /**
   * Puts an item at the end of a queue and wakes the root that registered it.
   *
   * In: `token` is the queue's id; `data`, `size` hold the item.
   * Returns InvalidMemoryAccess for an item outside memory, NotFound for an unknown id, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_enqueue_shared_queue
   */
  proxy_enqueue_shared_queue(vm: Vm, token: number, data: number, size: number): number {
    if (!vm.memory.holds(data, size)) return Status.InvalidMemoryAccess;
    const bytes = vm.memory.copy(data, size);
    return vm.services.sharedQueues.enqueue(token >>> 0, bytes) ? Status.Ok : Status.NotFound;
  },

  /**
   * Takes the first item of a queue.
   *
   * In: `token` is the queue's id.
   * Out: a block with the item, its address in `pointerCell` (u32), its size in `sizeCell` (u32). With cells outside memory
   * the item is lost, as in Envoy.
   * Returns NotFound for an unknown id, Empty for a queue without items, InvalidMemoryAccess for cells outside memory, else
   * Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_dequeue_shared_queue
   */
  proxy_dequeue_shared_queue(vm: Vm, token: number, pointerCell: number, sizeCell: number): number {
    const item = vm.services.sharedQueues.dequeue(token >>> 0);
    if (item === undefined) return Status.NotFound;
    return item === null ? Status.Empty : vm.giveBytes(item, pointerCell, sizeCell);
  },
} satisfies HostImplementations;
