/** Plans of AssemblyScript for projects with and without asconfig.json. */
import { describe, expect, it } from 'vitest';
import { ascArguments, projectProbes } from '../../../../src/toolchains/languages/assemblyscript-project.ts';
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
    asconfig: { id: 'asconfig', title: 'asconfig.json', status: 'found', facts: ['assembly/index.ts'] },
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

describe('the arguments of asc', () => {
  /** Reads the files as the probes do. */
  const args = (
    profile: 'release' | 'debug',
    scripts: Readonly<Record<string, string>>,
    asconfig?: object,
    build?: { source: string },
  ): string => {
    const texts: Record<string, string> = {
      'package.json': JSON.stringify({ scripts }),
      ...(asconfig === undefined ? {} : { 'asconfig.json': JSON.stringify(asconfig) }),
    };
    const tools = Object.fromEntries(
      projectProbes.flatMap(probe => {
        const text = probe.kind === 'file' ? texts[probe.file] : undefined;
        if (probe.kind !== 'file' || text === undefined) return [];
        return [[probe.id, { id: probe.id, title: '', status: 'found' as const, facts: probe.facts(text) }]];
      }),
    );
    const project = build && ({ name: 'f', language: 'assemblyscript', build } as const);
    return ascArguments({ ...request, profile, project, names: Object.keys(texts), tools }).args.join(' ');
  };
  const asinit = {
    'asbuild:debug': 'asc assembly/index.ts --target debug',
    'asbuild:release': 'asc assembly/index.ts --target release',
    asbuild: 'npm run asbuild:debug && npm run asbuild:release',
  };
  const plain = '--optimizeLevel 3 --shrinkLevel 1 --debug --use abort=abort_proc_exit';

  it.each([
    ['entries in asconfig.json', {}, { entries: ['src/a.ts'] }, '--target release'],
    ['neither entries nor scripts', {}, {}, 'assembly/index.ts --target release'],
    ['the scripts of asinit', asinit, {}, 'assembly/index.ts --target release'],
    [
      'another entry and a target of another name',
      { build: 'npx asc src/filter.ts --target optimized --exportRuntime' },
      {},
      'src/filter.ts --exportRuntime --target optimized',
    ],
    [
      'output files in the script',
      {
        build:
          "asc a.ts -o 'build/x.wasm' --textFile build/x.wat --outFile=y.wasm --use abort=abort_proc_exit",
      },
      {},
      'a.ts --use abort=abort_proc_exit --target release',
    ],
    [
      'a transform that ends in .ts and an option with a number',
      { build: 'asc --transform ./t.ts --stackSize 1024 a.ts' },
      {},
      'a.ts --transform ./t.ts --stackSize 1024 --target release',
    ],
    [
      'a script that only a shell can expand',
      { build: 'asc $ENTRY -o x.wasm' },
      {},
      'assembly/index.ts --target release',
    ],
    ['a script that only mentions asc', { lint: 'eslint asc' }, {}, 'assembly/index.ts --target release'],
    [
      'a project of the old wasme, without asconfig.json',
      {
        'asbuild:untouched':
          'asc assembly/index.ts -b build/untouched.wasm --use abort=abort_proc_exit -t build/untouched.wat --sourceMap http://127.0.0.1/x.map --validate --debug',
        'asbuild:optimized':
          'asc assembly/index.ts -b build/optimized.wasm --transform @serial-as/transform -t build/optimized.wat --sourceMap --optimize',
      },
      undefined,
      `assembly/index.ts --transform @serial-as/transform ${plain}`,
    ],
  ])('for a project with %s', (_, scripts, asconfig, expected) => {
    expect(args('release', scripts, asconfig)).toBe(expected);
  });

  it('are those of the script for the profile', () => {
    const scripts = { dev: 'asc assembly/dev.ts', prod: 'asc assembly/index.ts' };
    expect(args('debug', scripts, {})).toBe('assembly/dev.ts --target debug');
    expect(args('release', scripts, {})).toBe('assembly/index.ts --target release');
    expect(args('debug', asinit, {})).toBe('assembly/index.ts --target debug');
  });

  it('name the source in wasme.json instead of the entry in the script', () => {
    expect(args('release', asinit, {}, { source: 'src/main.ts' })).toBe('src/main.ts --target release');
  });

  it('come with the folder of each entry as an input', () => {
    const facts = { id: 'asconfig', title: '', status: 'found', facts: ['src/filter.ts'] } as const;
    expect(ascArguments({ ...request, tools: { asconfig: facts } }).inputs).toContain('src/**');
  });
});
