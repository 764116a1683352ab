/** The verb `test`: finds suite files, plays each case in the bundled host, and says what differed. */
import { resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import type { Edges } from './io/edges.ts';
import { writeAtomic } from './io/files.ts';
import { type LoadedProject, findProject } from './project/load.ts';
import { findSuites } from './suite/find.ts';
import { suiteHosts } from './suite/hosts.ts';
import { type SuiteReport, junitXml } from './suite/junit.ts';
import { loadSuite, updateSuite } from './suite/load.ts';
import { cuts } from './suite/message.ts';
import { type CaseResult, playCase } from './suite/play.ts';
import type { SuiteEdit } from './suite/splice.ts';
import { openSubject } from './suite/subject.ts';

export interface TestOptions {
  /** Suite files or folders; default: `test.include` of wasme.json, else every *.test.yaml, .yml and .json of the project. */
  readonly files?: readonly string[];
  /** Hosts to play on, `envoy@1.36`, `istio@1.30` …; default: `run.host` of wasme.json, else the newest Envoy. */
  readonly hosts?: readonly string[] | undefined;
  /** Play every case with several ways of cutting the bodies, and on every host that the project names. */
  readonly matrix?: boolean | undefined;
  /** Write what was seen into the suites, where that differs from a recorded value or a case expects nothing yet. */
  readonly update?: boolean | undefined;
  /** Write the results there as JUnit XML. */
  readonly junit?: string | undefined;
}

export interface TestResult {
  readonly suites: readonly SuiteReport[];
  readonly passed: number;
  readonly failed: number;
  /** How many values `update` wrote; the results are those of the suites as they are then. */
  readonly updated: number;
}

/**
 * Fails with FILE_NOT_FOUND when there is no suite or no module, SUITE_INVALID, USAGE, FILE_ACCESS, WASM_INVALID, WASM_ABI.
 */
export async function test(options: TestOptions, edges: Edges): Promise<TestResult> {
  const project = await findProject(edges.cwd);
  const files = await findSuites(options.files ?? [], project, edges.cwd);
  const suites: SuiteReport[] = [];
  let updated = 0;
  for (const file of files) {
    let played = await playSuite(file, project, options, edges);
    if (options.update && played.edits.length > 0) {
      const written = await updateSuite(file, played.edits);
      updated += written;
      if (written > 0) played = await playSuite(file, project, options, edges);
    }
    suites.push({ file, cases: played.cases });
  }
  if (options.junit !== undefined) await writeAtomic(resolve(edges.cwd, options.junit), junitXml(suites));
  const all = suites.flatMap(suite => suite.cases);
  const failed = all.filter(({ problems }) => problems.length > 0).length;
  return { suites, passed: all.length - failed, failed, updated };
}

interface PlayedSuite {
  readonly cases: readonly CaseResult[];
  /** What an update would write. */
  readonly edits: readonly SuiteEdit[];
}

async function playSuite(
  file: string,
  project: LoadedProject | undefined,
  options: TestOptions,
  edges: Edges,
): Promise<PlayedSuite> {
  const suite = await loadSuite(file);
  const { name, module, rootId, configurationOf } = await openSubject(suite, file, project);
  const matrix = options.matrix ?? false;
  const hosts = suiteHosts(options.hosts ?? [], project?.project, matrix, edges);
  if (options.update && (matrix || hosts.length > 1)) {
    throw new WasmeError('USAGE', '--update writes what one host shows, and several are asked for', {
      hint: 'leave out --matrix, and name one --host',
    });
  }
  const cases: CaseResult[] = [];
  const edits: SuiteEdit[] = [];
  for (const [index, testCase] of suite.cases.entries()) {
    const configuration = await configurationOf(testCase);
    for (const { text, profile } of hosts) {
      for (const cut of matrix ? cuts : (['whole'] as const)) {
        edges.signal.throwIfAborted();
        const played = await playCase(testCase, { name, module, rootId, configuration, profile, cut });
        const variant = [...(hosts.length > 1 ? [text] : []), ...(matrix ? [cut] : [])].join(', ');
        cases.push(
          variant === '' ? played.result : { ...played.result, name: `${testCase.name} (${variant})` },
        );
        edits.push(...played.edits.map(({ path, value }) => ({ path: ['cases', index, ...path], value })));
      }
    }
  }
  return { cases, edits };
}
