/** Host functions outside of the specification: foreign functions, and Envoy's DNS. */
import { emptyBytes, fromByteString, uint32, utf8ByteString } from '../encoding/bytes.ts';
import { callForeign } from '../foreign/foreign-functions.ts';
import { Status } from '../status.ts';
import type { ResolvedAddress } from '../types.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const foreignFunctions = {
  /**
   * Calls a function that the specification does not have: one of Envoy's (foreign/foreign-functions.ts) or of the
   * embedder.
   *
   * In: `name`, `nameSize` hold its name; `argument`, `argumentSize` hold its argument.
   * Out: a block with the result, its address in `pointerCell` (u32), its size in `sizeCell` (u32). Either cell may be 0;
   * without `pointerCell` nothing is allocated and the result is dropped.
   * Returns InvalidMemoryAccess for ranges or cells outside memory, NotFound for an unknown name, else the status of the
   * function, Ok when it succeeds.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_call_foreign_function
   */
  proxy_call_foreign_function(
    vm: Vm,
    name: number,
    nameSize: number,
    argument: number,
    argumentSize: number,
    pointerCell: number,
    sizeCell: number,
  ): number {
    const { memory } = vm;
    if (!memory.holds(name, nameSize) || !memory.holds(argument, argumentSize)) {
      return Status.InvalidMemoryAccess;
    }
    const called = memory.text(name, nameSize);
    const result = callForeign(vm, utf8ByteString(called), memory.copy(argument, argumentSize));
    if (result === undefined) return Status.NotFound;
    const data = typeof result === 'number' ? undefined : result;
    let pointer = 0;
    if (data && pointerCell !== 0) {
      pointer = vm.allocate(data.length);
      if (pointer === 0) return Status.InvalidMemoryAccess;
      memory.write(pointer, data);
    }
    const size = data?.length ?? 0;
    if (pointerCell !== 0 && !memory.setU32(pointerCell, pointer)) return Status.InvalidMemoryAccess;
    if (sizeCell !== 0 && !memory.setU32(sizeCell, size)) return Status.InvalidMemoryAccess;
    return typeof result === 'number' ? result : Status.Ok;
  },

  /**
   * Resolves a host name; Envoy alone has it. `envoy_on_resolve_dns` of the root context gets the answer, before this call
   * returns when it is known at once.
   *
   * In: `name`, `nameSize` hold the host name.
   * Out: `cell` gets the token of the callback as a u32.
   * Returns InvalidMemoryAccess for a name or a cell outside memory, BadArgument in a context without root or in a host
   * that resolves nothing, else Ok.
   * https://github.com/envoyproxy/envoy/blob/main/source/extensions/common/wasm/wasm.cc
   */
  envoy_resolve_dns(vm: Vm, name: number, nameSize: number, cell: number): number {
    const { root } = vm.context;
    const { environment } = vm.services;
    if (!vm.memory.holds(name, nameSize)) return Status.InvalidMemoryAccess;
    if (root === undefined || environment.resolveDns === undefined) return Status.BadArgument;
    const token = vm.newDnsToken();
    if (!vm.memory.setU32(cell, token)) return Status.InvalidMemoryAccess;
    environment.resolveDns(vm.memory.text(name, nameSize), addresses =>
      root.onDnsResolved(token, encodeAddresses(addresses)),
    );
    return Status.Ok;
  },
} satisfies HostImplementations;

/**
 * Encodes addresses as Envoy does: their number and the time to live of each (u32, seconds), then each as text with a port,
 * ended by a zero byte. A failed query is empty.
 */
function encodeAddresses(addresses: readonly ResolvedAddress[] | undefined): Uint8Array {
  if (addresses === undefined) return emptyBytes;
  const times = addresses.map(({ ttlSeconds }) => uint32(ttlSeconds)).join('');
  const texts = addresses.map(({ address }) =>
    address.includes(':') ? `[${address}]:0\0` : `${address}:0\0`,
  );
  return fromByteString(uint32(addresses.length) + times + texts.join(''));
}
