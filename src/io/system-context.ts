/** What a verb may know of the world around it. Passed in, never read from the process, so a test can be another world. */
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
