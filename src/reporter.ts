/** Lets library code report what it is doing. The command line decides whether and how that is shown. */

/** One running piece of work: a transfer, a build. Ended exactly once, by `done` or `fail`. */
export interface Task {
  /** Adds to what is done, in the unit that `total` was given in (bytes for transfers). */
  advance(amount: number): void;
  done(note?: string): void;
  fail(note?: string): void;
}

export interface TaskOptions {
  /** Total amount when known; bytes when `unit` is 'bytes'. */
  readonly total?: number;
  readonly unit?: 'bytes' | 'items';
  /** Shown only while it runs: its result is reported in another way. */
  readonly transient?: boolean;
}

export interface Reporter {
  /** Reports a step that the user wants to read. */
  info(message: string): void;
  /** Shown with --verbose only: command lines, requests (already redacted by the caller). */
  detail(message: string): void;
  /** Something that works but should be changed. */
  warn(message: string, hint?: string): void;
  task(label: string, options?: TaskOptions): Task;
}

const silentTask: Task = { advance() {}, done() {}, fail() {} };

/** Says nothing. The default of the public API. */
export const silentReporter: Reporter = { info() {}, detail() {}, warn() {}, task: () => silentTask };
