/** Plays one case in the bundled host and compares the outcome with what the suite expects. */
import type { LogLine } from '../../host/index.ts';
import { type CasePath, type Difference, compare } from '../expectations/compare.ts';
import { recordedExpectation } from '../expectations/record.ts';
import { refusalProblems } from '../expectations/refusal.ts';
import type { Case } from '../file/schema.ts';
import type { CaseOutcome } from '../outcome.ts';
import type { CaseResult } from '../result.ts';
import { type SimulateCaseOptions, simulateCase } from './simulate.ts';

/** An observed value, and where in a case it belongs. */
export interface ExpectationEdit {
  readonly path: CasePath;
  readonly value: unknown;
}

export interface Played {
  readonly result: CaseResult;
  /** The edits that make the case pass: values that differ, or all values when the case expects nothing yet. */
  readonly edits: readonly ExpectationEdit[];
}

/** Fails with WASM_INVALID or WASM_ABI when no case could load the module. */
export async function playCase(testCase: Case, options: SimulateCaseOptions): Promise<Played> {
  const startedMs = performance.now();
  const { outcome, refusal, isStuck, trap, logs } = await simulateCase(testCase, options);
  const { refused = false, ...expected } = testCase.expect ?? {};
  const faults = [
    ...refusalProblems(refusal, refused),
    ...(isStuck && expected.response !== null
      ? ['the stream is paused, and the filter never resumes it']
      : []),
    ...(trap === undefined ? [] : [`the filter trapped: ${trap}`]),
    ...lengthProblems(outcome, testCase.request?.method),
  ];
  // A filter that did not start has nothing to compare, unless that is expected.
  const differences = refusal === undefined || refused ? compare(expected, outcome) : [];
  const problems = [...faults, ...differences.map(({ text }) => text)];
  return {
    result: {
      name: testCase.name,
      status: problems.length > 0 ? 'failed' : 'passed',
      problems,
      skipped: [],
      notes: logs.filter(({ source }) => source === 'host').map(({ text }) => text),
      logs: problems.length === 0 ? [] : guestLines(logs),
      durationMs: performance.now() - startedMs,
    },
    // A broken filter shows nothing that a suite should expect.
    edits: faults.length > 0 ? [] : editsOf(testCase, differences, outcome),
  };
}

function guestLines(logs: readonly LogLine[]): string[] {
  return logs.filter(({ source }) => source === 'guest').map(({ level, text }) => `${level}: ${text}`);
}

function editsOf(
  testCase: Case,
  differences: readonly Difference[],
  outcome: CaseOutcome,
): ExpectationEdit[] {
  if (testCase.expect === undefined) {
    return [{ path: ['expect'], value: recordedExpectation(testCase, outcome) }];
  }
  return differences.flatMap(({ edit }) => edit ?? []);
}

/** Reports bodies that differ from their content-length: a peer would wait for bytes, or read the rest as another message. */
function lengthProblems({ upstream, response }: CaseOutcome, method: string | undefined): string[] {
  return (
    [
      ['request', upstream],
      // The response to HEAD has the length of a body that does not follow.
      ['response', method === 'HEAD' ? undefined : response],
    ] as const
  ).flatMap(([what, message]) => {
    const length = message?.headers.get('content-length')?.[0];
    if (message === undefined || length === undefined || Number(length) === message.bodyBytes) return [];
    return [`the ${what} that left has content-length ${length} and a body of ${message.bodyBytes} bytes`];
  });
}
