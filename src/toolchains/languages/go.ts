/** Go 1.24 or later, which builds a WASI library; and what it shares with TinyGo: go.mod and the messages of the type checker. */
import { join, relative } from 'node:path';
import { foldersAbove } from '../inputs.ts';
import type { GoMod } from '../schema.ts';
import type {
  Explanation,
  BuildPlan,
  Diagnostic,
  PlanRequest,
  Probe,
  FixOption,
  Toolchain,
} from '../toolchain.ts';
import { optimizeStep, wasmOptProbes } from '../tools/wasm-opt.ts';

/** The version that an older Go downloads and then runs in its place. */
const newerGo = 'go1.26.0';

const getGo: readonly FixOption[] = [
  {
    has: 'go',
    before: { program: 'go', args: ['version'], env: { GOTOOLCHAIN: newerGo } },
    command: { program: 'go', args: ['env', '-w', `GOTOOLCHAIN=${newerGo}+auto`] },
    text: 'needs Go 1.21 or later; replace an older one: https://go.dev/dl',
  },
  { has: 'brew', command: { program: 'brew', args: ['install', 'go'] } },
  { text: 'install Go 1.24 or later: https://go.dev/dl' },
];

/**
 * Finds the Go that builds: the one that GOTOOLCHAIN or go.mod selects, if it was downloaded before; otherwise the one that
 * is installed. The probe downloads nothing.
 */
export const goProbe: Probe = {
  kind: 'program',
  id: 'go',
  title: 'Go',
  minimum: '1.24.0',
  candidates: [{ GOPROXY: 'off' }, { GOTOOLCHAIN: 'local' }].map(env => ({
    program: 'go',
    args: ['env', 'GOVERSION'],
    env,
  })),
  version: /go(\d+\.\d+(?:\.\d+)?)/,
  fixes: getGo,
};

export const goModProbe: Probe = {
  kind: 'program',
  id: 'go-mod',
  title: 'go.mod',
  optional: true,
  ofProject: true,
  candidates: [{ program: 'go', args: ['mod', 'edit', '-json'], env: { GOTOOLCHAIN: 'local' } }],
  facts: async stdout => (await import('../schema.ts')).readGoMod(stdout),
  fixes: [],
};

/** Lists the modules that are built together: the project's, and those of a workspace (go.work). */
export const goModulesProbe: Probe = {
  kind: 'program',
  id: 'go-modules',
  title: 'modules of the workspace',
  optional: true,
  ofProject: true,
  candidates: [{ program: 'go', args: ['list', '-m', '-f', '{{.Dir}}'], env: { GOPROXY: 'off' } }],
  facts: stdout => stdout.trim().split('\n'),
  fixes: [],
};

export const go: Toolchain = {
  language: 'go',
  title: 'Go',
  variants: ['native'],
  containerImage: 'docker.io/library/golang:1.26',
  projectFile: 'go.mod',
  detect: names => names.includes('go.mod'),
  probes: variant => (variant === 'native' ? [goProbe, goModProbe, goModulesProbe, ...wasmOptProbes] : []),
  environment: /^(GO|CGO_)/,
  plan,
  parseDiagnostics: parseGoDiagnostics,
  explain: explainGo,
  conflicts: [],
};

function plan(request: PlanRequest): BuildPlan {
  const { scratchDir, name, profile } = request;
  const built = join(scratchDir, `${name}.wasm`);
  // With -trimpath and without a VCS stamp, the same source gives the same bytes in every folder and commit.
  const flags = [
    '-trimpath',
    '-buildvcs=false',
    '-json=false',
    ...(profile === 'debug' ? ['-gcflags=all=-N -l'] : []),
  ];
  const optimized = optimizeStep(request, built, join(scratchDir, `${name}.opt.wasm`));
  return {
    steps: [
      {
        program: 'go',
        args: ['build', '-buildmode=c-shared', ...flags, '-o', built, mainPackage(request)],
        // Go writes CGO_ENABLED into the module, although there is no cgo for WASI.
        env: { GOOS: 'wasip1', GOARCH: 'wasm', CGO_ENABLED: '0' },
      },
      ...optimized.steps,
    ],
    module: optimized.module,
    inputs: goInputs(request),
    settings: goSettings(request),
  };
}

