/** Makes of bytes what can be instantiated, once per content: parses, checks, caps the memory, compiles. */
import { WasmeError } from '../../errors.ts';
import { type AbiHost, detectAbi, maxMemoryPages } from '../../wasm/abi.ts';
import { moduleFindings } from '../../wasm/compatibility/module-findings.ts';
import { requireLoadable } from '../../wasm/compatibility/require-loadable.ts';
import type { AbiVersion } from '../../wasm/functions.ts';
import { capMemory } from '../../wasm/memory-cap.ts';
import { type ModuleInfo, parseModule } from '../../wasm/module.ts';
import { sameBytes } from '../encoding/bytes.ts';

/** A compiled filter. It can be posted to a worker, which then does not compile again. */
export interface CompiledFilter {
  readonly bytes: Uint8Array;
  readonly info: ModuleInfo;
  readonly version: AbiVersion;
  readonly module: WebAssembly.Module;
  /** The engine's offsets are this much larger than those in `bytes`, since the memory was capped. */
  readonly offsetShift: number;
}

/**
 * Judges and compiles a module.
 * Fails with WASM_INVALID (no module, damaged, the engine refuses it) or WASM_ABI (a host would not load it; the
 * message is Envoy's, the hint says what to change, `details.findings` has them all).
 */
export async function compileFilter(bytes: Uint8Array, host: AbiHost): Promise<CompiledFilter> {
  const info = parseModule(bytes);
  requireLoadable(moduleFindings(info, host));
  const version = detectAbi(info);
  // Never: the lack of a version is a finding.
  if (version === undefined) throw new WasmeError('INTERNAL', 'a module without ABI version was let through');
  const capped = capMemory(bytes, info, maxMemoryPages);
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(capped);
  } catch (error) {
    throw new WasmeError('WASM_INVALID', `Failed to load Wasm bytecode: ${(error as Error).message}`, {
      hint: 'the engine refused the code: build it again for plain WebAssembly without newer proposals',
      cause: error,
    });
  }
  return { bytes, info, version, module, offsetShift: capped.length - bytes.length };
}

/** Compiles each content once. */
export class CompileCache {
  readonly #entries: { bytes: Uint8Array; filter: Promise<CompiledFilter> }[] = [];

  get(bytes: Uint8Array, host: AbiHost): Promise<CompiledFilter> {
    const found = this.#entries.find(entry => sameBytes(entry.bytes, bytes));
    if (found) return found.filter;
    const filter = compileFilter(bytes, host);
    const entry = { bytes, filter };
    this.#entries.push(entry);
    // What did not compile is tried again: the caller may have another file by then.
    filter.catch(() => this.#entries.splice(this.#entries.indexOf(entry), 1));
    return filter;
  }
}

/** The values for a module's imports. */
export interface LinkedModule {
  readonly imports: WebAssembly.Imports;
  /** The memory that the host made for a module that imports one. */
  readonly memory: WebAssembly.Memory | undefined;
}
