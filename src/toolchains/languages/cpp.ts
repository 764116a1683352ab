/** C++, built by a clang that has a C++ library for WASI, or by the clang from npm: one object file per source, then one link. */
import { basename, join, resolve } from 'node:path';
import { WasmeError } from '../../errors.ts';
import { builtFile, templatesDir } from '../../io/files/paths.ts';
import { cmakeInputs, cmakePlan, cmakeProbe, usesCmake } from './cmake.ts';
import { explainClang, parseClangDiagnostics } from './cpp-messages.ts';
import { liesOutside } from '../inputs.ts';
import type { ClangJob } from '../programs/npm-clang.ts';
import type { BuildPlan, PlanRequest, Probe, Toolchain } from '../toolchain.ts';
import { optimizeStep, wasmOptProbes } from '../tools/wasm-opt.ts';

/** Newest first. The bare name may be any clang, also Apple's, which cannot build WebAssembly. */
const clangNames = ['clang++-22', 'clang++-21', 'clang++-20', 'clang++-19', 'clang++-18', 'clang++'];

/** Two names of one target: Debian's libraries are laid out under the first, those of npm's clang and newer wasi-sdks under the second. */
const targets = ['wasm32-wasi', 'wasm32-wasip1'];

/** The image of wasi-sdk does not put its clang on PATH. */
const containerClang = '/opt/wasi-sdk/bin/clang++';

/** The functions that the proxy calls. An SDK that does not mark them as exports is linked with this list. */
const entryPoints = [
  'malloc',
  ...['proxy_abi_version_0_1_0', 'proxy_abi_version_0_2_0', 'proxy_abi_version_0_2_1'],
  ...['vm_start', 'validate_configuration', 'configure', 'tick', 'queue_ready', 'foreign_function'].map(on),
  ...['context_create', 'done', 'log', 'delete', 'memory_allocate'].map(on),
  ...['new_connection', 'downstream_data', 'upstream_data'].map(on),
  ...['downstream_connection_close', 'upstream_connection_close'].map(on),
  ...['request', 'response'].flatMap(side =>
    ['headers', 'metadata', 'body', 'trailers'].map(part => on(`${side}_${part}`)),
  ),
  ...['http_call_response', 'grpc_receive_initial_metadata', 'grpc_receive'].map(on),
  ...['grpc_receive_trailing_metadata', 'grpc_close'].map(on),
];

const sourceInputs = ['**/*.{cc,cpp,cxx,c,h,hh,hpp,hxx,inc,ipp}', '!test/**', '!build/**'];

const npmHint = 'or, without root: wasme build --toolchain npm --install, about 100 MB';

const clangProbe: Probe = {
  kind: 'program',
  id: 'clang',
  title: 'clang for WASI',
  minimum: '16.0.0',
  // Reads a header of the C++ library, because a clang without one for WASI is of no use; -v prints the version, and
  // the printed macros name the target that works.
  candidates: ['$WASI_SDK_PATH/bin/clang++', ...clangNames].flatMap(program =>
    targets.map(target => ({
      program,
      args: [
        ...['-v', `--target=${target}`, `-DWASME_TARGET=${target}`],
        ...['-E', '-dM', '-include', 'cstddef', '-x', 'c++', '-'],
      ],
    })),
  ),
  version: /clang version (\d+\.\d+\.\d+)/,
  facts: stdout => /#define WASME_TARGET (\S+)/.exec(stdout)?.[1],
  explain: output => explainClang(output)?.message,
  fixes: [
    {
      has: 'apt-get',
      needsRoot: true,
      command: {
        program: 'apt-get',
        args: [
          'install',
          ...['clang-19', 'lld-19', 'wasi-libc', 'libc++-19-dev-wasm32', 'libc++abi-19-dev-wasm32'],
          'libclang-rt-19-dev-wasm32',
        ],
      },
      text: npmHint,
    },
    { text: `install wasi-sdk (https://github.com/WebAssembly/wasi-sdk) and set WASI_SDK_PATH; ${npmHint}` },
  ],
};

const npmProbes: readonly Probe[] = [
  {
    kind: 'program',
    id: 'node',
    title: 'Node',
    candidates: [{ program: 'node', args: ['--version'] }],
    fixes: [{ text: 'install Node 20.19 or newer: https://nodejs.org' }],
  },
  {
    kind: 'package',
    id: 'clang',
    title: 'clang from npm',
    package: '@yowasp/clang',
    from: 'cache',
    fixes: [],
  },
];

export const cpp: Toolchain = {
  language: 'cpp',
  title: 'C++',
  variants: ['native', 'npm'],
  containerImage: 'ghcr.io/webassembly/wasi-sdk:wasi-sdk-25',
  projectFile: 'CMakeLists.txt',
  detect: names => names.includes('CMakeLists.txt') || names.some(isSource),
  probes: variant =>
    variant === 'native'
      ? [clangProbe, cmakeProbe, ...wasmOptProbes]
      : variant === 'npm'
        ? [...npmProbes, ...wasmOptProbes]
        : [],
  environment: /^(CPATH|CPLUS_INCLUDE_PATH|C_INCLUDE_PATH|WASI_SDK_PATH|CXXFLAGS|LDFLAGS|CMAKE_\w+)$/,
  plan,
  parseDiagnostics: parseClangDiagnostics,
  explain: explainClang,
  conflicts: [],
  inputs: () => [...sourceInputs, ...cmakeInputs],
};

