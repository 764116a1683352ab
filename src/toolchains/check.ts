/** Whether a built module is one that hosts load, and within its budget. */
import { WasmeError } from '../errors.ts';
import { type Finding, judgeModule } from '../wasm/abi.ts';
import { isForkedEnvoy, offeredBy, parseHost } from '../wasm/hosts.ts';
import { type ModuleInfo, parseModule } from '../wasm/module.ts';
import { checkBudget } from './size.ts';

export interface CheckOptions {
  /** As in wasme.json; undefined: any size. */
  readonly sizeBudget?: number | string | undefined;
  /** Hosts that have to load it, besides the newest Envoy: `istio@1.30`. */
  readonly hosts?: readonly string[] | undefined;
}

/**
 * Fails with WASM_INVALID, WASM_ABI (every reason a host would have to refuse it) or BUILD_TOO_LARGE; USAGE for a host
 * that does not exist.
 */
export function checkModule(bytes: Uint8Array, { sizeBudget, hosts = [] }: CheckOptions): ModuleInfo {
  const module = parseModule(bytes);
  refuse('hosts', judgeModule(module).findings);
  for (const name of hosts) {
    const host = parseHost(name);
    // No toolchain of today writes the ABI of those; `verify` says so.
    if (!isForkedEnvoy(host)) refuse(host.text, judgeModule(module, offeredBy(host)).findings);
  }
  checkBudget(module, sizeBudget);
  return module;
}

function refuse(who: string, findings: readonly Finding[]): void {
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.length === 0) return;
  const reasons = errors.map(({ message }) => `  ${message}`).join('\n');
  throw new WasmeError('WASM_ABI', `${who} would refuse the module:\n${reasons}`, {
    hint: errors[0]?.repair,
    details: { findings },
  });
}
