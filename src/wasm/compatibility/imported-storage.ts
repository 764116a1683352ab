/** Checks whether a host can create the tables and memories that a module imports; Envoy creates them whatever their names are. */
import type { ModuleImport } from '../module.ts';

/** Elements that V8 gives one table; Envoy does not ask for more. */
const maxTableElements = 10_000_000;

export interface StorageFault {
  readonly kind: 'memory' | 'table';
  /** In Envoy's words, then the reason. */
  readonly message: string;
  readonly repair: string;
}

/** Returns why a host cannot make them. Above a table maximum of 2^31 and for other element types Envoy crashes instead. */
export function findStorageFaults(imports: readonly ModuleImport[]): StorageFault[] {
  const faults = imports.map(faultOf).filter(fault => fault !== undefined);
  const tables = imports.filter(({ kind }) => kind === 'table').length;
  if (tables > 1) {
    faults.push({
      kind: 'table',
      message: `Failed to create new Wasm instance: the module imports ${tables} tables`,
      repair: 'Envoy makes one: define the others in the module, or link without --import-table',
    });
  }
  return faults;
}

function faultOf(item: ModuleImport): StorageFault | undefined {
  const { kind } = item;
  if (kind !== 'memory' && kind !== 'table') return undefined;
  const { min, max, shared } = item.limits;
  const fault = (message: string, repair: string): StorageFault => ({ kind, message, repair });
  const name = `${item.module}.${item.name}`;
  if (shared) {
    return fault(
      `Failed to create new Wasm instance: the imported ${kind} ${name} is shared`,
      'a host runs a filter in one thread: build without threads and atomics',
    );
  }
  if (kind === 'memory') return undefined;
  if (min > maxTableElements) {
    return fault(
      `Failed to load Wasm bytecode: the imported table ${name} has ${min} elements, a host gives ${maxTableElements}`,
      'lower the initial size of the table, or define it in the module',
    );
  }
  if (max !== undefined && max > maxTableElements) {
    return fault(
      `Failed to initialize Wasm code: the imported table ${name} may have ${max} elements, a host gives ${maxTableElements}`,
      'lower the maximum of the table or leave it out',
    );
  }
  if (item.element !== 'funcref' && item.element !== 'externref') {
    return fault(
      `Failed to initialize Wasm code: the imported table ${name} has elements of type ${item.element}`,
      'Envoy ends when it makes such a table: import a table of funcref or externref, or define it in the module',
    );
  }
  return undefined;
}
