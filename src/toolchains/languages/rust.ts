/** Rust, built by cargo for wasm32-wasip1 with the installed rustc. Cargo names its folders and files (`cargo metadata`). */
import { dirname, join, relative, resolve } from 'node:path';
import { WasmeError } from '../../errors.ts';
import type { CommandLine } from '../../io/process/exec.ts';
import { explainRust, parseRustDiagnostics } from './rust-messages.ts';
import { foldersAbove, liesOutside } from '../inputs.ts';
import type { CargoMetadata } from '../schema.ts';
import type { BuildPlan, PlanRequest, Probe, FixOption, Toolchain } from '../toolchain.ts';
import { optimizeStep, wasmOptProbes } from '../tools/wasm-opt.ts';

type Package = CargoMetadata['packages'][number];

/** The target's name since Rust 1.78; it was `wasm32-wasi` before. */
const target = 'wasm32-wasip1';
const cdylibHint = 'Cargo.toml needs:  [lib]  crate-type = ["cdylib"]';

const getRust: readonly FixOption[] = [
  {
    has: 'rustup',
    command: { program: 'rustup', args: ['toolchain', 'install', 'stable', '--target', target] },
    text: 'if another toolchain is the default: then "rustup default stable"',
  },
  { has: 'brew', command: { program: 'brew', args: ['install', 'rustup'] } },
  { text: `install Rust with rustup (https://rustup.rs), then "rustup target add ${target}"` },
];

const probes: readonly Probe[] = [
  {
    kind: 'program',
    id: 'cargo',
    title: 'cargo',
    candidates: [{ program: 'cargo', args: ['--version'] }],
    fixes: getRust,
  },
  {
    kind: 'program',
    id: 'rustc',
    title: 'rustc',
    minimum: '1.65.0',
    candidates: [{ program: 'rustc', args: ['--version'] }],
    fixes: getRust,
  },
  {
    kind: 'program',
    id: 'wasi-std',
    title: 'Rust standard library for WASI',
    of: 'rustc',
    // An older rustc knows only the old name, a newer one only the new name: the candidate that it knows succeeds.
    candidates: [target, 'wasm32-wasi'].map(name => ({
      program: 'rustc',
      args: ['--print', 'target-libdir', '--target', name],
    })),
    facts: stdout => stdout.trim(),
    folderHas: 'libcore-*.rlib',
    missingText: `the target ${target} is not installed for this rustc`,
    fixes: [
      { has: 'rustup', command: { program: 'rustup', args: ['target', 'add', target] } },
      { text: `use a Rust from rustup, which has "rustup target add ${target}"` },
    ],
  },
  {
    kind: 'program',
    id: 'cargo-metadata',
    title: 'cargo metadata',
    // The build itself reports a faulty Cargo.toml.
    optional: true,
    ofProject: true,
    candidates: [{ program: 'cargo', args: ['metadata', '--format-version', '1', '--no-deps'] }],
    facts: async stdout => (await import('../schema.ts')).readCargoMetadata(stdout),
    fixes: [],
  },
  {
    kind: 'program',
    id: 'proxy-wasm',
    title: 'proxy-wasm crate',
    // Found from the second build on: the first writes Cargo.lock.
    optional: true,
    ofProject: true,
    candidates: [{ program: 'cargo', args: ['pkgid', '--offline', 'proxy-wasm'] }],
    version: /#(?:proxy-wasm[@:])?(\d+\.\d+\.\d+)/,
    fixes: [],
  },
  ...wasmOptProbes,
];

export const rust: Toolchain = {
  language: 'rust',
  title: 'Rust',
  variants: ['native'],
  containerImage: 'docker.io/library/rust:1',
  projectFile: 'Cargo.toml',
  detect: names => names.includes('Cargo.toml'),
  probes: variant => (variant === 'native' ? probes : []),
  environment: /^(CARGO|RUST)/,
  plan,
  parseDiagnostics: parseRustDiagnostics,
  explain: explainRust,
  conflicts: [
    {
      tools: [
        { id: 'rustc', range: '>=1.96.0' },
        { id: 'proxy-wasm', range: '<0.2.5' },
      ],
      problem:
        'since Rust 1.96 a crate must mark the functions that it imports from the proxy, and this crate does not',
      hint: 'cargo update --package proxy-wasm (0.2.5 or newer)',
    },
  ],
};

/** Overrides the release profile of Cargo.toml. */
const releaseDebugInfo = { CARGO_PROFILE_RELEASE_DEBUG: '2', CARGO_PROFILE_RELEASE_STRIP: 'none' };

