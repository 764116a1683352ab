/** proxy_call_foreign_function. */
import { emptyBytes, fromByteString, uint32, utf8ByteString } from '../encoding/bytes.ts';
import { callForeign } from '../foreign/foreign-functions.ts';
import { Status } from '../status.ts';
import type { ResolvedAddress } from '../types.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

export const foreignFunctions = {
  /** Result cells may be 0: the result is then thrown away and nothing is allocated. */
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
    if (!memory.holds(name >>> 0, nameSize >>> 0) || !memory.holds(argument >>> 0, argumentSize >>> 0)) {
      return Status.InvalidMemoryAccess;
    }
    const called = memory.text(name >>> 0, nameSize >>> 0);
    const result = callForeign(vm, utf8ByteString(called), memory.copy(argument >>> 0, argumentSize >>> 0));
    if (result === undefined) return Status.NotFound;
    const data = typeof result === 'number' ? undefined : result;
    let pointer = 0;
    if (data && pointerCell !== 0) {
      pointer = vm.allocate(data.length);
      if (pointer === 0) return Status.InvalidMemoryAccess;
      memory.write(pointer, data);
    }
    const size = data?.length ?? 0;
    if (pointerCell !== 0 && !memory.setU32(pointerCell >>> 0, pointer)) return Status.InvalidMemoryAccess;
    if (sizeCell !== 0 && !memory.setU32(sizeCell >>> 0, size)) return Status.InvalidMemoryAccess;
    return typeof result === 'number' ? result : Status.Ok;
  },

  /** Envoy's own: the answer comes through envoy_on_resolve_dns, before this returns when nobody has to be asked. */
  envoy_resolve_dns(vm: Vm, name: number, nameSize: number, cell: number): number {
    const { root } = vm.context;
    const { environment } = vm.services;
    if (!vm.memory.holds(name >>> 0, nameSize >>> 0)) return Status.InvalidMemoryAccess;
    if (root === undefined || environment.resolveDns === undefined) return Status.BadArgument;
    const token = vm.newDnsToken();
    if (!vm.memory.setU32(cell >>> 0, token)) return Status.InvalidMemoryAccess;
    environment.resolveDns(vm.memory.text(name >>> 0, nameSize >>> 0), addresses =>
      root.onDnsResolved(token, encodeAddresses(addresses)),
    );
    return Status.Ok;
  },
} satisfies HostImplementations;

/** The count, how long each holds, then each as text with a port, ended by a zero byte. Nothing at all: it could not be asked. */
function encodeAddresses(addresses: readonly ResolvedAddress[] | undefined): Uint8Array {
  if (addresses === undefined) return emptyBytes;
  const times = addresses.map(({ ttlSeconds }) => uint32(ttlSeconds)).join('');
  const texts = addresses.map(({ address }) =>
    address.includes(':') ? `[${address}]:0\0` : `${address}:0\0`,
  );
  return fromByteString(uint32(addresses.length) + times + texts.join(''));
}
