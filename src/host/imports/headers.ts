/** Host functions for header maps. Bytes are never decoded; names are compared in lower case. */
import type { HeaderEntry, HeaderMap } from '../http/header-map.ts';
import { canonicalName, lowerCase } from '../http/header-rules.ts';
import { addJoined } from '../http/inline-headers.ts';
import { isSafe } from '../http/message-validity.ts';
import { pairsSize, readPairs, writePairs } from '../encoding/pairs.ts';
import { MapType, Status } from '../status.ts';
import type { ByteString } from '../types.ts';
import type { Vm } from '../vm/vm.ts';
import type { HostImplementations } from './implementation.ts';

const isMapType = (type: number): boolean => type >= 0 && type <= MapType.CallResponseTrailers;

export const headerFunctions = {
  /**
   * Gives the guest the first value of a header.
   *
   * In: `type` is a MapType; `key`, `keySize` hold the name, which is compared in lower case.
   * Out: a block with the value, its address in `pointerCell` (u32), its size in `sizeCell` (u32); an empty value is 0, 0.
   * Returns BadArgument for an unknown type, and for a map that does not exist in this callback unless it is
   * `proxy_on_log`; InvalidMemoryAccess for ranges outside memory; NotFound when the map has no such name (in 0.1.0: Ok and
   * an empty value); else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_header_map_value
   */
  proxy_get_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    pointerCell: number,
    sizeCell: number,
  ): number {
    if (!isMapType(type)) return Status.BadArgument;
    if (!vm.memory.holds(key, keySize)) return Status.InvalidMemoryAccess;
    const { context } = vm;
    const map = context.readableMap(type);
    const value = map?.get(canonicalName(type, vm.memory.text(key, keySize)));
    if (value !== undefined) return vm.giveText(value, pointerCell, sizeCell);
    if (map === undefined && !context.inLogPhase) return Status.BadArgument;
    return vm.abi01 ? vm.giveText('', pointerCell, sizeCell) : Status.NotFound;
  },

  /**
   * Adds a header. Where Envoy joins a repeated name (`user-agent`, `accept` …), the value is appended to the present one
   * with a comma.
   *
   * In: `type` is a MapType; `key`, `keySize` hold the name, stored in lower case; `value`, `valueSize` hold the value,
   * bytes that are not checked.
   * Returns BadArgument for an unknown type, and for a map that cannot be changed in this callback; InvalidMemoryAccess for
   * ranges outside memory; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_add_header_map_value
   */
  proxy_add_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
  ): number {
    return changeHeader(vm, type, key, keySize, value, valueSize, addHeader);
  },

  /**
   * Replaces all headers of a name by one at the end of the map, or behind the last pseudo header for a pseudo header; adds
   * it when there is none.
   *
   * In: `type` is a MapType; `key`, `keySize` hold the name, stored in lower case; `value`, `valueSize` hold the value,
   * bytes that are not checked.
   * Returns BadArgument for an unknown type, and for a map that cannot be changed in this callback; InvalidMemoryAccess for
   * ranges outside memory; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_replace_header_map_value
   */
  proxy_replace_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
  ): number {
    return changeHeader(vm, type, key, keySize, value, valueSize, replaceHeader);
  },

  /**
   * Removes all headers of a name.
   *
   * In: `type` is a MapType; `key`, `keySize` hold the name, which is compared in lower case.
   * Returns BadArgument for an unknown type, and for a map that cannot be changed in this callback; InvalidMemoryAccess for
   * a name outside memory; else Ok, also when there is no such header.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_remove_header_map_value
   */
  proxy_remove_header_map_value(vm: Vm, type: number, key: number, keySize: number): number {
    const map = writable(vm, type, key, keySize, 0, 0);
    if (typeof map === 'number') return map;
    map.delete(canonicalName(type, vm.memory.text(key, keySize)));
    vm.context.headersChanged(type, false);
    return Status.Ok;
  },

  /**
   * Gives the guest a whole map.
   *
   * In: `type` is a MapType.
   * Out: a block with serialized pairs (their number, their lengths, then names and values, each ended by a zero byte; see
   * encoding/pairs.ts), its address in `pointerCell` (u32), its size in `sizeCell` (u32); 0, 0 for an empty map and for one
   * that does not exist in this callback.
   * Returns BadArgument for an unknown type; InvalidMemoryAccess for cells outside memory, or when the guest's allocator
   * gives no block; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_header_map_pairs
   */
  proxy_get_header_map_pairs(vm: Vm, type: number, pointerCell: number, sizeCell: number): number {
    if (!isMapType(type)) return Status.BadArgument;
    const map = vm.context.readableMap(type);
    if (map === undefined || map.entries.length === 0) {
      return vm.givePointer(0, 0, pointerCell, sizeCell);
    }
    const size = pairsSize(map.entries);
    const pointer = vm.allocate(size);
    if (pointer === 0) return Status.InvalidMemoryAccess;
    writePairs(map.entries, vm.memory.bytes, pointer);
    return vm.givePointer(pointer, size, pointerCell, sizeCell);
  },

  /**
   * Replaces a whole map, pseudo headers included.
   *
   * In: `type` is a MapType; `pointer`, `size` hold serialized pairs. A malformed block, more than 1 MiB or more than 1024
   * pairs count as none: the map is empty then.
   * Returns BadArgument for an unknown type, and for a map that cannot be changed in this callback; InvalidMemoryAccess for
   * a block outside memory; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_set_header_map_pairs
   */
  proxy_set_header_map_pairs(vm: Vm, type: number, pointer: number, size: number): number {
    if (!isMapType(type)) return Status.BadArgument;
    if (!vm.memory.holds(pointer, size)) return Status.InvalidMemoryAccess;
    const map = vm.context.writableMap(type);
    if (map === undefined) return Status.BadArgument;
    const pairs = parsePairs(vm, pointer, size);
    if (pairs === undefined) vm.report('warn', 'malformed pairs: the guest just erased the whole header map');
    const entries: HeaderEntry[] = [];
    for (const [name, value] of pairs ?? []) addJoined(entries, type, canonicalName(type, name), value);
    map.entries = pseudoFirst(entries);
    vm.context.headersChanged(type, true);
    return Status.Ok;
  },

  /**
   * Tells the guest the size of a map: the bytes of all names and values, which is Envoy's answer, not the number of
   * headers.
   *
   * In: `type` is a MapType.
   * Out: `cell` gets the size as a u32.
   * Returns BadArgument for an unknown type, and for a map that cannot be changed in this callback; InvalidMemoryAccess for
   * a cell outside memory; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_header_map_size
   */
  proxy_get_header_map_size(vm: Vm, type: number, cell: number): number {
    if (!isMapType(type)) return Status.BadArgument;
    const map = vm.context.writableMap(type);
    if (map === undefined) return Status.BadArgument;
    return vm.memory.setU32(cell, map.byteSize()) ? Status.Ok : Status.InvalidMemoryAccess;
  },
} satisfies HostImplementations;

