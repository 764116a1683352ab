/** Filters that import tables and memories of every size, and what keeps a host from loading each. */
import { compileWat } from './guests.ts';

interface StorageModule {
  readonly module: Uint8Array;
  /** Undefined: it loads. */
  readonly refusal: string | undefined;
}

const filter = (imports: string, own = '(memory (export "memory") 1)'): Uint8Array =>
  compileWat(`(module ${imports} ${own} (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024)))`);

const table = (limits: string, refusal?: string): StorageModule => ({
  module: filter(`(import "env" "t" (table ${limits}))`),
  refusal,
});

const memory = (limits: string, refusal?: string): StorageModule => ({
  module: filter(`(import "env" "m" (memory ${limits}))`, ''),
  refusal,
});

const give = 'a host gives 10000000';

/** A table whose elements are exceptions; the text format of the tests cannot write it. */
function exceptionTable(): Uint8Array {
  const code = filter('(import "env" "t" (table 7 funcref))');
  return code.map((byte, at) => (byte === 0x70 && code[at - 1] === 1 && code[at + 2] === 7 ? 0x69 : byte));
}

export const storageModules: Readonly<Record<string, StorageModule>> = {
  'a table that a program would notice in its objects': {
    module: filter('(import "__proto__" "t" (table 1 funcref))'),
    refusal: undefined,
  },
  'a table of 10,000,000 elements': table('10000000 funcref'),
  'a table of one more': table(
    '10000001 funcref',
    `Failed to load Wasm bytecode: the imported table env.t has 10000001 elements, ${give}`,
  ),
  'a table of 4,000,000,000 elements': table(
    '4000000000 funcref',
    `Failed to load Wasm bytecode: the imported table env.t has 4000000000 elements, ${give}`,
  ),
  'a table that may have 10,000,000 elements': table('1 10000000 funcref'),
  'a table that may have one more': table(
    '1 10000001 funcref',
    `Failed to initialize Wasm code: the imported table env.t may have 10000001 elements, ${give}`,
  ),
  'a table that may have 4,294,967,295 elements': table(
    '1 4294967295 funcref',
    `Failed to initialize Wasm code: the imported table env.t may have 4294967295 elements, ${give}`,
  ),
  'a table of external references': table('1 externref'),
  'a table of exceptions': {
    module: exceptionTable(),
    refusal: 'Failed to initialize Wasm code: the imported table env.t has elements of type exnref',
  },
  'two tables': {
    module: filter('(import "env" "a" (table 1 funcref)) (import "env" "b" (table 1 funcref))'),
    refusal: 'Failed to create new Wasm instance: the module imports 2 tables',
  },
  'five tables with the names of functions of Object': {
    module: filter(
      ['keys', 'entries', 'assign', 'freeze', 'defineProperty']
        .map(name => `(import "constructor" "${name}" (table 1 funcref))`)
        .join(' '),
    ),
    refusal: 'Failed to create new Wasm instance: the module imports 5 tables',
  },
  'a memory of no page': memory('0 0'),
  'a memory of 1 GiB': memory('16384'),
  'a memory of one page more': memory(
    '16385',
    'Failed to initialize Wasm code: it wants 16385 pages of memory, hosts give 16384 (1 GiB)',
  ),
  'a memory of 4 GiB': memory(
    '65536',
    'Failed to initialize Wasm code: it wants 65536 pages of memory, hosts give 16384 (1 GiB)',
  ),
  'a memory that may have 4 GiB': memory('1 65536'),
  'a shared memory': memory(
    '1 2 shared',
    'Failed to create new Wasm instance: the imported memory env.m is shared',
  ),
  'a global': {
    module: filter('(import "__proto__" "g" (global (mut i64)))'),
    refusal: 'Failed to load Wasm module due to a missing import: __proto__.g',
  },
  'an exception tag': {
    module: filter('(import "constructor" "e" (tag))'),
    refusal: 'Failed to load Wasm module due to a missing import: constructor.e',
  },
};
