/** Reads from a module what a deployment needs: whether the host would load it, and which functions it uses. */
import { callbacksOf, detectAbi } from '../wasm/abi.ts';
import { hostFindings } from '../wasm/compatibility/check-module.ts';
import { requireLoadable } from '../wasm/compatibility/require-loadable.ts';
import { parseHost } from '../wasm/hosts.ts';
import { parseNamedModule } from '../wasm/module.ts';
import type { ModuleSummary } from './intent.ts';

/**
 * Reads a module. `host` is what it will run in, as `envoy@1.36`; undefined: no host checks it. Fails with WASM_INVALID when it is none (components
 * too) and with WASM_ABI when that host would refuse it.
 */
export function readModule(bytes: Uint8Array, label: string, host: string | undefined): ModuleSummary {
  const module = parseNamedModule(bytes, label);
  if (host !== undefined) requireLoadable(hostFindings(module, parseHost(host)), { host, name: label });
  const version = detectAbi(module);
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
