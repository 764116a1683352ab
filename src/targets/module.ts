/** What a deployment has to know of the module itself: would the host load it, and which functions does it use. */
import { WasmeError } from '../errors.ts';
import { callbacksOf, checkModuleAbi } from '../wasm/abi.ts';
import { offeredBy, parseHost } from '../wasm/hosts.ts';
import { parseNamedModule } from '../wasm/module.ts';
import type { ModuleSummary } from './intent.ts';

/**
 * Reads a module. `host` is what it will run in, as `envoy@1.36`; undefined: nobody judges. Fails with WASM_INVALID when it is none (components
 * too) and with WASM_ABI when that host would refuse it.
 */
export function readModule(bytes: Uint8Array, label: string, host: string | undefined): ModuleSummary {
  const module = parseNamedModule(bytes, label);
  const { version, findings } = checkModuleAbi(module, offeredBy(parseHost(host ?? 'envoy')));
  const faults = findings.filter(({ level }) => level === 'error');
  if (host !== undefined && (version === undefined || faults.length > 0)) {
    throw new WasmeError(
      'WASM_ABI',
      `${host} would not load ${label}: ${faults.map(fault => fault.message).join('; ')}`,
      {
        hint: faults[0]?.repair,
        details: { findings },
      },
    );
  }
  const callbacks = callbacksOf(version ?? '0.2.1');
  const imports = module.imports.filter(
    item =>
      item.kind === 'function' && /^proxy_|^wasi_/.test(item.module === 'env' ? item.name : item.module),
  );
  return {
    abi: version ?? '',
    hostFunctions: [...new Set(imports.map(({ name }) => name))].sort(),
    callbacks: module.exports
      .filter(({ kind, name }) => kind === 'function' && callbacks.has(name))
      .map(({ name }) => name)
      .sort(),
  };
}
