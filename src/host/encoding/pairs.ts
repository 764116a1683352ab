/** Maps on the wire between host and guest: count, lengths, then zero-terminated names and values. */
import { toByteString } from './bytes.ts';
import type { HeaderEntry } from '../http/header-map.ts';
import { maxPairs, maxPairsBytes } from '../limits.ts';
import type { ByteString } from '../types.ts';

/** Returns the number of bytes that `writePairs` writes. */
export function pairsSize(entries: readonly HeaderEntry[]): number {
  let size = 4;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as HeaderEntry;
    size += 10 + entry[0].length + entry[1].length;
  }
  return size;
}

/** Writes the block at `offset`; the caller made room for `pairsSize(entries)` bytes. */
export function writePairs(entries: readonly HeaderEntry[], target: Uint8Array, offset: number): void {
  let lengths = putU32(target, offset, entries.length);
  let data = lengths + entries.length * 8;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as HeaderEntry;
    lengths = putU32(target, lengths, entry[0].length);
    lengths = putU32(target, lengths, entry[1].length);
    data = putText(target, data, entry[0]);
    data = putText(target, data, entry[1]);
  }
}

export function encodePairs(entries: readonly HeaderEntry[]): Uint8Array {
  const bytes = new Uint8Array(pairsSize(entries));
  writePairs(entries, bytes, 0);
  return bytes;
}

/**
 * Parses a block from the guest. Undefined when it is malformed or over the limits (1 MiB, 1024 pairs), which
 * every host function treats as an empty list.
 */
export function readPairs(bytes: Uint8Array, start: number, size: number): HeaderEntry[] | undefined {
  if (size > maxPairsBytes || size < 4) return undefined;
  const end = start + size;
  const count = getU32(bytes, start);
  if (count > maxPairs || 4 + count * 8 > size) return undefined;
  const entries: HeaderEntry[] = [];
  let lengths = start + 4;
  let at = lengths + count * 8;
  for (let i = 0; i < count; i++) {
    const nameEnd = at + getU32(bytes, lengths);
    if (nameEnd >= end || bytes[nameEnd] !== 0) return undefined;
    const valueEnd = nameEnd + 1 + getU32(bytes, lengths + 4);
    if (valueEnd >= end || bytes[valueEnd] !== 0) return undefined;
    entries.push([toByteString(bytes, at, nameEnd), toByteString(bytes, nameEnd + 1, valueEnd)]);
    lengths += 8;
    at = valueEnd + 1;
  }
  return at === end ? entries : undefined;
}

function putU32(target: Uint8Array, at: number, value: number): number {
  target[at] = value & 0xff;
  target[at + 1] = (value >>> 8) & 0xff;
  target[at + 2] = (value >>> 16) & 0xff;
  target[at + 3] = value >>> 24;
  return at + 4;
}

function putText(target: Uint8Array, at: number, text: ByteString): number {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
  target[at + text.length] = 0;
  return at + text.length + 1;
}

function getU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
