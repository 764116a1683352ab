/** Shared queues between VMs. */
import { displayText } from '../encoding/bytes.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const sharedQueueFunctions = {
  proxy_register_shared_queue(vm: Vm, name: number, nameSize: number, cell: number): number {
    if (!vm.memory.holds(name >>> 0, nameSize >>> 0)) return Status.InvalidMemoryAccess;
    const { root } = vm.context;
    const token = vm.services.sharedQueues.register(
      vm.options.vmId,
      vm.memory.text(name >>> 0, nameSize >>> 0),
      ready => root?.onQueueReady(ready),
    );
    return vm.memory.setU32(cell >>> 0, token) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_resolve_shared_queue(
    vm: Vm,
    vmId: number,
    vmIdSize: number,
    name: number,
    nameSize: number,
    cell: number,
  ): number {
    const { memory } = vm;
    if (!memory.holds(vmId >>> 0, vmIdSize >>> 0) || !memory.holds(name >>> 0, nameSize >>> 0)) {
      return Status.InvalidMemoryAccess;
    }
    const given = displayText(memory.text(vmId >>> 0, vmIdSize >>> 0));
    const queueName = memory.text(name >>> 0, nameSize >>> 0);
    const owner = given === '' ? vm.options.vmId : given;
    const token = vm.services.sharedQueues.resolve(owner, queueName);
    if (token === undefined) return Status.NotFound;
    return memory.setU32(cell >>> 0, token) ? Status.Ok : Status.InvalidMemoryAccess;
  },

  proxy_enqueue_shared_queue(vm: Vm, token: number, data: number, size: number): number {
    if (!vm.memory.holds(data >>> 0, size >>> 0)) return Status.InvalidMemoryAccess;
    const bytes = vm.memory.copy(data >>> 0, size >>> 0);
    return vm.services.sharedQueues.enqueue(token >>> 0, bytes) ? Status.Ok : Status.NotFound;
  },

  proxy_dequeue_shared_queue(vm: Vm, token: number, pointerCell: number, sizeCell: number): number {
    const item = vm.services.sharedQueues.dequeue(token >>> 0);
    if (item === undefined) return Status.NotFound;
    return item === null ? Status.Empty : vm.giveBytes(item, pointerCell >>> 0, sizeCell >>> 0);
  },
} satisfies HostImplementations;
