/** The sections of a WebAssembly binary that decide whether a host can run it: types, imports, exports, memories, names. */
import { WasmeError } from '../errors.ts';
import { checkMagic } from './magic.ts';
import { checkSectionOrder } from './section-order.ts';
import { BinaryReader } from './reader.ts';

export type ValueType =
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128'
  | 'funcref'
  | 'externref'
  | 'exnref'
  | 'unknown';

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Sizes in pages of 64 KiB. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
  readonly shared: boolean;
}

export type ModuleImport =
  | {
      readonly kind: 'function';
      readonly module: string;
      readonly name: string;
      readonly type: FunctionType;
    }
  | { readonly kind: 'memory'; readonly module: string; readonly name: string; readonly limits: Limits }
  | {
      readonly kind: 'table';
      readonly module: string;
      readonly name: string;
      readonly element: ValueType;
      readonly limits: Limits;
    }
  | { readonly kind: 'global' | 'tag'; readonly module: string; readonly name: string };

export interface ModuleExport {
  readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
  readonly name: string;
  readonly index: number;
  /** Functions only. */
  readonly type: FunctionType | undefined;
}

export interface CustomSection {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface SectionRange {
  readonly id: number;
  readonly name: string;
  /** Byte range of the content in the file; the section's own header is in front of `start`. */
  readonly start: number;
  readonly end: number;
}

export interface ModuleInfo {
  readonly sizeBytes: number;
  readonly imports: readonly ModuleImport[];
  /** In export-section order, which decides between two ABI markers. */
  readonly exports: readonly ModuleExport[];
  readonly memories: readonly Limits[];
  readonly customSections: readonly CustomSection[];
  readonly sections: readonly SectionRange[];
  /** Index of the start function. */
  readonly start: number | undefined;
  readonly functionCount: number;
}

const sectionNames = [
  'custom',
  'type',
  'import',
  'function',
  'table',
  'memory',
  'global',
  'export',
  'start',
  'element',
  'code',
  'data',
  'data count',
  'tag',
];

const valueTypes: Readonly<Record<number, ValueType>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x70: 'funcref',
  0x6f: 'externref',
  0x69: 'exnref',
};

const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const;

/**
 * Reads the sections of a module. Code is not looked at: that is the engine's work.
 * Fails with WASM_INVALID when the bytes are not a module (version 1), are truncated, or contradict themselves.
 */
export function parseModule(bytes: Uint8Array): ModuleInfo {
  checkMagic(bytes);
  const reader = new BinaryReader(bytes, 8);
  const types: FunctionType[] = [];
  const imports: ModuleImport[] = [];
  const functionTypes: FunctionType[] = [];
  const rawExports: { kind: ModuleExport['kind']; name: string; index: number }[] = [];
  const memories: Limits[] = [];
  const customSections: CustomSection[] = [];
  const sections: SectionRange[] = [];
  let start: number | undefined;
  const typeAt = (index: number): FunctionType => types[index] ?? reader.fail(`type ${index} does not exist`);

  while (!reader.done) {
    const id = reader.byte();
    const section = reader.part(reader.u32());
    let name = sectionNames[id] ?? section.fail(`section ${id} is unknown`);
    const contentStart = section.offset;
    if (id === 0) {
      name = section.name();
      // Envoy reads the first name section only.
      if (name === 'name' && !customSections.some(other => other.name === 'name'))
        checkFunctionNames(section);
      customSections.push({ name, bytes: section.slice(section.end - section.offset) });
    } else if (id === 1) readTypes(section, types);
    else if (id === 2) {
      for (let left = section.count(); left > 0; left--) {
        const item = readImport(section, typeAt);
        imports.push(item);
        if (item.kind === 'function') functionTypes.push(item.type);
        if (item.kind === 'memory') memories.push(item.limits);
      }
    } else if (id === 3) {
      for (let left = section.count(); left > 0; left--) functionTypes.push(typeAt(section.u32()));
    } else if (id === 5) {
      for (let left = section.count(); left > 0; left--) memories.push(readLimits(section));
    } else if (id === 7) {
      for (let left = section.count(); left > 0; left--) {
        const exportName = section.name();
        const kind = kinds[section.byte()] ?? section.fail('unknown kind of export');
        rawExports.push({ kind, name: exportName, index: section.u32() });
      }
    } else if (id === 8) start = section.u32();
    sections.push({ id, name, start: contentStart, end: section.end });
  }
  checkSectionOrder(sections);
  return {
    sizeBytes: bytes.length,
    imports,
    exports: rawExports.map(item => ({
      ...item,
      type:
        item.kind === 'function'
          ? (functionTypes[item.index] ?? reader.fail(`exported function ${item.index} does not exist`))
          : undefined,
    })),
    memories,
    customSections,
    sections,
    start,
    functionCount: functionTypes.length,
  };
}

