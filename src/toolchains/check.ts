/** Judges a built module: whether hosts load it, and whether its size is within the budget. */
import { WasmeError } from '../errors.ts';
import { hostFindings } from '../wasm/compatibility/check-module.ts';
import { requireLoadable } from '../wasm/compatibility/require-loadable.ts';
import { isForkedEnvoy, parseHost } from '../wasm/hosts.ts';
import { type ModuleInfo, parseModule } from '../wasm/module.ts';

export interface CheckOptions {
  /** As in wasme.json; undefined: any size. */
  readonly sizeBudget?: number | string | undefined;
  /** Hosts that must be able to load the module, besides the newest Envoy: `istio@1.30`. */
  readonly hosts?: readonly string[] | undefined;
}

export interface SectionSize {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Fails with WASM_INVALID, WASM_ABI (with every reason a host has to refuse the module) or BUILD_TOO_LARGE; USAGE for a
 * host that does not exist.
 */
export function checkModule(bytes: Uint8Array, { sizeBudget, hosts = [] }: CheckOptions): ModuleInfo {
  const module = parseModule(bytes);
  for (const name of new Set(['envoy', ...hosts])) {
    const host = parseHost(name);
    // No current toolchain targets the ABI of forked Envoys; `verify` reports that.
    if (isForkedEnvoy(host)) continue;
    requireLoadable(hostFindings(module, host), { host: host.text, name: 'the module' });
  }
  checkBudget(module, sizeBudget);
  return module;
}

/** Returns the size of each section, largest first; custom sections have their own names. */
export function sectionSizes({ sections }: ModuleInfo): readonly SectionSize[] {
  const sizes = new Map<string, number>();
  for (const { name, start, end } of sections) sizes.set(name, (sizes.get(name) ?? 0) + end - start);
  return [...sizes].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

/** Converts a budget as written in wasme.json to bytes: 200000, "200 kB", "1.5 MiB". */
export function budgetBytes(budget: number | string): number {
  if (typeof budget === 'number') return budget;
  const [, amount = '0', unit = 'B'] = /^([\d.]+)\s*([a-z]*)$/i.exec(budget) ?? [];
  const factors: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, kib: 1024, mib: 1024 ** 2 };
  return Math.floor(Number(amount) * (factors[unit.toLowerCase()] ?? 1));
}

/** Fails with BUILD_TOO_LARGE, which names the largest sections. */
function checkBudget(module: ModuleInfo, budget: number | string | undefined): void {
  if (budget === undefined || module.sizeBytes <= budgetBytes(budget)) return;
  const sections = sectionSizes(module);
  const largest = sections.slice(0, 3).map(({ name, bytes }) => `${name} ${bytes}`);
  throw new WasmeError(
    'BUILD_TOO_LARGE',
    `the module has ${module.sizeBytes} bytes, build.sizeBudget allows ${budgetBytes(budget)} (${budget}); largest sections: ${largest.join(', ')}`,
    {
      // Debug information is not counted: it lies beside the module, and debug builds have no budget.
      hint: 'drop dependencies, set build.optimize in wasme.json (AssemblyScript does not need it), or raise build.sizeBudget',
      details: { sizeBytes: module.sizeBytes, budgetBytes: budgetBytes(budget), sections },
    },
  );
}
