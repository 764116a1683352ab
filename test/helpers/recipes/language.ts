/** The recipe "A language", followed for one whose compiler is called as `zig build-lib … -femit-bin=…`. */
import { type Recipe, all, behind, file, instead } from './step.ts';

const name = 'zig';

const toolchain = `/** Zig: one call of its compiler builds the module. */
import { join } from 'node:path';
import type { BuildPlan, Diagnostic, PlanRequest, Toolchain } from '../toolchain.ts';

export const zig: Toolchain = {
  language: 'zig',
  title: 'Zig',
  variants: ['native'],
  containerImage: 'registry.example/zig:0.15',
  projectFile: 'build.zig',
  detect: names => names.includes('build.zig'),
  probes: variant =>
    variant === 'native'
      ? [
          {
            kind: 'program',
            id: 'zig',
            title: 'Zig',
            minimum: '0.15.0',
            candidates: [{ program: 'zig', args: ['version'] }],
            fixes: [{ text: 'install Zig 0.15 or later: https://ziglang.org/download' }],
          },
        ]
      : [],
  environment: /^ZIG_/,
  plan,
  parseDiagnostics,
  explain: output =>
    output.includes('no such host')
      ? { code: 'NETWORK', message: 'a package could not be downloaded', hint: 'run "zig build --fetch" once' }
      : undefined,
  conflicts: [],
};

function plan({ scratchDir, name }: PlanRequest): BuildPlan {
  const module = join(scratchDir, \`\${name}.wasm\`);
  return {
    steps: [{ program: 'zig', args: ['build-exe', 'main.zig', '-target', 'wasm32-wasi', '-o', module] }],
    module,
    inputs: ['**/*.zig', '!build/**'],
  };
}

function parseDiagnostics(output: string): Diagnostic[] {
  const line = /^([^:\\n]+\\.zig):(\\d+):(\\d+): error: (.+)$/gm;
  return [...output.matchAll(line)].map(([, path = '', row, column, message = '']) => ({
    file: path,
    line: Number(row),
    column: Number(column),
    severity: 'error',
    message,
  }));
}
`;

/** A template by its path below templates/. */
const template = (kind: string) =>
  file(`{
  "language": "${name}",
  "kind": "${kind}",
  "description": "${kind} filter in Zig"
}
`);

export const language: Recipe = {
  title: 'A language',
  name,
  tests: ['unit/toolchains', 'contract/toolchains', 'test/docs.test.ts'],
  steps: [
    {
      path: 'src/project/names.ts',
      edit: instead("'tinygo', 'go'] as const", `'tinygo', 'go', '${name}'] as const`),
      reportedBy: 'more types',
      says: /src\/toolchains\/index\.ts.*'zig' does not exist/,
    },
    {
      path: `src/toolchains/languages/${name}.ts`,
      edit: file(toolchain),
      reportedBy: 'more types',
      says: /src\/toolchains\/index\.ts.*Cannot find module '\.\/languages\/zig\.ts'/,
    },
    {
      path: 'src/toolchains/index.ts',
      edit: all(
        behind('import type { Toolchain }', `import { ${name} } from './languages/${name}.ts';`),
        instead('tinygo, go };', `tinygo, go, ${name} };`),
      ),
      reportedBy: 'types',
      says: /src\/toolchains\/index\.ts.*'zig' is missing/,
    },
    {
      path: 'test/helpers/projects/fake-compilers.ts',
      edit: behind(
        'export const fakeLanguages',
        `  zig: {
    language: 'zig',
    title: 'Zig',
    programs: ['zig'],
    files: { 'build.zig': '', 'main.zig': source },
    place: 'main.zig:2:10: error: ',
    downloads: true,
    detected: true,
    variable: 'ZIG_LIB_DIR',
  },`,
      ),
      reportedBy: 'types',
      says: /test\/helpers\/projects\/fake-compilers\.ts.*'zig' is missing/,
    },
    {
      path: 'test/fixtures/bin/compiler.js',
      edit: all(
        behind(
          'const errors = {',
          `  zig: "main.zig:2:10: error: use of undeclared identifier 'nothing'\\n",`,
        ),
        behind('const networks = {', "  zig: 'error: lookup example.invalid: no such host\\n',"),
        behind('const versions = {', "  zig: ['0.15.1', '0.9.0'],"),
      ),
      reportedBy: 'tests',
      says: /test\/fixtures\/bin\/compiler\.js knows no program zig/,
    },
    {
      path: 'test/helpers/tools.ts',
      edit: behind('  tinygo: {', "  zig: { program: 'zig', get: '.ci/provision zig' },"),
      reportedBy: 'even more types',
      says: /test\/helpers\/projects\/compilers\.ts.*"zig"/,
    },
    {
      path: 'test/helpers/projects/compilers.ts',
      edit: behind("  go: ['go'],", `  ${name}: ['${name}'],`),
      reportedBy: 'types',
      says: /test\/helpers\/projects\/compilers\.ts.*'zig' is missing/,
    },
    {
      path: 'test/unit/toolchains/messages.test.ts',
      edit: all(
        behind(
          'const reported: Readonly<Record<Language',
          `  zig: {
    output: 'main.zig:2:10: error: expected type',
    diagnostics: [{ file: 'main.zig', line: 2, column: 10, severity: 'error', message: 'expected type' }],
  },`,
        ),
        behind(
          'const explained: Readonly<Record<Language',
          "  zig: [['no such host', 'zig build --fetch']],",
        ),
      ),
      reportedBy: 'types',
      says: /test\/unit\/toolchains\/messages\.test\.ts.*'zig' is missing/,
    },
    {
      path: 'test/unit/toolchains/plans.test.ts',
      edit: behind(
        'const firstSteps: Readonly<Record<Language',
        `  zig: {
    request: { names: ['build.zig'] },
    step: 'zig build-exe main.zig -target wasm32-wasi -o /p/build/.wasme/release/my-filter.wasm',
  },`,
      ),
      reportedBy: 'types',
      says: /test\/unit\/toolchains\/plans\.test\.ts.*'zig' is missing/,
    },
    {
      path: `templates/${name}/template.json`,
      edit: template('http'),
      reportedBy: 'tests',
      says: /templates\/zig\/template\.json/,
    },
    {
      path: `templates/${name}-network/template.json`,
      edit: template('network'),
      reportedBy: 'tests',
      says: /templates\/zig-network\/template\.json/,
    },
    {
      path: `templates/${name}-service/template.json`,
      edit: template('service'),
      reportedBy: 'tests',
      says: /templates\/zig-service\/template\.json/,
    },
    {
      path: 'templates/README.md',
      edit: instead('`tinygo`, `go` |', `\`tinygo\`, \`go\`, \`${name}\` |`),
      reportedBy: 'tests',
      says: /templates\/README\.md lists all languages/,
    },
    {
      path: 'docs/getting-started.md',
      edit: all(
        behind('| tinygo | TinyGo', `| ${name} | Zig 0.15 or newer |`),
        behind('| tinygo | `docker', `| ${name} | \`registry.example/zig:0.15\` |`),
      ),
      reportedBy: 'tests',
      says: /rows "\| zig \|" in docs\/getting-started\.md/,
    },
    {
      path: 'docs/project-file.md',
      edit: all(
        instead('`tinygo`, `go` |', `\`tinygo\`, \`go\`, \`${name}\` |`),
        behind('| tinygo | `-opt=1`', `| ${name} | \`-O Debug\` | none |`),
      ),
      reportedBy: 'tests',
      says: /docs\/project-file\.md lists all languages/,
    },
  ],
};
