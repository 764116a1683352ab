/** AssemblyScript, built by the compiler in the project's own npm packages. */
import { join } from 'node:path';
import { builtFile } from '../../io/files/paths.ts';
import { ascArguments, projectProbes } from './assemblyscript-project.ts';
import { foldersAbove } from '../inputs.ts';
import type {
  Explanation,
  BuildPlan,
  Diagnostic,
  PlanRequest,
  Probe,
  FixOption,
  Toolchain,
} from '../toolchain.ts';

/** The compiler is a dev dependency, which npm omits with NODE_ENV=production. */
const npmInstall: readonly FixOption[] = [
  { command: { program: 'npm', args: ['install', '--include=dev'] } },
];
const getNode: readonly FixOption[] = [
  { has: 'brew', command: { program: 'brew', args: ['install', 'node'] } },
  { text: 'install Node 20.19 or newer: https://nodejs.org' },
];

const probes: readonly Probe[] = [
  {
    kind: 'program',
    id: 'node',
    title: 'Node',
    minimum: '20.19.0',
    candidates: [{ program: 'node', args: ['--version'] }],
    fixes: getNode,
  },
  {
    kind: 'package',
    id: 'asc',
    title: 'AssemblyScript compiler',
    package: 'assemblyscript',
    from: 'project',
    minimum: '0.20.0',
    fixes: npmInstall,
  },
  {
    kind: 'package',
    id: 'sdk',
    title: 'Proxy-Wasm SDK for AssemblyScript',
    package: '@gcoredev/proxy-wasm-sdk-as',
    from: 'project',
    optional: true,
    fixes: npmInstall,
  },
];

export const assemblyscript: Toolchain = {
  language: 'assemblyscript',
  title: 'AssemblyScript',
  variants: ['npm'],
  containerImage: 'docker.io/library/node:22',
  projectFile: 'asconfig.json',
  detect: names =>
    names.includes('asconfig.json') || (names.includes('assembly') && names.includes('package.json')),
  probes: variant => (variant === 'npm' ? [...probes, ...projectProbes] : projectProbes),
  environment: /^NODE_OPTIONS$/,
  plan,
  parseDiagnostics,
  explain,
  conflicts: [
    {
      tools: [
        { id: 'sdk', range: '>=1.0.0' },
        { id: 'asc', range: '<0.27.0' },
      ],
      problem: 'this SDK is written for AssemblyScript 0.27 and newer',
      hint: 'npm install --save-dev assemblyscript@0.28',
    },
  ],
};

function plan(request: PlanRequest): BuildPlan {
  const { name, profile, scratchDir, tools, projectDir } = request;
  const packageDir = tools['asc']?.path ?? join(projectDir, 'node_modules', 'assemblyscript');
  const node = tools['node']?.path ?? 'node';
  const module = join(scratchDir, `${name}.wasm`);
  const asc = ascArguments(request);
  const args = [...asc.args, '--outFile', module];
  return {
    // With this flag the compiler does not start Node a second time.
    steps: [{ program: node, args: ['--enable-source-maps', join(packageDir, 'bin', 'asc.js'), ...args] }],
    module,
    sidecars: profile === 'debug' ? [{ path: `${module}.map`, suffix: '.wasm.map' }] : [],
    inputs: [
      ...asc.inputs,
      'asconfig.json',
      'package.json',
      'package-lock.json',
      'node_modules/.package-lock.json',
    ],
    // In a monorepo, the packages lie above the project.
    settings: foldersAbove(projectDir).map(folder => join(folder, 'node_modules', '.package-lock.json')),
    noModuleHint: 'check "entries" and "noEmit" in asconfig.json',
    server: {
      program: node,
      args: ['--enable-source-maps', builtFile('src/toolchains/programs/asc-server'), packageDir, ...args],
    },
  };
}

/** Reads asc's form: `ERROR TS2304: text`, a frame with the line and `~~~`, then `└─ in file(line,column)`. */
function parseDiagnostics(output: string): Diagnostic[] {
  const pattern =
    /^(ERROR|WARNING) (?:TS|AS)\d+: (.+)\n(?:[^\n]*[:│][^\n]*\n)*?(?:[^\n]*?│ *(~+)[^\n]*\n)?[^\n]*└─ in (.+)\((\d+),(\d+)\)/gm;
  return [...output.matchAll(pattern)].map(match => {
    const [, severity, message = '', underline, file = '', line, column] = match;
    return {
      file,
      line: Number(line),
      column: Number(column),
      severity: severity === 'WARNING' ? 'warning' : 'error',
      message,
      ...(underline === undefined ? {} : { length: underline.length }),
    };
  });
}

function explain(output: string): Explanation | undefined {
  return known.find(([pattern]) => pattern.test(output))?.[1];
}

const known: readonly (readonly [RegExp, Explanation])[] = [
  [
    /TS6054: File '~lib\/(?:@gcoredev|@assemblyscript)|Cannot find module .*assemblyscript|ERR_MODULE_NOT_FOUND/,
    {
      code: 'TOOL_MISSING',
      message: 'packages of the project are not installed',
      hint: 'run "npm install --include=dev"',
    },
  ],
  [
    /heap out of memory/,
    {
      message: 'the compiler ran out of memory',
      hint: 'set NODE_OPTIONS=--max-old-space-size=4096 and build again',
    },
  ],
];
