/** Projects that are built by a command of their own: build.command in wasme.json. */
import { join, resolve } from 'node:path';
import type { PlanRequest, Toolchain } from '../toolchain.ts';

/** Returns the toolchain of the language with its steps replaced; messages are still read as its compiler writes them. */
export function customToolchain(base: Toolchain, command: readonly string[], name: string): Toolchain {
  const [program = '', ...args] = command;
  return {
    ...base,
    variants: ['native'],
    conflicts: [],
    probes: () => [],
    plan: request => ({
      steps: [{ program, args }],
      module: resolve(request.projectDir, request.project?.build?.output ?? join('build', `${name}.wasm`)),
      inputs: [...sources(base, request), 'Makefile', '*.mk', '*.{sh,js,mjs}', 'wasme.json'],
      noModuleHint: 'build.command in wasme.json must write the file that build.output names',
    }),
  };
}

/** Returns globs of the language's source files: a glob of everything would also match what the command itself writes. */
function sources(base: Toolchain, request: PlanRequest): readonly string[] {
  const { source } = request.project?.build ?? {};
  if (source !== undefined) return [source, `${source}/**`];
  return (
    base.inputs?.() ?? base.plan({ ...request, variant: base.variants[0] ?? 'native', tools: {} }).inputs
  );
}
