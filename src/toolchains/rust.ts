/** Rust: cargo for wasm32-wasip1, with whichever rustc the person has. Cargo says where its results lie and what they are called. */
import { dirname, join, relative } from 'node:path';
import type { z } from 'zod';
import { WasmeError } from '../errors.ts';
import { cargoMetadataSchema } from './schema.ts';
import type { Advice, BuildPlan, Diagnostic, PlanRequest, Probe, Remedy, Toolchain } from './toolchain.ts';
import { optimizeStep, wasmOptProbe } from './wasm-opt.ts';

type Package = z.infer<typeof cargoMetadataSchema>['packages'][number];

/** The name since Rust 1.78; `wasm32-wasi` meant the same before. */
const target = 'wasm32-wasip1';
const cdylibHint = 'Cargo.toml needs:  [lib]  crate-type = ["cdylib"]';

const getRust: readonly Remedy[] = [
  { has: 'rustup', command: { program: 'rustup', args: ['toolchain', 'install', 'stable'] } },
  { has: 'brew', command: { program: 'brew', args: ['install', 'rustup'] } },
  { text: 'install Rust with rustup: https://rustup.rs' },
];

const probes: readonly Probe[] = [
  {
    kind: 'program',
    id: 'cargo',
    title: 'cargo',
    candidates: [{ program: 'cargo', args: ['--version'] }],
    remedies: getRust,
  },
  {
    kind: 'program',
    id: 'rustc',
    title: 'rustc',
    minimum: '1.65.0',
    candidates: [{ program: 'rustc', args: ['--version'] }],
    remedies: getRust,
  },
  {
    kind: 'program',
    id: 'wasi-std',
    title: 'Rust standard library for WASI',
    // An older rustc knows only the old name, a newer one only the new name; the first that is known answers.
    candidates: [target, 'wasm32-wasi'].map(name => ({
      program: 'rustc',
      args: ['--print', 'target-libdir', '--target', name],
    })),
    folderHas: 'libcore-*.rlib',
    missingText: `the target ${target} is not installed for this rustc`,
    remedies: [
      { has: 'rustup', command: { program: 'rustup', args: ['target', 'add', target] } },
      { text: `use a Rust from rustup, which has "rustup target add ${target}"` },
    ],
  },
  {
    kind: 'program',
    id: 'cargo-metadata',
    title: 'cargo metadata',
    // Absent outside a project (doctor); a Cargo.toml with a fault is explained by the build itself.
    optional: true,
    candidates: [{ program: 'cargo', args: ['metadata', '--format-version', '1', '--no-deps'] }],
    remedies: [],
  },
  wasmOptProbe,
];

export const rust: Toolchain = {
  language: 'rust',
  title: 'Rust',
  variants: ['native'],
  containerImage: 'docker.io/library/rust:1',
  detect: names => names.includes('Cargo.toml'),
  probes: variant => (variant === 'native' ? probes : []),
  plan,
  parseDiagnostics,
  explain,
  knownBad: [],
};

function plan(request: PlanRequest): BuildPlan {
  const { projectDir, profile, variant, scratchDir, tools } = request;
  const container = variant === 'container';
  const known = metadata(tools['cargo-metadata']?.stdout);
  const found = known === undefined ? undefined : filterPackage(known.packages, projectDir);
  const triple = targetOf(request);
  const targetDir = container || known === undefined ? join(projectDir, 'target') : known.target_directory;
  const name = found?.library ?? request.name.replaceAll('-', '_');
  const built = join(targetDir, triple, profile, `${name}.wasm`);
  const build = {
    program: 'cargo',
    args: [
      'build',
      '--target',
      triple,
      ...(profile === 'release' ? ['--release'] : []),
      ...(found === undefined ? [] : ['--package', found.name]),
    ],
    // Some CI systems ask cargo for colours, which would hide its messages from us.
    env: { CARGO_TERM_COLOR: 'never' },
  };
  const addTarget = { program: 'rustup', args: ['target', 'add', triple] };
  const optimized = optimizeStep(request, built, join(scratchDir, `${name}.opt.wasm`));
  return {
    steps: [...(container ? [addTarget] : []), build, ...optimized.steps],
    module: optimized.module,
    inputs: [
      'Cargo.{toml,lock}',
      '.cargo/**',
      'rust-toolchain*',
      '**/*.rs',
      '**/Cargo.toml',
      'src/**',
      '!target/**',
      '!build/**',
      ...(known?.packages ?? []).flatMap(crate => outside(crate, projectDir)),
    ],
    noModuleHint: cdylibHint,
  };
}

/** The folder that rustc named for its WASI library tells which of the two names it knows. */
function targetOf({ tools }: PlanRequest): string {
  return /[\\/]wasm32-wasi[\\/]/.test(tools['wasi-std']?.stdout ?? '') ? 'wasm32-wasi' : target;
}

