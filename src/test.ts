/** The verb `test`: finds suite files, plays each case in the bundled host or in a real Envoy, and reports the differences. */
import { basename, resolve } from 'node:path';
import { type WasmeError, asFailure } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { writeAtomic } from './io/files/files.ts';
import { type LoadedProject, findProject } from './project/load.ts';
import { findSuites } from './suite/file/find.ts';
import { type SuiteReport, junitXml } from './suite/junit.ts';
import { loadSuite, updateSuite } from './suite/file/load.ts';
import { chunkings } from './suite/message.ts';
import type { CaseResult } from './suite/result.ts';
import type { SuiteEdit } from './suite/file/splice.ts';
import type { SuiteRunner } from './suite/suite-runner.ts';
import { openRunners } from './suite/choose-runners.ts';
import { openSuiteSubject } from './suite/subject.ts';

export interface TestOptions {
  /** Suite files or folders; default: `test.include` of wasme.json, else every *.test.yaml, .yml and .json of the project. */
  readonly files?: readonly string[];
  /** Hosts to play on, `envoy@1.36`, `istio@1.30` …; default: `run.host` of wasme.json, else the newest Envoy. */
  readonly hosts?: readonly string[] | undefined;
  /** Play every case with several ways of cutting the bodies, and on every host that the project names. */
  readonly matrix?: boolean | undefined;
  /** Write observed values into the suites, where they differ from a recorded value or a case expects nothing yet. */
  readonly update?: boolean | undefined;
  /** Play in a real Envoy: the program of this path; true: the one on PATH. */
  readonly envoy?: string | true | undefined;
  /** Write the results there as JUnit XML. */
  readonly junit?: string | undefined;
  /** Receives the result before it is written to a file, which may fail. */
  readonly onResult?: ((result: TestResult) => void) | undefined;
}

export interface TestResult {
  readonly suites: readonly SuiteReport[];
  readonly passed: number;
  readonly failed: number;
  /** The number of cases that a real Envoy cannot play. */
  readonly skipped: number;
  /** The number of values that `update` wrote; the results are those of the updated suites. */
  readonly updated: number;
}

/**
 * Fails with FILE_NOT_FOUND when there is no suite or no module, SUITE_INVALID, USAGE, FILE_ACCESS, WASM_INVALID, WASM_ABI,
 * and with a real Envoy as starting it does.
 */
export async function test(options: TestOptions, system: SystemContext): Promise<TestResult> {
  const project = await findProject(system.cwd, system);
  const files = await findSuites(options.files ?? [], project, system.cwd);
  const runners = await openRunners(options, project?.project, system);
  const suites: SuiteReport[] = [];
  let updated = 0;
  for (const file of files) {
    let played = await playSuite(file, project, runners, options, system);
    if (options.update && played.edits.length > 0) {
      const written = await updateSuite(file, played.edits);
      updated += written;
      if (written > 0) played = await playSuite(file, project, runners, options, system);
    }
    suites.push({ file, cases: played.cases });
  }
  const all = suites.flatMap(suite => suite.cases);
  const count = (status: CaseResult['status']): number => all.filter(one => one.status === status).length;
  const result = {
    suites,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    updated,
  };
  options.onResult?.(result);
  if (options.junit !== undefined) await writeAtomic(resolve(system.cwd, options.junit), junitXml(suites));
  return result;
}

/**
 * Tests, then again whenever a suite, a module, a configuration or (in a project) a source is saved, until the system's signal
 * aborts; sources are built first. Failures, also of a build, are reported and do not end the watch.
 */
export async function watchTests(
  options: TestOptions,
  system: SystemContext,
  onOutcome: (outcome: TestResult | WasmeError) => void,
): Promise<void> {
  const project = await findProject(system.cwd, system);
  const { watchSuites } = await import('./suite/watch.ts');
  const { isNeverInput } = await import('./toolchains/inputs.ts');
  const { startBuilds } = await import('./toolchains/watch/watched-builds.ts');
  const builds = await startBuilds(project === undefined ? [] : [project.dir], system);
  for (const failure of builds.failures) onOutcome(failure);
  // A build that makes something new changes the module, which is watched.
  builds.listen({ onBuilt: () => undefined, onFailure: onOutcome });
  const play = async (): Promise<void> => {
    try {
      await test({ ...options, onResult: onOutcome }, system);
    } catch (error) {
      if (!system.signal.aborted) onOutcome(asFailure(error));
    }
  };
  const watch = { named: options.files ?? [], project, cwd: system.cwd, ignore: isNeverInput };
  try {
    await watchSuites({ ...watch, signal: system.signal }, play);
  } finally {
    await builds.stop();
  }
}

interface PlayedSuite {
  readonly cases: readonly CaseResult[];
  /** The values that an update would write. */
  readonly edits: readonly SuiteEdit[];
}

async function playSuite(
  file: string,
  project: LoadedProject | undefined,
  runners: readonly SuiteRunner[],
  { matrix = false }: TestOptions,
  system: SystemContext,
): Promise<PlayedSuite> {
  const suite = await loadSuite(file);
  const subject = await openSuiteSubject(suite, file, project);
  const cases: CaseResult[] = [];
  const edits: SuiteEdit[] = [];
  const asCut = matrix ? chunkings : (['whole'] as const);
  const total = suite.cases.length * runners.length * asCut.length;
  const task = system.reporter.task(basename(file), { total, unit: 'items', transient: true });
  try {
    for (const [index, testCase] of suite.cases.entries()) {
      for (const runner of runners) {
        for (const cut of asCut) {
          system.signal.throwIfAborted();
          const played = await runner.play(testCase, subject, cut);
          task.advance(1);
          const variant = [...(runners.length > 1 ? [runner.text] : []), ...(matrix ? [cut] : [])].join(', ');
          const name = variant === '' ? testCase.name : `${testCase.name} (${variant})`;
          cases.push({ ...played.result, name });
          edits.push(...played.edits.map(({ path, value }) => ({ path: ['cases', index, ...path], value })));
        }
      }
    }
  } finally {
    task.done();
  }
  return { cases, edits };
}
