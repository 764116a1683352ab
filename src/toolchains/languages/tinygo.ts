/** TinyGo: builds the same source as Go to a much smaller module. It needs an installed Go within a range of versions. */
import { join } from 'node:path';
import coerce from 'semver/functions/coerce.js';
import gte from 'semver/functions/gte.js';
import { WasmeError } from '../../errors.ts';
import {
  explainGo,
  goInputs,
  goMod,
  goModProbe,
  goModulesProbe,
  goProbe,
  goSettings,
  mainPackage,
  parseGoDiagnostics,
} from './go.ts';
import type { Explanation, BuildPlan, PlanRequest, Probe, Toolchain } from '../toolchain.ts';
import { optimizeStep, wasmOptProbes } from '../tools/wasm-opt.ts';

/** Since this version, main() of a program ends the VM, and libraries (c-shared) can be built. */
const librariesSince = '0.35.0';
const archivedSdk = 'github.com/tetratelabs/proxy-wasm-go-sdk';
const currentSdk = 'github.com/proxy-wasm/proxy-wasm-go-sdk';

const tinygoProbe: Probe = {
  kind: 'program',
  id: 'tinygo',
  title: 'TinyGo',
  minimum: '0.28.0',
  candidates: [{ program: 'tinygo', args: ['version'] }],
  fixes: [
    {
      has: 'brew',
      command: { program: 'brew', args: ['install', 'tinygo-org/tools/tinygo'] },
    },
    { text: 'install TinyGo: https://tinygo.org/getting-started/install' },
  ],
};

export const tinygo: Toolchain = {
  language: 'tinygo',
  title: 'TinyGo',
  variants: ['native'],
  containerImage: 'docker.io/tinygo/tinygo:0.41.1',
  projectFile: 'go.mod',
  // A go.mod alone does not tell TinyGo from Go; more people have Go.
  detect: () => false,
  // An older TinyGo works with a Go that is too old for the language `go`; TinyGo itself checks its version.
  probes: variant =>
    variant === 'native'
      ? [
          tinygoProbe,
          { ...goProbe, minimum: '1.19.0' },
          goModProbe,
          goModulesProbe,
          setupProbe,
          ...wasmOptProbes,
        ]
      : [],
  environment: /^(GO|CGO_|TINYGO|WASMOPT$)/,
  plan,
  parseDiagnostics: parseGoDiagnostics,
  explain: output => known.find(([pattern]) => pattern.test(output))?.[1] ?? explainGo(output),
  conflicts: [
    pair('<0.36.0', '>=1.24.0', '1.23'),
    pair('>=0.36.0 <0.39.0', '>=1.25.0', '1.24'),
    pair('>=0.39.0 <0.41.0', '>=1.26.0', '1.25'),
    pair('>=0.41.0 <0.42.0', '>=1.27.0', '1.26'),
    {
      tools: [
        { id: 'tinygo', range: '>=0.42.0' },
        { id: 'go', range: '<1.25.0' },
      ],
      problem: 'TinyGo 0.42 and later need Go 1.25 or later',
      hint: 'install a newer Go: https://go.dev/dl',
    },
  ],
};

function pair(tinygoRange: string, goRange: string, newest: string): Toolchain['conflicts'][number] {
  return {
    tools: [
      { id: 'tinygo', range: tinygoRange },
      { id: 'go', range: goRange },
    ],
    problem: `this TinyGo works with Go up to ${newest}`,
    hint: `install a newer TinyGo, or put Go ${newest} first on PATH`,
  };
}

function plan(request: PlanRequest): BuildPlan {
  const { scratchDir, name, profile, debugInfo, tools } = request;
  const built = join(scratchDir, `${name}.wasm`);
  const version = coerce(tools['tinygo']?.version);
  const library = libraryFlags(request, version === null || gte(version, librariesSince));
  const flags = [
    ...library.flags,
    '-scheduler=none',
    ...(profile === 'release' ? [] : ['-opt=1']),
    ...(debugInfo ? [] : ['-no-debug']),
  ];
  const optimized = optimizeStep(request, built, join(scratchDir, `${name}.opt.wasm`));
  return {
    steps: [
      { program: 'tinygo', args: ['build', ...flags, '-o', built, mainPackage(request)] },
      ...optimized.steps,
    ],
    module: optimized.module,
    ...(library.warnings === undefined ? {} : { warnings: library.warnings }),
    inputs: goInputs(request),
    settings: goSettings(request),
  };
}

/** Finds where the source sets its contexts. TinyGo compiles one main package; others in the project do no harm. */
const setupProbe: Probe = {
  kind: 'file',
  id: 'setup',
  title: 'source of the filter',
  file: '**/*.go',
  facts: source => setupFunctions(source),
  optional: true,
  ofProject: true,
  fixes: [],
};

/** Returns which of main() and init() set a context of the SDK themselves. */
export function setupFunctions(source: string): readonly string[] {
  const functions = source
    .replace(/\/\/.*/g, '')
    .matchAll(/^func (main|init)\(\)\s*\{(.*\}[ \t]*$|[^]*?^\})/gm);
  return [...functions]
    .filter(([, , body = '']) => /\bproxywasm\.Set\w*Context\w*\(/.test(body))
    .map(([, name = '']) => name);
}

/** Selects the kind of module: with newer TinyGos a library, whose main() is not called; with older ones a program. */
function libraryFlags(
  request: PlanRequest,
  hasLibraries: boolean,
): Pick<BuildPlan, 'warnings'> & { readonly flags: readonly string[] } {
  if (!hasLibraries) return { flags: ['-target=wasi'] };
  const flags = ['-target=wasip1', '-buildmode=c-shared'];
  if (!goMod(request)?.Require?.some(one => one.Path === archivedSdk)) return { flags };
  const setup = (request.tools['setup']?.facts ?? []) as readonly string[];
  if (setup.includes('main') && !setup.includes('init')) {
    throw new WasmeError(
      'TOOL_OUTDATED',
      `main() sets the context of the filter, but TinyGo ${librariesSince} or later does not call main() of a library`,
      {
        hint: `move what main() does to init(), and use ${currentSdk}: ${archivedSdk} is archived; or use TinyGo 0.34, or set build.command in wasme.json to a build of your own`,
      },
    );
  }
  return { flags, warnings: [`${archivedSdk} is archived: use ${currentSdk}`] };
}

const known: readonly (readonly [RegExp, Explanation])[] = [
  [
    /requires go version \S+ through \S+, got go\S+/,
    {
      code: 'TOOL_OUTDATED',
      message: 'this TinyGo does not work with the installed Go',
      hint: 'install a newer TinyGo, or put a Go that it works with first on PATH; "wasme doctor" shows both',
    },
  ],
  [
    /could not find wasm-opt/,
    {
      code: 'TOOL_MISSING',
      message: 'TinyGo needs wasm-opt, which is not on PATH',
      hint: 'install binaryen (apt-get install binaryen, brew install binaryen), or set WASMOPT to its path',
    },
  ],
  [
    /TINYGOROOT was not set to the correct root|unable to find TINYGOROOT/i,
    {
      code: 'TOOL_MISSING',
      message: 'TinyGo did not find its own files',
      hint: 'install TinyGo again, or set TINYGOROOT to the folder with its src and lib',
    },
  ],
];
