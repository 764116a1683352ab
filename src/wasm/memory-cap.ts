/** Lowers how much memory a module may take, in its own bytes: that is how a host keeps a guest from taking more. */
import { WasmeError } from '../errors.ts';
import { type ModuleInfo, type SectionRange, readLimits } from './module.ts';
import { BinaryReader } from './reader.ts';
import { concat, leb128, sectionBytes } from './writer.ts';

const memorySection = 5;

/** The module with the maximum of its memories lowered to `maxPages`; the same array when nothing has to change. */
export function capMemory(bytes: Uint8Array, info: ModuleInfo, maxPages: number): Uint8Array {
  const section = info.sections.find(item => item.id === memorySection);
  if (!section) return bytes;
  const reader = new BinaryReader(bytes, section.start, section.end);
  const count = reader.count();
  const content = [leb128(count)];
  let changed = false;
  for (let left = count; left > 0; left--) {
    const { min, max, shared } = readLimits(reader);
    if (max === undefined || max > maxPages) changed = true;
    const capped = Math.max(min, Math.min(max ?? maxPages, maxPages));
    content.push(Uint8Array.of(shared ? 3 : 1), leb128(min), leb128(capped));
  }
  if (!changed) return bytes;
  return concat([
    bytes.subarray(0, headOf(bytes, section)),
    sectionBytes(memorySection, concat(content)),
    bytes.subarray(section.end),
  ]);
}

/** Offset of the section's id byte: its content starts after the id and a LEB128 size. */
function headOf(bytes: Uint8Array, section: SectionRange): number {
  for (let at = section.start - 2; at >= 8; at--) {
    if (bytes[at] !== section.id) continue;
    const reader = new BinaryReader(bytes, at + 1);
    if (reader.u32() === section.end - section.start && reader.offset === section.start) return at;
  }
  throw new WasmeError(
    'WASM_INVALID',
    'Failed to parse corrupted Wasm module: the memory section has no head',
  );
}
