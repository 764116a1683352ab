/** A project that says itself how it is built: build.command in wasme.json. */
import { join, resolve } from 'node:path';
import type { PlanRequest, Toolchain } from '../toolchain.ts';

/** The toolchain of the language with its steps replaced; messages are still read as that language's compiler writes them. */
export function customToolchain(base: Toolchain, command: readonly string[], name: string): Toolchain {
  const [program = '', ...args] = command;
  return {
    ...base,
    variants: ['native'],
    knownBad: [],
    probes: () => [],
    plan: request => ({
      steps: [{ program, args }],
      module: resolve(request.projectDir, request.project?.build?.output ?? join('build', `${name}.wasm`)),
      inputs: [...sources(base, request), 'Makefile', '*.mk', '*.{sh,js,mjs}', 'wasme.json'],
      noModuleHint: 'build.command in wasme.json must write the file that build.output names',
    }),
  };
}

/** The source files of the language; everything below the project would take the command's own products for sources. */
function sources(base: Toolchain, request: PlanRequest): readonly string[] {
  const { source } = request.project?.build ?? {};
  if (source !== undefined) return [source, `${source}/**`];
  return (
    base.inputs?.() ?? base.plan({ ...request, variant: base.variants[0] ?? 'native', tools: {} }).inputs
  );
}
