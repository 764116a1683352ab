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

describe('the plan', () => {
  it('is one command of the project’s own compiler', () => {
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

  it('without asconfig.json gives the entry file and the flags, as the old tool’s projects need', () => {
    const [step] = assemblyscript.plan({ ...request, names: ['assembly', 'package.json'] }).steps;
    expect(step?.args).toContain('assembly/index.ts');
    expect(step?.args.join(' ')).toContain('--use abort=abort_proc_exit');
  });

  it('takes another source from wasme.json', () => {
    const project = { name: 'f', language: 'assemblyscript', build: { source: 'src/main.ts' } } as const;
    const plan = assemblyscript.plan({ ...request, project });
    expect(plan.steps[0]?.args).toContain('src/main.ts');
    expect(plan.inputs).toContain('src/main.ts');
  });

  it('a debug build has a source map beside the module', () => {
    expect(assemblyscript.plan({ ...request, profile: 'debug' }).sidecars).toEqual([
      { path: '/p/build/.wasme/release/f.wasm.map', suffix: '.wasm.map' },
    ]);
  });
});

describe('messages of the compiler', () => {
  it('several, with and without a frame', () => {
    const output = [
      "ERROR TS2304: Cannot find name 'confg'.",
      '    :',
      ' 29 │ if (trimmed == "") return confg;',
      '    │                           ~~~~~',
      '    └─ in assembly/config.ts(29,29)',
      '',
      'WARNING AS201: Conversion.',
      '   :',
      ' 1 │ x',
      '   │ ~',
      '   └─ in ~lib/rt/itcms.ts(1,1)',
      '',
      'FAILURE 1 compile error(s)',
    ].join('\n');
    expect(assemblyscript.parseDiagnostics(output)).toEqual([
      {
        file: 'assembly/config.ts',
        line: 29,
        column: 29,
        severity: 'error',
        message: "Cannot find name 'confg'.",
        length: 5,
      },
      {
        file: '~lib/rt/itcms.ts',
        line: 1,
        column: 1,
        severity: 'warning',
        message: 'Conversion.',
        length: 1,
      },
    ]);
  });

  it('text that is none', () => {
    expect(assemblyscript.parseDiagnostics('ERROR something else\n')).toEqual([]);
    expect(assemblyscript.explain('fine')).toBeUndefined();
    expect(assemblyscript.explain('FATAL ERROR: … JavaScript heap out of memory')?.hint).toContain(
      'max-old-space',
    );
  });
});
