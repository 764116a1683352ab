/** The result of a case, wherever it was played. */

export interface CaseResult {
  readonly name: string;
  /** `skipped`: the case cannot be played there, so nothing is known about it. */
  readonly status: 'passed' | 'failed' | 'skipped';
  /** One line for each difference and fault; empty when the case passed. */
  readonly problems: readonly string[];
  /** Expectations that were not checked, with the reason: a real Envoy does not show everything. */
  readonly skipped: readonly string[];
  /** Messages of the host about the filter, traps with their backtrace among them. */
  readonly notes: readonly string[];
  /** If the case failed, the log lines of the filter in order: `info: text`. A panic is among them. */
  readonly logs: readonly string[];
  /** Real time, not virtual time. */
  readonly durationMs: number;
}