function plan(request: PlanRequest): BuildPlan {
  const { project, projectDir, names, variant, scratchDir, name, profile, debugInfo, tools } = request;
  const packaged = join(templatesDir(), 'cpp', 'sdk');
  const own = project?.build?.cpp?.sdk;
  const clang = variant === 'container' ? containerClang : (tools['clang']?.path ?? 'clang++');
  if (usesCmake(request, topSources(names).length > 0 || project?.build?.source !== undefined)) {
    return { ...cmakePlan(request, clang, targetOf(request)), inputs: [...sourceInputs, ...cmakeInputs] };
  }
  const sdk = own ?? (names.includes('sdk') ? 'sdk' : packaged);
  const sources = [...sourcesOf(request), join(sdk, 'proxy_wasm_intrinsics.cc').replaceAll('\\', '/')];
  const built = join(scratchDir, `${name}.wasm`);
  const target = `--target=${targetOf(request)}`;
  const compile = [
    ...[target, '-std=c++20', '-Wall', '-fno-exceptions', '-fdiagnostics-color=never'],
    ...(profile === 'release' ? ['-O2'] : ['-O0']),
    ...(debugInfo ? ['-g'] : []),
    `-I${sdk}`,
  ];
  const link = [
    ...[target, '-mexec-model=reactor'],
    // With the stack first, a stack overflow traps instead of overwriting data.
    ...['-Wl,--stack-first', '-Wl,-z,stack-size=131072'],
    // The libraries have debug information of their own.
    ...(debugInfo ? [] : ['-Wl,--strip-debug']),
    ...(own === undefined ? [] : foreignSdk(packaged)),
  ];
  const optimized = optimizeStep(request, built, join(scratchDir, `${name}.opt.wasm`));
  const inputs = [...sourceInputs, `${sdk}/**`];
  if (variant === 'npm') {
    const job: ClangJob = {
      compile,
      link,
      sources,
      sdk,
      output: built,
      imports: own === undefined ? [] : [importsOf(packaged)],
    };
    const node = tools['node']?.path ?? 'node';
    const packageDir = tools['clang']?.path ?? '';
    const args = [
      '--no-warnings',
      builtFile('src/toolchains/programs/npm-clang'),
      packageDir,
      JSON.stringify(job),
    ];
    const step = { program: node, args };
    return { steps: [step, ...optimized.steps], module: optimized.module, inputs };
  }
  const objects = sources.map((source, index) => join(scratchDir, `${index}-${basename(source)}.o`));
  return {
    steps: [
      ...sources.map((source, index) => ({
        program: clang,
        args: [...compile, '-c', source, '-o', objects[index] ?? ''],
      })),
      // No -O here: clang would run whichever wasm-opt is on PATH, and the module would depend on its version.
      { program: clang, args: [...link, ...objects, '-o', built] },
      ...optimized.steps,
    ],
    independent: sources.length,
    module: optimized.module,
    inputs,
    reads: outside(projectDir, [sdk, ...(own === undefined ? [] : [packaged])]),
  };
}

/** Returns those folders that lie outside the project, as absolute paths. */
function outside(projectDir: string, folders: readonly string[]): readonly string[] {
  return folders.map(folder => resolve(projectDir, folder)).filter(folder => liesOutside(folder, projectDir));
}

function targetOf({ variant, tools }: PlanRequest): string {
  if (variant !== 'native') return 'wasm32-wasip1';
  return (tools['clang']?.facts as string | undefined) ?? 'wasm32-wasi';
}

/** Returns build.source, or all sources at the project's top. */
function sourcesOf({ project, names, projectDir }: PlanRequest): readonly string[] {
  const source = project?.build?.source;
  if (source !== undefined && isSource(source)) return [source];
  const found = source === undefined ? topSources(names) : [];
  if (found.length > 0) return found;
  throw new WasmeError(
    'BUILD_FAILED',
    source === undefined
      ? `no C++ source at the top of ${projectDir}`
      : `build.source is not a C++ file: ${source}`,
    { hint: 'set build.source in wasme.json to the main file, or build.command to your own build' },
  );
}

function topSources(names: readonly string[]): readonly string[] {
  return names.filter(name => isSource(name) && !/[_.-]test\.\w+$/.test(name));
}

function isSource(name: string): boolean {
  return /\.(cc|cpp|cxx)$/.test(name);
}

/** An SDK that leaves imports and exports to the linker, as Emscripten's does, needs lists of both. */
function foreignSdk(packaged: string): string[] {
  return [
    `-Wl,--allow-undefined-file=${importsOf(packaged)}`,
    ...entryPoints.map(name => `-Wl,--export-if-defined=${name}`),
  ];
}

function importsOf(packaged: string): string {
  return join(packaged, 'proxy_wasm.imports');
}

function on(name: string): string {
  return `proxy_on_${name}`;
}
