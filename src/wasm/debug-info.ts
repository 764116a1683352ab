/**
 * Takes DWARF out of a module and leaves a pointer to where it went, as tool conventions have it: the custom section
 * `external_debug_info` with a URL. DWARF names code by its offset in the code section, which stays as it is.
 */
import { checkMagic } from './magic.ts';
import { BinaryReader } from './reader.ts';
import { concat, nameBytes, sectionBytes } from './writer.ts';

export interface SplitModule {
  /** Without DWARF; with function names. */
  readonly module: Uint8Array;
  /** All of what was built. A debugger needs code and DWARF of one file. */
  readonly debug: Uint8Array;
}

/**
 * `debugFile`: name under which the debugger finds the other part, relative to the module. Gives undefined when the module
 * has no DWARF. Fails with WASM_INVALID when the bytes are not a module.
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
  kept.push(sectionBytes(0, concat([nameBytes(pointer), nameBytes(debugFile)])));
  return { module: concat(kept), debug: bytes };
}

const pointer = 'external_debug_info';