function plan(request: PlanRequest): BuildPlan {
  const { projectDir, profile, variant, scratchDir, debugInfo, tools } = request;
  const container = variant === 'container';
  const known = tools['cargo-metadata']?.facts as CargoMetadata | undefined;
  const found = known === undefined ? undefined : findTarget(known.packages, request);
  const triple = targetOf(request);
  const targetDir = container || known === undefined ? join(projectDir, 'target') : known.target_directory;
  const name = (found?.name ?? request.name).replaceAll('-', '_');
  const folder = join(targetDir, triple, profile, ...(found?.isExample ? ['examples'] : []));
  const built = join(folder, `${name}.wasm`);
  const where = ['--target', triple, ...(profile === 'release' ? ['--release'] : [])];
  const example = found?.isExample ? ['--example', found.name] : [];
  const build = {
    program: 'cargo',
    args: ['build', ...where, ...(found === undefined ? [] : ['--package', found.package]), ...example],
    env: {
      // Some CI systems turn on cargo's colours and progress bar, which its messages could not be read with.
      CARGO_TERM_COLOR: 'never',
      CARGO_TERM_PROGRESS_WHEN: 'never',
      ...(debugInfo && profile === 'release' ? releaseDebugInfo : {}),
    },
  };
  const addTarget = { program: 'rustup', args: ['target', 'add', triple] };
  const before = container ? [addTarget] : known === undefined ? [] : forgetOthers(known, where);
  const optimized = optimizeStep(request, built, join(scratchDir, `${name}.opt.wasm`));
  return {
    steps: [...before, build, ...optimized.steps],
    module: optimized.module,
    inputs: [
      'Cargo.{toml,lock}',
      '.cargo/**',
      'rust-toolchain*',
      '**/*.rs',
      '**/Cargo.toml',
      'src/**',
      '!build/**',
      ...(known === undefined ? [targetDir] : resultDirs(known))
        .filter(dir => !liesOutside(dir, projectDir))
        .map(dir => `!${relative(projectDir, dir).replaceAll('\\', '/')}/**`),
      ...(known?.packages ?? []).flatMap(crate => outside(crate, projectDir)),
    ],
    settings: settings(request),
    noModuleHint: cdylibHint,
  };
}

/** Returns the name of the target that this rustc knows, which is in the path of its WASI library. */
function targetOf({ tools }: PlanRequest): string {
  const folder = tools['wasi-std']?.facts as string | undefined;
  return /[\\/]wasm32-wasi[\\/]/.test(folder ?? '') ? 'wasm32-wasi' : target;
}

/**
 * Cleans the workspace's packages in a target folder that several workspaces share: there, cargo would take the results of
 * another workspace for this one's if packages have the same name and the sources are older.
 */
function forgetOthers(known: CargoMetadata, where: readonly string[]): CommandLine[] {
  if (!resultDirs(known).some(dir => liesOutside(dir, known.workspace_root))) return [];
  const packages = known.packages.flatMap(({ name }) => ['--package', name]);
  return [{ program: 'cargo', args: ['clean', '--quiet', ...where, ...packages] }];
}

function resultDirs({ target_directory: target, build_directory: between }: CargoMetadata): string[] {
  return [target, between ?? target];
}

/** A cdylib that cargo builds: the library of a package, or one of its examples. */
interface FilterTarget {
  readonly package: string;
  readonly name: string;
  readonly isExample: boolean;
  readonly sourceFile: string;
}

/**
 * Finds the cdylib that is the filter: the one whose file is build.source; otherwise the library of the package in this folder,
 * or the only one of a workspace; otherwise the only example.
 */
function findTarget(packages: readonly Package[], { projectDir, project }: PlanRequest): FilterTarget {
  const here = packages.filter(one => dirname(one.manifest_path) === projectDir);
  const candidates = here.length > 0 ? here : packages;
  const targets = candidates.flatMap(one =>
    one.targets
      .filter(({ crate_types }) => crate_types.includes('cdylib'))
      .map(({ name, kind, src_path }) => ({
        package: one.name,
        name,
        isExample: kind.includes('example'),
        sourceFile: src_path,
      })),
  );
  const source = project?.build?.source;
  const named = targets.find(({ sourceFile }) => source && sourceFile === resolve(projectDir, source));
  const libraries = targets.filter(({ isExample }) => !isExample);
  const [first, ...others] = named === undefined ? (libraries.length > 0 ? libraries : targets) : [named];
  if (first === undefined) {
    const names = candidates.map(one => one.name).join(', ');
    throw new WasmeError('BUILD_FAILED', `cargo would not build a module: no cdylib library in ${names}`, {
      hint: cdylibHint,
    });
  }
  if (others.length > 0) {
    const names = [first, ...others].map(one => (one.isExample ? `example ${one.name}` : one.package));
    throw new WasmeError('BUILD_FAILED', `${projectDir} has more than one filter: ${names.join(', ')}`, {
      hint: first.isExample
        ? 'set build.source in wasme.json to the file of one example'
        : 'run "wasme build" in the folder of one of them',
    });
  }
  return first;
}

/** Returns the files outside the project that change what cargo builds: rustup's selection and version of Rust, and cargo's settings. */
function settings({ projectDir, tools, env, homeDir }: PlanRequest): string[] {
  const library = tools['wasi-std']?.facts as string | undefined;
  return [
    join(env['RUSTUP_HOME'] ?? join(homeDir, '.rustup'), 'settings.toml'),
    join(env['CARGO_HOME'] ?? join(homeDir, '.cargo'), 'config.toml'),
    ...['rust-toolchain', 'rust-toolchain.toml', '.cargo/config.toml'].flatMap(name =>
      foldersAbove(projectDir).map(folder => join(folder, name)),
    ),
    // rustup updates Rust behind a program whose path and size stay the same.
    ...(library === undefined || library === '' ? [] : [library]),
  ];
}

/** Returns globs of the crates outside the project that a crate depends on by path. */
function outside(crate: Package, projectDir: string): string[] {
  return crate.dependencies
    .map(({ path }) => (path ? relative(projectDir, path).replaceAll('\\', '/') : ''))
    .filter(path => path.startsWith('../'))
    .map(path => `${path}/**/*.{rs,toml}`);
}
