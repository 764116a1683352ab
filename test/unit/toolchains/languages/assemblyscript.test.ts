/** Plans of AssemblyScript for projects with and without asconfig.json. */
import { describe, expect, it } from 'vitest';
import { assemblyscript } from '../../../../src/toolchains/languages/assemblyscript.ts';
import type { PlanRequest } from '../../../../src/toolchains/toolchain.ts';

const request: PlanRequest = {
  projectDir: '/p',
  names: ['asconfig.json', 'assembly'],
  project: undefined,
  name: 'f',
  profile: 'release',
  variant: 'npm',
  optimize: false,
  debugInfo: false,
  scratchDir: '/p/build/.wasme/release',
  tools: {
    asc: { id: 'asc', title: 'asc', status: 'found', path: '/p/node_modules/assemblyscript' },
    node: { id: 'node', title: 'Node', status: 'found', path: '/bin/node' },
  },
  env: {},
  platform: 'linux',
  homeDir: '/home/me',
};

describe('the plan of AssemblyScript', () => {
  it('runs the compiler in the project’s packages', () => {
    expect(assemblyscript.plan(request).steps).toEqual([
      {
        program: '/bin/node',
        args: [
          '--enable-source-maps',
          '/p/node_modules/assemblyscript/bin/asc.js',
          ...['--target', 'release', '--outFile', '/p/build/.wasme/release/f.wasm'],
        ],
      },
    ]);
  });

  it('names the entry file and the flags for a project of the old wasme, without asconfig.json', () => {
    const [step] = assemblyscript.plan({ ...request, names: ['assembly', 'package.json'] }).steps;
    expect(step?.args).toContain('assembly/index.ts');
    expect(step?.args.join(' ')).toContain('--use abort=abort_proc_exit');
  });

  it('compiles the file that build.source names', () => {
    const project = { name: 'f', language: 'assemblyscript', build: { source: 'src/main.ts' } } as const;
    const plan = assemblyscript.plan({ ...request, project });
    expect(plan.steps[0]?.args).toContain('src/main.ts');
    expect(plan.inputs).toContain('src/main.ts');
  });

  it('puts a source map beside the module of a debug build', () => {
    expect(assemblyscript.plan({ ...request, profile: 'debug' }).sidecars).toEqual([
      { path: '/p/build/.wasme/release/f.wasm.map', suffix: '.wasm.map' },
    ]);
  });
});
