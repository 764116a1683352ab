/** Plays one case in the bundled host and compares the outcome with what the suite expects. */
import { type CasePath, type Difference, compare } from '../expectations/compare.ts';
import { recordedExpectation } from '../expectations/record.ts';
import type { Case } from '../file/schema.ts';
import type { CaseOutcome } from '../outcome.ts';
import type { CaseResult } from '../result.ts';
import { type SimulateCaseOptions, simulateCase } from './simulate.ts';

/** Where in a case a seen value belongs. */
export interface ExpectationEdit {
  readonly path: CasePath;
  readonly value: unknown;
}

export interface Played {
  readonly result: CaseResult;
  /** What makes the case pass: values that are expected otherwise, or all of them when nothing was expected. */
  readonly edits: readonly ExpectationEdit[];
}

/** Fails with WASM_INVALID, WASM_ABI or WASM_START when the module does not load. */
export async function playCase(testCase: Case, options: SimulateCaseOptions): Promise<Played> {
  const startedMs = performance.now();
  const { outcome, isStuck, trap, logs } = await simulateCase(testCase, options);
  const faults = [
    ...(isStuck && testCase.expect?.response !== null
      ? ['the stream is paused and nobody will resume it']
      : []),
    ...(trap === undefined ? [] : [`the filter trapped: ${trap}`]),
    ...lengthProblems(outcome, testCase.request?.method),
  ];
  const differences = compare(testCase.expect ?? {}, outcome);
  const problems = [...faults, ...differences.map(({ text }) => text)];
  return {
    result: {
      name: testCase.name,
      status: problems.length > 0 ? 'failed' : 'passed',
      problems,
      skipped: [],
      notes: logs.filter(({ source }) => source === 'host').map(({ text }) => text),
      durationMs: performance.now() - startedMs,
    },
    // A broken filter shows nothing that a suite should expect.
    edits: faults.length > 0 ? [] : editsOf(testCase, differences, outcome),
  };
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

/** A peer would wait for the missing bytes, or take the rest for another message. */
function lengthProblems({ upstream, response }: CaseOutcome, method: string | undefined): string[] {
  return (
    [
      ['request', upstream],
      // The answer to HEAD tells the length of a body that does not follow.
      ['response', method === 'HEAD' ? undefined : response],
    ] as const
  ).flatMap(([what, message]) => {
    const length = message?.headers.get('content-length')?.[0];
    if (message === undefined || length === undefined || Number(length) === message.bodyBytes) return [];
    return [`the ${what} that left has content-length ${length} and a body of ${message.bodyBytes} bytes`];
  });
}
