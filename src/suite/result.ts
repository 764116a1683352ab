/** What became of a case, wherever it was played. */

export interface CaseResult {
  readonly name: string;
  /** `skipped`: it could not be played there; nothing is known about it. */
  readonly status: 'passed' | 'failed' | 'skipped';
  /** What differs or went wrong; empty when the case passed. */
  readonly problems: readonly string[];
  /** What was not checked, and why: of a real Envoy, not everything can be asked. */
  readonly skipped: readonly string[];
  /** What the host has to say about the filter. */
  readonly notes: readonly string[];
  /** Wall time; virtual time is another matter. */
  readonly durationMs: number;
}
