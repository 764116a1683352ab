/** The environment of a verb: passed in, never read from the process, so that a test can replace it. */
import type { Reporter } from '../reporter.ts';

export interface SystemContext {
  /** Absolute; relative operands are resolved against it. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly homeDir: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborted on Ctrl-C; long work passes it on to every child process and request. */
  readonly signal: AbortSignal;
  readonly reporter: Reporter;
}
