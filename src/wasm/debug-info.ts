/**
 * Takes DWARF out of a module and leaves a pointer to where it went, as tool conventions have it: the custom section
 * `external_debug_info` with a URL. DWARF names code by its offset in the code section, which stays as it is.
 */
import { checkMagic } from './magic.ts';
import { BinaryReader } from './reader.ts';

export interface SplitModule {
  /** Without DWARF; with function names. */
  readonly module: Uint8Array;
  /** All of what was built. A debugger needs code and DWARF of one file. */
  readonly debug: Uint8Array;
}

/**
 * `debugFile`: name under which the debugger finds the other part, relative to the module. Gives undefined when the module
 * has no DWARF. Fails with WASM_INVALID when the bytes are no module.
 */
export function splitDebugInfo(bytes: Uint8Array, debugFile: string): SplitModule | undefined {
  checkMagic(bytes);
  const reader = new BinaryReader(bytes, 8);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  let hasDwarf = false;
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.byte();
    const section = reader.part(reader.u32());
    const name = id === 0 ? section.name() : '';
    const isDwarf = name.startsWith('.debug_');
    hasDwarf ||= isDwarf;
    if (!isDwarf && name !== pointer) kept.push(bytes.subarray(start, section.end));
  }
  if (!hasDwarf) return undefined;
  kept.push(customSection(pointer, sized(utf8.encode(debugFile))));
  return { module: concat(kept), debug: bytes };
}

const pointer = 'external_debug_info';
const utf8 = new TextEncoder();

function customSection(name: string, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(0), sized(concat([sized(utf8.encode(name)), content]))]);
}

/** The bytes behind their number, as LEB128. */
function sized(bytes: Uint8Array): Uint8Array {
  const size: number[] = [];
  let rest = bytes.length;
  do {
    size.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return concat([Uint8Array.from(size), bytes]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