/** Reads the function names, without which Envoy refuses a module that has a name section. Leaves `section` where it is. */
function checkFunctionNames(section: BinaryReader): void {
  const reader = new BinaryReader(section.bytes, section.offset, section.end);
  while (!reader.done) {
    const id = reader.byte();
    const names = reader.part(reader.u32());
    if (id !== 1) continue;
    for (let left = names.count(); left > 0; left--) {
      names.u32();
      names.slice(names.u32());
    }
  }
}

/** `parseModule`, whose failure says which module it was. */
export function parseNamedModule(bytes: Uint8Array, name: string): ModuleInfo {
  try {
    return parseModule(bytes);
  } catch (error) {
    if (!(error instanceof WasmeError) || error.code !== 'WASM_INVALID') throw error;
    throw new WasmeError(error.code, `${name}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

/** `i32 i64 -> i32`; an empty list is `void`. As Envoy prints types in its messages. */
export function showType(type: FunctionType): string {
  const list = (types: readonly ValueType[]): string => (types.length === 0 ? 'void' : types.join(' '));
  return `${list(type.params)} -> ${list(type.results)}`;
}

export function sameType(left: FunctionType, right: FunctionType): boolean {
  return showType(left) === showType(right);
}

function readTypes(section: BinaryReader, types: FunctionType[]): void {
  for (let left = section.count(); left > 0; left--) {
    if (section.byte() !== 0x60) section.fail('only function types are understood');
    types.push({ params: readValueTypes(section), results: readValueTypes(section) });
  }
}

function readValueTypes(section: BinaryReader): ValueType[] {
  const list: ValueType[] = [];
  for (let left = section.count(); left > 0; left--) list.push(readValueType(section));
  return list;
}

function readValueType(section: BinaryReader): ValueType {
  const code = section.byte();
  if (code === 0x63 || code === 0x64) section.skipLeb();
  return valueTypes[code] ?? 'unknown';
}

function readImport(section: BinaryReader, typeAt: (index: number) => FunctionType): ModuleImport {
  const module = section.name();
  const name = section.name();
  const kind = kinds[section.byte()] ?? section.fail('unknown kind of import');
  switch (kind) {
    case 'function':
      return { kind, module, name, type: typeAt(section.u32()) };
    case 'memory':
      return { kind, module, name, limits: readLimits(section) };
    case 'table':
      return { kind, module, name, element: readValueType(section), limits: readLimits(section) };
    case 'global':
      readValueType(section);
      section.byte();
      return { kind, module, name };
    case 'tag':
      section.byte();
      section.u32();
      return { kind, module, name };
  }
}

/** Of a memory or a table. */
export function readLimits(section: BinaryReader): Limits {
  const flags = section.byte();
  if (flags > 3) section.fail(`memory or table flags ${flags} are not understood (64-bit memory?)`);
  const min = section.u32();
  return { min, max: (flags & 1) === 0 ? undefined : section.u32(), shared: (flags & 2) !== 0 };
}