/** Returns the package with main(), as an argument of the go command. */
export function mainPackage({ project, projectDir }: PlanRequest): string {
  const source = project?.build?.source;
  if (source === undefined) return '.';
  const path = relative(projectDir, join(projectDir, source)).replaceAll('\\', '/');
  return path === '' ? '.' : `./${path}`;
}

/** Returns go.mod as data; undefined if it is missing or faulty, which the build then reports. */
export function goMod({ tools }: PlanRequest): GoMod | undefined {
  return tools['go-mod']?.facts as GoMod | undefined;
}

/** Any file may be embedded (go:embed), so all files are inputs; so are modules replaced by a folder, and the workspace's. */
export function goInputs(request: PlanRequest): string[] {
  const { projectDir, tools } = request;
  const replaced = (goMod(request)?.Replace ?? []).map(one => one.New.Path);
  const modules = (tools['go-modules']?.facts as readonly string[] | undefined) ?? [];
  const elsewhere = [...replaced, ...modules.map(dir => relative(projectDir, dir))];
  return [
    '**/*',
    '!build/**',
    '!node_modules/**',
    '!**/*_test.go',
    '!**/*.{md,wasm}',
    ...elsewhere
      .map(path => path.replaceAll('\\', '/'))
      .filter(path => path.startsWith('../'))
      .map(path => `${path}/**/*.go`),
  ];
}

/** Returns the go.work files the project may belong to, and the file that `go env -w` writes on Linux. */
export function goSettings({ projectDir, env, homeDir }: PlanRequest): string[] {
  const config = env['XDG_CONFIG_HOME'] || join(homeDir, '.config');
  return [
    env['GOENV'] ?? join(config, 'go', 'env'),
    ...(env['GOWORK'] ? [env['GOWORK']] : foldersAbove(projectDir).map(folder => join(folder, 'go.work'))),
  ];
}

/** Reads `./main.go:3:5: text`, one message per line; TinyGo prints the same. */
export function parseGoDiagnostics(output: string): Diagnostic[] {
  const line = /^(?:\.[\\/])?((?:[A-Za-z]:)?[^:\n]+\.(?:go|mod)):(\d+)(?::(\d+))?: (.+)$/gm;
  return [...output.matchAll(line)].map(([, file = '', row, column, message = '']) => ({
    file,
    line: Number(row),
    column: Number(column ?? 1),
    columnInBytes: true,
    severity: 'error',
    message,
  }));
}

export function explainGo(output: string): Explanation | undefined {
  return known.find(([pattern]) => pattern.test(output))?.[1];
}

const known: readonly (readonly [RegExp, Explanation])[] = [
  [
    /-buildmode=c-shared not supported on/,
    {
      code: 'TOOL_OUTDATED',
      message: 'this Go cannot build a WebAssembly library',
      hint: 'Go 1.24 or later is needed: https://go.dev/dl',
    },
  ],
  [
    /inconsistent vendoring/,
    { message: 'the folder vendor/ does not match go.mod', hint: 'run "go mod vendor", or unset GOFLAGS' },
  ],
  [
    /go\.mod requires go >= ([\d.]+)|requires go >= ([\d.]+)/,
    {
      code: 'TOOL_OUTDATED',
      message: 'go.mod, or a module that it uses, requires a newer Go than this one',
      hint: 'install a newer Go, or let Go download one: GOTOOLCHAIN=auto',
    },
  ],
  [
    /missing go\.sum entry|updates to go\.mod needed|no required module provides package/,
    { message: 'go.mod and go.sum do not list all that the source imports', hint: 'run "go mod tidy"' },
  ],
  [
    /requires exactly one main package|is not a main package/,
    {
      message: 'the folder that was built has no package main',
      hint: 'set build.source in wasme.json to the folder that has it',
    },
  ],
  [
    /dial tcp|no such host|module lookup disabled by GOPROXY=off|proxyconnect/,
    {
      code: 'NETWORK',
      message: 'a Go module could not be downloaded',
      hint: 'run "go mod download" once with access to a module proxy (GOPROXY), or vendor: "go mod vendor"',
    },
  ],
];