type HeaderChange = (map: HeaderMap, type: number, name: ByteString, value: ByteString) => void;

const addHeader: HeaderChange = (map, type, name, value) => addJoined(map.entries, type, name, value);

const replaceHeader: HeaderChange = (map, _type, name, value) => {
  if (name.charCodeAt(0) === 0x3a) map.entries = replacePseudo(map.entries, name, value);
  else map.set(name, value);
};

function changeHeader(
  vm: Vm,
  type: number,
  key: number,
  keySize: number,
  value: number,
  valueSize: number,
  change: HeaderChange,
): number {
  const map = writable(vm, type, key, keySize, value, valueSize);
  if (typeof map === 'number') return map;
  const name = canonicalName(type, vm.memory.text(key, keySize));
  const text = vm.memory.text(value, valueSize);
  change(map, type, name, text);
  vm.context.headersChanged(type, !isSafe(name, text));
  return Status.Ok;
}

/** Returns the map to change, or the status that says why there is none. */
function writable(
  vm: Vm,
  type: number,
  key: number,
  keySize: number,
  value: number,
  valueSize: number,
): HeaderMap | number {
  if (!isMapType(type)) return Status.BadArgument;
  const { memory } = vm;
  if (!memory.holds(key, keySize) || !memory.holds(value, valueSize)) {
    return Status.InvalidMemoryAccess;
  }
  return vm.context.writableMap(type) ?? Status.BadArgument;
}

/** Returns the entries with a pseudo header replaced; pseudo headers stay in front, a new one goes behind the others. */
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

function parsePairs(vm: Vm, pointer: number, size: number): HeaderEntry[] | undefined {
  return readPairs(vm.memory.bytes, pointer >>> 0, size >>> 0);
}

/** Returns the headers of a call-out or a local reply as the guest gave them; a malformed block counts as none. */
export function givenHeaders(vm: Vm, pointer: number, size: number): HeaderEntry[] {
  const pairs = parsePairs(vm, pointer, size) ?? [];
  for (const pair of pairs) pair[0] = lowerCase(pair[0]);
  return pairs;
}