function metadata(stdout: string | undefined): z.infer<typeof cargoMetadataSchema> | undefined {
  if (stdout === undefined) return undefined;
  const result = cargoMetadataSchema.safeParse(JSON.parse(stdout));
  return result.success ? result.data : undefined;
}

/** The package whose library is the filter: the one of this folder, or the only such library of a workspace. */
function filterPackage(packages: readonly Package[], projectDir: string): { name: string; library: string } {
  const here = packages.filter(one => dirname(one.manifest_path) === projectDir);
  const candidates = here.length > 0 ? here : packages;
  const libraries = candidates.flatMap(one =>
    one.targets
      .filter(({ crate_types }) => crate_types.includes('cdylib'))
      .map(({ name }) => ({ name: one.name, library: name.replaceAll('-', '_') })),
  );
  const [first, ...others] = libraries;
  if (first === undefined) {
    const names = candidates.map(one => one.name).join(', ');
    throw new WasmeError('BUILD_FAILED', `cargo would build no module: no cdylib library in ${names}`, {
      hint: cdylibHint,
    });
  }
  if (others.length > 0) {
    const names = libraries.map(one => one.name).join(', ');
    throw new WasmeError('BUILD_FAILED', `the workspace has more than one filter: ${names}`, {
      hint: 'run "wasme build" in the folder of one of them',
    });
  }
  return first;
}

/** Crates that are used by path and lie outside the project decide the result too. */
function outside(crate: Package, projectDir: string): string[] {
  return crate.dependencies
    .map(({ path }) => (path ? relative(projectDir, path).replaceAll('\\', '/') : ''))
    .filter(path => path.startsWith('../'))
    .map(path => `${path}/**/*.{rs,toml}`);
}

/** rustc's form for people: `error[E0425]: text`, then ` --> file:line:column`, then the source with carets. */
function parseDiagnostics(output: string): Diagnostic[] {
  const head =
    /^(error|warning)(?:\[\w+\])?: (.+)\n\s*--> (.+):(\d+):(\d+)\n((?:\s*(?:\d+\s*)?[|=].*\n?|\.\.\.\n)*)/gm;
  return [...output.replaceAll('\r', '').matchAll(head)].map(match => {
    const [, severity, message = '', file = '', line, column, excerpt = ''] = match;
    const carets = /^\s*\|[^^\n]*?(\^+)/m.exec(excerpt)?.[1];
    return {
      file,
      line: Number(line),
      column: Number(column),
      severity: severity === 'warning' ? 'warning' : 'error',
      message,
      ...(carets === undefined ? {} : { length: carets.length }),
    };
  });
}

function explain(output: string): Advice | undefined {
  return known.find(([pattern]) => pattern.test(output))?.[1];
}

const known: readonly (readonly [RegExp, Advice])[] = [
  [
    /could not find specification for target "wasm32-wasi"/,
    {
      message: 'this Rust no longer knows the target name wasm32-wasi',
      hint: `write ${target} instead, in .cargo/config.toml too, and run "rustup target add ${target}"`,
    },
  ],
  [
    /can't find crate for `(?:core|std)`[^]*target may not be installed/,
    {
      code: 'TOOL_MISSING',
      message: `this Rust has no standard library for ${target}`,
      hint: `rustup target add ${target}`,
    },
  ],
  [
    /linker `rust-lld` not found/,
    {
      code: 'TOOL_MISSING',
      message: 'this Rust has no linker for WebAssembly (rust-lld)',
      hint: 'use a Rust from rustup, which brings it, or install lld',
    },
  ],
  [
    /failed to get bitcode from object file for LTO/,
    {
      message: 'the standard library of this Rust has no bitcode, which lto = true needs',
      hint: 'set lto = false in [profile.release] of Cargo.toml, or use a Rust from rustup',
    },
  ],
  [
    /requires rustc (\d[\d.]*) or newer|feature `edition20\d\d` is required/,
    {
      code: 'TOOL_OUTDATED',
      message: 'a crate needs a newer Rust than this one',
      hint: 'rustup update stable',
    },
  ],
  [
    /spurious network error|Could(?:n't| not) resolve host|failed to download from|attempting to make an HTTP request, but --offline/,
    {
      code: 'NETWORK',
      message: 'cargo could not fetch a crate',
      hint: 'run "cargo fetch" once with access to the crate registry, or set a proxy (HTTPS_PROXY)',
    },
  ],
  [
    /lock file .* needs to be updated but --locked/,
    { message: 'Cargo.lock does not fit Cargo.toml', hint: 'run "cargo update --workspace"' },
  ],
];
