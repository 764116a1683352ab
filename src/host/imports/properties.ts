/** Host functions for attributes, configuration and the status of the last failure. */
import { readProperty, writeProperty } from '../properties/properties.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const propertyFunctions = {
  /**
   * Gives the guest the value of an attribute, or of a property that a filter has set.
   *
   * In: `path`, `pathSize` hold the segments, separated by a zero byte; one zero byte at the end is ignored.
   * Out: a block with the value, its address in `pointerCell` (u32), its size in `sizeCell` (u32); an empty value is 0, 0.
   * Text and bytes come as they are, numbers and times as 8 bytes little-endian (times and durations in nanoseconds),
   * booleans as 1 byte, maps as serialized pairs.
   * Returns InvalidMemoryAccess for a path or cells outside memory; NotFound when there is no such attribute, or not in
   * this phase; SerializationFailure for an empty path and for a group such as `request`; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_property
   */
  proxy_get_property(vm: Vm, path: number, pathSize: number, pointerCell: number, sizeCell: number): number {
    if (!vm.memory.holds(path, pathSize)) return Status.InvalidMemoryAccess;
    const value = readProperty(vm.context, vm.memory.text(path, pathSize));
    if (typeof value === 'number') return value;
    return typeof value === 'string'
      ? vm.giveText(value, pointerCell, sizeCell)
      : vm.giveBytes(value, pointerCell, sizeCell);
  },

  /**
   * Stores a value as filter state `wasm.<path>` of the stream; filters behind this one read it as `<path>`.
   *
   * In: `path`, `pathSize` hold the name: the raw bytes, so a name of several segments cannot be read back; `value`,
   * `valueSize` hold the value.
   * Returns InvalidMemoryAccess for ranges outside memory, NotFound outside of streams, BadArgument for a property that is
   * declared read-only and set already, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_set_property
   */
  proxy_set_property(vm: Vm, path: number, pathSize: number, value: number, valueSize: number): number {
    const { memory } = vm;
    if (!memory.holds(path, pathSize) || !memory.holds(value, valueSize)) {
      return Status.InvalidMemoryAccess;
    }
    const bytes = memory.copy(value, valueSize);
    return writeProperty(vm.context, memory.text(path, pathSize), bytes);
  },

  /**
   * Gives the guest its configuration; only in 0.1.0, later versions read it as a buffer.
   *
   * Out: a block with the plugin's configuration while the root is created or configured, else with the VM's; its address
   * in `pointerCell` (u32), its size in `sizeCell` (u32).
   * Returns InvalidMemoryAccess for cells outside memory, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.1.0#proxy_get_configuration
   */
  proxy_get_configuration(vm: Vm, pointerCell: number, sizeCell: number): number {
    const { root } = vm.context;
    const bytes = root?.configuring ? root.plugin.configuration : vm.options.configuration;
    return vm.giveBytes(bytes, pointerCell, sizeCell);
  },

  /**
   * Tells the guest why the call-out or the gRPC stream whose callback is running has failed.
   *
   * Out: `codeCell` gets the gRPC status, or 11 after an HTTP call that was reset; the message comes in a block, its
   * address in `pointerCell` (u32), its size in `sizeCell` (u32). The code stays until the next failure; the message is
   * there only inside the callback.
   * Returns InvalidMemoryAccess for cells outside memory, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_status
   */
  proxy_get_status(vm: Vm, codeCell: number, pointerCell: number, sizeCell: number): number {
    const { root } = vm.context;
    if (!vm.memory.setU32(codeCell, root?.statusCode ?? 0)) return Status.InvalidMemoryAccess;
    return vm.giveText(root?.statusMessage ?? '', pointerCell, sizeCell);
  },
} satisfies HostImplementations;
