/** Finds the parts of a case that only the bundled host can play or observe; they are reported as skipped, with the reason. */
import type { CasePath } from '../expectations/compare.ts';
import type { Case, Expectation } from '../file/schema.ts';

export interface Unsupported {
  /** Why the case cannot be played at all. */
  readonly whole: string | undefined;
  /** Expectations that are left out, one line each. */
  readonly parts: readonly string[];
  /** The expectations that are left. */
  readonly expect: Expectation;
}

/** `histograms` are metrics whose values Envoy does not show. */
export function unsupportedIn(testCase: Case, histograms: readonly string[] = []): Unsupported {
  const { expect = {} } = testCase;
  const parts: string[] = [];
  const skip = (path: CasePath, reason: string): void => void parts.push(`${path.join('.')}: ${reason}`);
  let { response, metrics } = expect;
  if (response?.details !== undefined) {
    response = { ...response, details: undefined };
    skip(['expect', 'response', 'details'], 'a client does not see it');
  }
  for (const name of histograms) {
    const { [name]: value, ...rest } = metrics ?? {};
    if (value === undefined) continue;
    metrics = rest;
    skip(['expect', 'metrics', name], 'Envoy does not tell how often a histogram was recorded');
  }
  let { callouts } = expect;
  const refused = Object.entries(testCase.callouts ?? {}).filter(([, answers]) =>
    [answers].flat().some(answer => 'fails' in answer && answer.fails === 'refused'),
  );
  if (callouts !== undefined && refused.length > 0) {
    callouts = undefined;
    skip(['expect', 'callouts'], 'who refuses a connection does not see the call');
  }
  return { whole: unplayable(testCase), parts, expect: { ...expect, response, metrics, callouts } };
}

function unplayable({ advanceMs, request, callouts = {} }: Case): string | undefined {
  if (advanceMs !== undefined) return 'advanceMs: time cannot be moved in a real Envoy';
  if (request?.scheme === 'https') return 'request.scheme: the suite speaks plain HTTP to a real Envoy';
  for (const [cluster, answers] of Object.entries(callouts)) {
    const fails = [answers].flat().map(answer => ('fails' in answer ? answer.fails : undefined));
    if (fails.includes('unavailable')) {
      return `callouts.${cluster}: a cluster that takes no call cannot be arranged in a real Envoy`;
    }
    if (fails.includes('refused') && new Set(fails).size > 1) {
      return `callouts.${cluster}: a real server cannot refuse one connection and take another`;
    }
  }
  return undefined;
}
