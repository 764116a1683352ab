/** A project that says itself how it is built: build.command in wasme.json. */
import { join, resolve } from 'node:path';
import type { Toolchain } from './toolchain.ts';

/** The toolchain of the language with its steps replaced; messages are still read as that language's compiler writes them. */
export function customToolchain(base: Toolchain, command: readonly string[], name: string): Toolchain {
  const [program = '', ...args] = command;
  return {
    ...base,
    variants: ['native'],
    knownBad: [],
    probes: () => [],
    plan: ({ projectDir, project }) => ({
      steps: [{ program, args }],
      module: resolve(projectDir, project?.build?.output ?? join('build', `${name}.wasm`)),
      inputs: ['**/*'],
      noModuleHint: 'build.command in wasme.json must write the file that build.output names',
    }),
  };
}
