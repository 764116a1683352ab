/** The verb `test`: finds suite files, plays each case in the bundled host, and says what differed. */
import { basename, dirname, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { WasmeError } from './errors.ts';
import type { Edges } from './io/edges.ts';
import { kindOf, readBytes, writeAtomic } from './io/files.ts';
import { configurationBytes } from './project/configuration.ts';
import { type LoadedProject, findProject, outputPath } from './project/load.ts';
import { type SuiteReport, junitXml } from './suite/junit.ts';
import { loadSuite } from './suite/load.ts';
import { type CaseResult, playCase } from './suite/play.ts';
import type { Suite } from './suite/schema.ts';

export interface TestOptions {
  /** Suite files or folders; default: `test.include` of wasme.json, else every *.test.yaml, .yml and .json of the project. */
  readonly files?: readonly string[];
  /** Host profile, `envoy@1.36`; default: that of wasme.json, else the newest. */
  readonly host?: string | undefined;
  /** Play every case with several ways of cutting the bodies into chunks. */
  readonly matrix?: boolean | undefined;
  /** Write the results there as JUnit XML. */
  readonly junit?: string | undefined;
}

export interface TestResult {
  readonly suites: readonly SuiteReport[];
  readonly passed: number;
  readonly failed: number;
}

const defaultInclude = ['**/*.test.yaml', '**/*.test.yml', '**/*.test.json'];

/** Fails with FILE_NOT_FOUND when there is no suite or no module, SUITE_INVALID, WASM_INVALID, WASM_ABI. */
export async function test(options: TestOptions, edges: Edges): Promise<TestResult> {
  const project = await findProject(edges.cwd);
  const files = await suiteFiles(options, project, edges);
  const suites: SuiteReport[] = [];
  for (const file of files) {
    const suite = await loadSuite(file);
    const cases = await playSuite(suite, file, project, options, edges);
    suites.push({ file, cases });
  }
  if (options.junit !== undefined) await writeAtomic(resolve(edges.cwd, options.junit), junitXml(suites));
  const all = suites.flatMap(suite => suite.cases);
  const failed = all.filter(({ problems }) => problems.length > 0).length;
  return { suites, passed: all.length - failed, failed };
}

async function playSuite(
  suite: Suite,
  file: string,
  project: LoadedProject | undefined,
  options: TestOptions,
  edges: Edges,
): Promise<CaseResult[]> {
  const path =
    suite.module === undefined ? project && outputPath(project) : resolve(file, '..', suite.module);
  if (path === undefined) {
    throw new WasmeError('FILE_NOT_FOUND', `${file} names no module and there is no wasme.json above it`, {
      hint: 'add "module: path/to/filter.wasm" to the suite',
    });
  }
  if ((await kindOf(path)) !== 'file') {
    throw new WasmeError('FILE_NOT_FOUND', `no such module: ${path}`, { hint: 'run "wasme build" first' });
  }
  const module = await readBytes(path);
  const name = project?.project.name ?? basename(path, '.wasm');
  const results: CaseResult[] = [];
  for (const testCase of suite.cases) {
    edges.signal.throwIfAborted();
    results.push(
      ...(await playCase(testCase, {
        name,
        module,
        rootId: project?.project.rootId ?? '',
        configuration: await configurationOf(testCase, suite, file, project),
        host: options.host ?? project?.project.run?.host,
        matrix: options.matrix ?? false,
      })),
    );
  }
  return results;
}

/** The case's own, else the suite's (files relative to the suite), else the project's. */
async function configurationOf(
  testCase: Suite['cases'][number],
  suite: Suite,
  file: string,
  project: LoadedProject | undefined,
): Promise<Uint8Array> {
  const own = testCase.configuration ?? suite.configuration;
  if (own !== undefined) return configurationBytes(own, dirname(file));
  return configurationBytes(project?.project.configuration, project?.dir ?? dirname(file));
}

async function suiteFiles(
  options: TestOptions,
  project: LoadedProject | undefined,
  edges: Edges,
): Promise<readonly string[]> {
  const named = options.files ?? [];
  const root = project?.dir ?? edges.cwd;
  const found: string[] = [];
  for (const name of named) {
    const path = resolve(edges.cwd, name);
    const kind = await kindOf(path);
    if (kind === undefined) throw new WasmeError('FILE_NOT_FOUND', `no such suite: ${name}`);
    found.push(...(kind === 'dir' ? await suitesIn(path, defaultInclude) : [path]));
  }
  if (named.length === 0)
    found.push(...(await suitesIn(root, project?.project.test?.include ?? defaultInclude)));
  if (found.length === 0) {
    throw new WasmeError('FILE_NOT_FOUND', `no test suite below ${root}`, {
      hint: 'write one as something.test.yaml; docs/test-suites.md shows how',
    });
  }
  return found;
}

async function suitesIn(dir: string, include: readonly string[]): Promise<string[]> {
  const ignore = ['**/node_modules/**', '**/build/**', '**/target/**'];
  const found = await glob([...include], { cwd: dir, absolute: true, ignore });
  return found.sort();
}
