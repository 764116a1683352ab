/** Decides whether a filter may refuse to start: the case expects it, or fails. */

/** Returns the problem of a start that is not as the case expects it. `refusal`: why the filter did not start. */
export function refusalProblems(refusal: string | undefined, isExpected: boolean): string[] {
  if (refusal !== undefined) return isExpected ? [] : [`the filter did not start: ${refusal}`];
  return isExpected ? ['the filter must refuse to start, but it started'] : [];
}
