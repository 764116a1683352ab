/** How large a module is, by section, and whether that is allowed. */
import { WasmeError } from '../errors.ts';
import type { ModuleInfo } from '../wasm/module.ts';

export interface SectionSize {
  readonly name: string;
  readonly bytes: number;
}

/** Largest first; custom sections by their own names. */
export function sectionSizes({ sections }: ModuleInfo): readonly SectionSize[] {
  const sizes = new Map<string, number>();
  for (const { name, start, end } of sections) sizes.set(name, (sizes.get(name) ?? 0) + end - start);
  return [...sizes].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

/** A budget as written in wasme.json, in bytes: 200000, "200 kB", "1.5 MiB". */
export function budgetBytes(budget: number | string): number {
  if (typeof budget === 'number') return budget;
  const [, amount = '0', unit = 'B'] = /^([\d.]+)\s*([a-z]*)$/i.exec(budget) ?? [];
  const factors: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, kib: 1024, mib: 1024 ** 2 };
  return Math.floor(Number(amount) * (factors[unit.toLowerCase()] ?? 1));
}

/** Fails with BUILD_TOO_LARGE and the largest sections. */
export function checkBudget(module: ModuleInfo, budget: number | string | undefined): void {
  if (budget === undefined || module.sizeBytes <= budgetBytes(budget)) return;
  const sections = sectionSizes(module);
  const largest = sections.slice(0, 3).map(({ name, bytes }) => `${name} ${bytes}`);
  throw new WasmeError(
    'BUILD_TOO_LARGE',
    `the module has ${module.sizeBytes} bytes, build.sizeBudget allows ${budgetBytes(budget)} (${budget}); largest sections: ${largest.join(', ')}`,
    {
      // DWARF is not in it: that lies beside every module, and a debug build has no budget.
      hint: 'drop dependencies, set build.optimize in wasme.json (AssemblyScript needs it not), or raise build.sizeBudget',
      details: { sizeBytes: module.sizeBytes, budgetBytes: budgetBytes(budget), sections },
    },
  );
}
