/** The verb `test`: finds suite files, plays each case in the bundled host, and says what differed. */
import { resolve } from 'node:path';
import type { Edges } from './io/edges.ts';
import { writeAtomic } from './io/files.ts';
import { type LoadedProject, findProject } from './project/load.ts';
import { findSuites } from './suite/find.ts';
import { suiteHosts } from './suite/hosts.ts';
import { type SuiteReport, junitXml } from './suite/junit.ts';
import { loadSuite } from './suite/load.ts';
import { cuts } from './suite/message.ts';
import { type CaseResult, playCase } from './suite/play.ts';
import { openSubject } from './suite/subject.ts';

export interface TestOptions {
  /** Suite files or folders; default: `test.include` of wasme.json, else every *.test.yaml, .yml and .json of the project. */
  readonly files?: readonly string[];
  /** Hosts to play on, `envoy@1.36`, `istio@1.30` …; default: `run.host` of wasme.json, else the newest Envoy. */
  readonly hosts?: readonly string[] | undefined;
  /** Play every case with several ways of cutting the bodies, and on every host that the project names. */
  readonly matrix?: boolean | undefined;
  /** Write the results there as JUnit XML. */
  readonly junit?: string | undefined;
}

export interface TestResult {
  readonly suites: readonly SuiteReport[];
  readonly passed: number;
  readonly failed: number;
}

/** Fails with FILE_NOT_FOUND when there is no suite or no module, SUITE_INVALID, USAGE, WASM_INVALID, WASM_ABI. */
export async function test(options: TestOptions, edges: Edges): Promise<TestResult> {
  const project = await findProject(edges.cwd);
  const files = await findSuites(options.files ?? [], project, edges.cwd);
  const suites: SuiteReport[] = [];
  for (const file of files) suites.push({ file, cases: await playSuite(file, project, options, edges) });
  if (options.junit !== undefined) await writeAtomic(resolve(edges.cwd, options.junit), junitXml(suites));
  const all = suites.flatMap(suite => suite.cases);
  const failed = all.filter(({ problems }) => problems.length > 0).length;
  return { suites, passed: all.length - failed, failed };
}

async function playSuite(
  file: string,
  project: LoadedProject | undefined,
  options: TestOptions,
  edges: Edges,
): Promise<CaseResult[]> {
  const suite = await loadSuite(file);
  const { name, module, rootId, configurationOf } = await openSubject(suite, file, project);
  const matrix = options.matrix ?? false;
  const hosts = suiteHosts(options.hosts ?? [], project?.project, matrix, edges);
  const results: CaseResult[] = [];
  for (const testCase of suite.cases) {
    const configuration = await configurationOf(testCase);
    for (const { text, profile } of hosts) {
      for (const cut of matrix ? cuts : (['whole'] as const)) {
        edges.signal.throwIfAborted();
        const result = await playCase(testCase, { name, module, rootId, configuration, profile, cut });
        const variant = [...(hosts.length > 1 ? [text] : []), ...(matrix ? [cut] : [])].join(', ');
        results.push(variant === '' ? result : { ...result, name: `${result.name} (${variant})` });
      }
    }
  }
  return results;
}
