/** Binaryen's wasm-opt, with which any language's build may end: its probes and its step. */
import { join } from 'node:path';
import { WasmeError } from '../../errors.ts';
import type { CommandLine } from '../../io/process/exec.ts';
import type { PlanRequest, Probe } from '../toolchain.ts';

/** It may be on PATH, or an npm package of the project. */
export const wasmOptProbes: readonly Probe[] = [
  {
    kind: 'program',
    id: 'wasm-opt',
    title: 'wasm-opt',
    optional: true,
    onlyToOptimize: true,
    candidates: [{ program: 'wasm-opt', args: ['--version'] }],
    version: /version (\d+)/,
    fixes: [
      { has: 'brew', command: { program: 'brew', args: ['install', 'binaryen'] } },
      { has: 'apt-get', needsRoot: true, command: { program: 'apt-get', args: ['install', 'binaryen'] } },
      { text: 'npm install --save-dev binaryen (106 MB), or a release of Binaryen' },
    ],
  },
  {
    kind: 'package',
    id: 'binaryen',
    title: 'wasm-opt from npm',
    package: 'binaryen',
    from: 'project',
    optional: true,
    onlyToOptimize: true,
    ofProject: true,
    fixes: [],
  },
];

/** Listed, not detected: modules of older compilers lack the section that names the features they use. */
const features = [
  '--enable-bulk-memory',
  '--enable-sign-ext',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
];

/** Returns the step that optimizes `built`, if that is wanted, and where the module is then. Fails with TOOL_MISSING. */
export function optimizeStep(
  request: PlanRequest,
  built: string,
  output: string,
): { steps: CommandLine[]; module: string } {
  if (!request.optimize) return { steps: [], module: built };
  const { program, args } = wasmOpt(request);
  // Function names are kept. DWARF is not: it would no longer match the code.
  const work = ['-Oz', '-g', '--strip-dwarf', ...features, built, '-o', output];
  return { steps: [{ program, args: [...args, ...work] }], module: output };
}

function wasmOpt({ tools, variant }: PlanRequest): CommandLine {
  const program = tools['wasm-opt'];
  if (program?.status === 'found' && program.path !== undefined) return { program: program.path, args: [] };
  const packaged = tools['binaryen'];
  if (packaged?.status === 'found' && packaged.path !== undefined) {
    return { program: 'node', args: [join(packaged.path, 'bin', 'wasm-opt')] };
  }
  throw new WasmeError(
    'TOOL_MISSING',
    variant === 'container'
      ? 'build.optimize needs wasm-opt, which the image of the container does not have'
      : 'build.optimize needs wasm-opt, which is neither on PATH nor a package of the project',
    {
      hint:
        variant === 'container'
          ? 'remove build.optimize from wasme.json, or build with the tools of this machine'
          : 'run "npm install --save-dev binaryen" in the project, or install Binaryen ("wasme doctor" shows how)',
    },
  );
}
