/** Collects what in a module keeps a host with a given offer from loading it, in the order in which the host meets it. */
import { type AbiHost, callbacksOf, detectAbi, maxMemoryPages } from '../abi.ts';
import { guestEntries } from '../callbacks.ts';
import {
  type AbiVersion,
  envFunctions,
  hostFunctions,
  wasiFunctions,
  wasiModules,
  wasiTiers,
} from '../functions.ts';
import { newestEnvoyMinor, offeredBy } from '../hosts.ts';
import { type FunctionType, type ModuleImport, type ModuleInfo, sameType, showType } from '../module.ts';
import { importHint } from './import-hints.ts';
import { findStorageFaults } from './imported-storage.ts';

/** One thing that a host refuses, or that its user should know. */
export interface Finding {
  /** Stable name. */
  readonly code:
    | 'marker'
    | 'missing-import'
    | 'import-type'
    | 'export-type'
    | 'allocator'
    | 'entry'
    | 'memory'
    | 'table'
    | 'fork';
  readonly level: 'error' | 'warning';
  /** Describes the fault, in Envoy's words where Envoy has some. */
  readonly message: string;
  /** Tells the user what to change, in one line. */
  readonly repair: string;
}

/** Returns all findings for one offer (default: the newest Envoy's); without an error the host loads the module. Pure; never fails. */
export function moduleFindings(
  module: ModuleInfo,
  host: AbiHost = offeredBy({ envoyMinor: newestEnvoyMinor }),
): Finding[] {
  const version = detectAbi(module);
  return [
    ...(version === undefined ? [missingMarker(module)] : []),
    ...module.imports.map(item => judgeImport(item, version, host)).filter(item => item !== undefined),
    ...findStorageFaults(module.imports).map(
      ({ kind, message, repair }): Finding => ({ code: kind, level: 'error', message, repair }),
    ),
    ...judgeExports(module, version, host),
    ...judgeShape(module),
  ];
}

function missingMarker(module: ModuleInfo): Finding {
  const newer = module.exports.find(item => item.name.startsWith('proxy_abi_version_'));
  return {
    code: 'marker',
    level: 'error',
    message: 'Missing or unknown Proxy-Wasm ABI version',
    repair: newer
      ? `the module exports ${newer.name}; hosts know 0.1.0, 0.2.0 and 0.2.1, as functions`
      : 'build it with a Proxy-Wasm SDK, which exports proxy_abi_version_0_2_1; a plain WebAssembly module is not a filter',
  };
}

function judgeImport(
  item: ModuleImport,
  version: AbiVersion | undefined,
  host: AbiHost,
): Finding | undefined {
  const name = `${item.module}.${item.name}`;
  if (item.kind === 'memory' || item.kind === 'table') return undefined;
  if (item.kind !== 'function') return missing(name, `a host gives no ${item.kind}s: link without them`);
  if (host.extraImports?.includes(name)) return undefined;
  const known = offeredType(item.module, item.name, version, host);
  if (typeof known === 'string') return missing(name, known);
  if (sameType(known, item.type)) return undefined;
  return {
    code: 'import-type',
    level: 'error',
    message: `Failed to load Wasm module due to an import type mismatch: ${name}, want: ${showType(item.type)}, but host exports: ${showType(known)}`,
    repair:
      item.name === 'proxy_grpc_call' || item.name === 'proxy_grpc_stream'
        ? 'this SDK declares an old shape of the gRPC calls; use an SDK for ABI 0.2.1, or do not call it'
        : 'declare the function as the host has it, or use an SDK for this ABI version',
  };
}

/** The type a host links, or the reason why it links none. */
function offeredType(
  module: string,
  name: string,
  version: AbiVersion | undefined,
  host: AbiHost,
): FunctionType | string {
  if (module === 'env') {
    const found = hostFunctions.get(name);
    if (found) {
      if (version === undefined || found.abis.includes(version)) return found.type;
      return `it belongs to ABI ${found.abis.join(' and ')}, the module says ${version}; use an SDK that fits`;
    }
    return envFunctions.get(name) ?? importHint(module, name) ?? 'no host has it';
  }
  if (wasiModules.includes(module)) {
    const found = wasiFunctions.get(name);
    if (!found)
      return 'no Envoy has this WASI function: avoid what pulls it in (threads, processes, sockets)';
    if (found.tier <= host.wasiTier) return found.type;
    return `Envoy has it since 1.${wasiTiers[found.tier]}; take a newer Envoy or avoid what pulls it in`;
  }
  return importHint(module, name) ?? `hosts know the import modules env, ${wasiModules.join(' and ')}`;
}

function missing(name: string, repair: string): Finding {
  return {
    code: 'missing-import',
    level: 'error',
    message: `Failed to load Wasm module due to a missing import: ${name}`,
    repair,
  };
}

function judgeExports(module: ModuleInfo, version: AbiVersion | undefined, host: AbiHost): Finding[] {
  const findings: Finding[] = [];
  const found = new Map(module.exports.map(item => [item.name, item]));
  const has = (name: string): boolean => found.get(name)?.kind === 'function';
  const wanted = new Map<string, FunctionType>();
  const look = (name: string): void => void wanted.set(name, guestEntries.get(name) ?? noType);
  if (has('_initialize')) {
    look('_initialize');
    look('main');
    if (host.mainVoid) look('__main_void');
  } else look('_start');
  look('malloc');
  if (!has('malloc')) look('proxy_on_memory_allocate');
  for (const [name, callback] of callbacksOf(version ?? '0.2.1')) wanted.set(name, callback.type);
  for (const [name, type] of wanted) {
    const exported = found.get(name);
    if (!exported?.type || sameType(exported.type, type)) continue;
    findings.push({
      code: 'export-type',
      level: 'error',
      message: `Bad function signature for: ${name}, want: ${showType(type)}, but the module exports: ${showType(exported.type)}`,
      repair: `ABI ${version ?? '0.2.1'} calls it with ${type.params.length} parameters: use an SDK for that version`,
    });
  }
  if (!has('malloc') && !has('proxy_on_memory_allocate')) {
    findings.push({
      code: 'allocator',
      level: 'error',
      message: 'Wasm module is missing malloc function.',
      repair:
        'export malloc or proxy_on_memory_allocate, (size) -> pointer; SDKs do it when linked as a whole',
    });
  }
  if (has('_start') && !has('_initialize')) {
    findings.push({
      code: 'entry',
      level: 'warning',
      message: 'the module is a command (_start), not a reactor (_initialize)',
      repair:
        'build a reactor (Go: -buildmode=c-shared; clang: -mexec-model=reactor): a command often exits at start',
    });
  }
  return findings;
}

const noType: FunctionType = { params: [], results: [] };

function judgeShape(module: ModuleInfo): Finding[] {
  const findings: Finding[] = [];
  const memory = module.memories[0];
  const isImported = module.imports.some(({ kind }) => kind === 'memory');
  if (!memory) {
    findings.push({
      code: 'memory',
      level: 'warning',
      message: 'the module has no memory',
      repair: 'export the memory (wasm-ld does, unless told not to)',
    });
  } else if (memory.min > maxMemoryPages) {
    findings.push({
      code: 'memory',
      level: 'error',
      message: `${isImported ? 'Failed to initialize Wasm code' : 'Failed to create new Wasm instance'}: it wants ${memory.min} pages of memory, hosts give ${maxMemoryPages} (1 GiB)`,
      repair: 'lower --initial-memory',
    });
  }
  return findings;
}
