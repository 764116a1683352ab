/** Binaryen's wasm-opt, which any language's build may end with: how it is found and what it is asked to do. */
import type { CommandLine } from '../io/exec.ts';
import type { PlanRequest, Probe } from './toolchain.ts';

export const wasmOptProbe: Probe = {
  kind: 'program',
  id: 'wasm-opt',
  title: 'wasm-opt',
  optional: true,
  candidates: [{ program: 'wasm-opt', args: ['--version'] }],
  version: /version (\d+)/,
  remedies: [
    { has: 'brew', command: { program: 'brew', args: ['install', 'binaryen'] } },
    { has: 'apt-get', needsRoot: true, command: { program: 'apt-get', args: ['install', 'binaryen'] } },
    { text: 'npm install --save-dev binaryen (106 MB), or a release of Binaryen' },
  ],
};

/** The step after `built` when it was asked for and can be done, and where the module is then. */
export function optimizeStep(
  { optimize, tools }: PlanRequest,
  built: string,
  output: string,
): { steps: CommandLine[]; module: string } {
  const path = tools['wasm-opt']?.path;
  if (!optimize || path === undefined) return { steps: [], module: built };
  // Features are named, not detected: modules of older compilers lack the section that says what they use.
  const features = [
    '--enable-bulk-memory',
    '--enable-sign-ext',
    '--enable-mutable-globals',
    '--enable-nontrapping-float-to-int',
  ];
  return {
    steps: [{ program: path, args: ['-Oz', '-g', ...features, built, '-o', output] }],
    module: output,
  };
}
