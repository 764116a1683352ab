/** Header maps. Bytes are never decoded; names are compared in lower case. */
import type { Context } from '../vm/context.ts';
import type { HeaderEntry } from '../http/header-map.ts';
import { canonicalName, lowerCase } from '../http/header-rules.ts';
import { addJoined } from '../http/inline-headers.ts';
import { isSafe } from '../http/message-validity.ts';
import { pairsSize, readPairs, writePairs } from '../encoding/pairs.ts';
import { MapType, Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

const lastType = MapType.CallResponseTrailers;

export const headerFunctions = {
  proxy_get_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    pointerCell: number,
    sizeCell: number,
  ): number {
    if (type >>> 0 > lastType) return Status.BadArgument;
    if (!vm.memory.holds(key >>> 0, keySize >>> 0)) return Status.InvalidMemoryAccess;
    const { context } = vm;
    const map = context.readableMap(type);
    const value = map?.get(canonicalName(type, vm.memory.text(key >>> 0, keySize >>> 0)));
    if (value !== undefined) return vm.giveText(value, pointerCell >>> 0, sizeCell >>> 0);
    if (map === undefined && !context.inLogPhase) return Status.BadArgument;
    return vm.abi01 ? vm.giveText('', pointerCell >>> 0, sizeCell >>> 0) : Status.NotFound;
  },

  proxy_add_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
  ): number {
    const map = writable(vm, type, key, keySize, value, valueSize);
    if (typeof map === 'number') return map;
    const name = canonicalName(type, vm.memory.text(key >>> 0, keySize >>> 0));
    const text = vm.memory.text(value >>> 0, valueSize >>> 0);
    addJoined(map.entries, type, name, text);
    vm.context.headersChanged(type, !isSafe(name, text));
    return Status.Ok;
  },

  proxy_replace_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
  ): number {
    const map = writable(vm, type, key, keySize, value, valueSize);
    if (typeof map === 'number') return map;
    const name = canonicalName(type, vm.memory.text(key >>> 0, keySize >>> 0));
    const text = vm.memory.text(value >>> 0, valueSize >>> 0);
    if (name.charCodeAt(0) === 0x3a) map.entries = replacePseudo(map.entries, name, text);
    else map.set(name, text);
    vm.context.headersChanged(type, !isSafe(name, text));
    return Status.Ok;
  },

  proxy_remove_header_map_value(vm: Vm, type: number, key: number, keySize: number): number {
    const map = writable(vm, type, key, keySize, 0, 0);
    if (typeof map === 'number') return map;
    map.delete(canonicalName(type, vm.memory.text(key >>> 0, keySize >>> 0)));
    vm.context.headersChanged(type, false);
    return Status.Ok;
  },

  proxy_get_header_map_pairs(vm: Vm, type: number, pointerCell: number, sizeCell: number): number {
    if (type >>> 0 > lastType) return Status.BadArgument;
    const map = vm.context.readableMap(type);
    if (map === undefined || map.entries.length === 0) {
      return vm.givePointer(0, 0, pointerCell >>> 0, sizeCell >>> 0);
    }
    const size = pairsSize(map.entries);
    const pointer = vm.allocate(size);
    if (pointer === 0) return Status.InvalidMemoryAccess;
    writePairs(map.entries, vm.memory.bytes, pointer);
    return vm.givePointer(pointer, size, pointerCell >>> 0, sizeCell >>> 0);
  },

  proxy_set_header_map_pairs(vm: Vm, type: number, pointer: number, size: number): number {
    if (type >>> 0 > lastType) return Status.BadArgument;
    if (!vm.memory.holds(pointer >>> 0, size >>> 0)) return Status.InvalidMemoryAccess;
    const map = vm.context.writableMap(type);
    if (map === undefined) return Status.BadArgument;
    const pairs = readPairs(vm.memory.bytes, pointer >>> 0, size >>> 0);
    if (pairs === undefined) vm.report('warn', 'malformed pairs: the guest just erased the whole header map');
    const entries: HeaderEntry[] = [];
    for (const [name, value] of pairs ?? []) addJoined(entries, type, canonicalName(type, name), value);
    map.entries = pseudoFirst(entries);
    vm.context.headersChanged(type, true);
    return Status.Ok;
  },

  /** Bytes, not entries: that is what Envoy answers. */
  proxy_get_header_map_size(vm: Vm, type: number, cell: number): number {
    if (type >>> 0 > lastType) return Status.BadArgument;
    const map = vm.context.writableMap(type);
    if (map === undefined) return Status.BadArgument;
    return vm.memory.setU32(cell >>> 0, map.byteSize()) ? Status.Ok : Status.InvalidMemoryAccess;
  },
} satisfies HostImplementations;

function writable(
  vm: Vm,
  type: number,
  key: number,
  keySize: number,
  value: number,
  valueSize: number,
): NonNullable<ReturnType<Context['writableMap']>> | number {
  if (type >>> 0 > lastType) return Status.BadArgument;
  const { memory } = vm;
  if (!memory.holds(key >>> 0, keySize >>> 0) || !memory.holds(value >>> 0, valueSize >>> 0)) {
    return Status.InvalidMemoryAccess;
  }
  return vm.context.writableMap(type) ?? Status.BadArgument;
}

/** Pseudo headers stay in front; a new one goes behind the others. */
function replacePseudo(entries: readonly HeaderEntry[], name: string, value: string): HeaderEntry[] {
  const rest = entries.filter(entry => entry[0] !== name);
  const at = rest.findIndex(entry => entry[0].charCodeAt(0) !== 0x3a);
  rest.splice(at < 0 ? rest.length : at, 0, [name, value]);
  return rest;
}

function pseudoFirst(entries: HeaderEntry[]): HeaderEntry[] {
  const isPseudo = (entry: HeaderEntry): boolean => entry[0].charCodeAt(0) === 0x3a;
  return [...entries.filter(isPseudo), ...entries.filter(entry => !isPseudo(entry))];
}

/** Headers of a call-out or a local reply as the guest gave them; a malformed block counts as none. */
export function givenHeaders(vm: Vm, pointer: number, size: number): HeaderEntry[] {
  const pairs = readPairs(vm.memory.bytes, pointer, size) ?? [];
  for (const pair of pairs) pair[0] = lowerCase(pair[0]);
  return pairs;
}
