/** Gives a command what it needs of the process: streams, environment, and the system context of the verbs. */
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { WasmeError } from '../../src/errors.ts';
import type { SystemContext } from '../../src/io/system-context.ts';
import type { Reporter } from '../../src/reporter.ts';
import { OutputStream, type RawStream } from './output-stream.ts';

export interface Context {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly homeDir: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The same with the streams as the process has them. */
export interface ProcessContext extends Omit<Context, 'stdout' | 'stderr'> {
  readonly stdout: RawStream;
  readonly stderr: RawStream;
  /** From when it resolves, SIGINT, SIGTERM and SIGHUP abort `signal`; before, they end the process. Absent in tests. */
  readonly handleSignals?: () => Promise<void>;
}

/** Puts the streams behind the class that keeps control sequences from elsewhere off the terminal. */
export function commandContext(own: ProcessContext): Context {
  const { stdin, env, platform, homeDir, now, signal } = own;
  return {
    stdin,
    stdout: new OutputStream(own.stdout),
    stderr: new OutputStream(own.stderr),
    get cwd() {
      return own.cwd;
    },
    env,
    platform,
    homeDir,
    now,
    signal,
  };
}

/** The system that a verb of the library takes. */
export function systemContextOf(context: Context, reporter: Reporter): SystemContext {
  const { cwd, env, platform, homeDir, now, signal } = context;
  return { cwd, env, platform, homeDir, now, signal, reporter };
}

/** Returns the context of the real process. An interrupt aborts its `signal`, so that children end and temporary files go. */
export function processContext(): ProcessContext {
  const interrupt = new AbortController();
  // Every child process and request listens to it; many listeners at a time are not a leak.
  setMaxListeners(0, interrupt.signal);
  // A reader that has closed the pipe (`wasme list | head -1`) is not a failure; a full disk is one.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(
      `error[FILE_ACCESS]: cannot write standard output: ${error.code ?? error.message}\n`,
    );
    process.exit(1);
  });
  // A closed stderr must not end the work: only progress and notes are lost.
  process.stderr.on('error', () => undefined);
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    get cwd() {
      return currentFolder();
    },
    env: process.env,
    platform: process.platform,
    homeDir: ownHome(),
    now: Date.now,
    signal: interrupt.signal,
    async handleSignals() {
      const { handleSignals } = await import('./signals/signal-watch.ts');
      await handleSignals(interrupt);
    },
  };
}

/** Asked for by what works with files alone, because it may be gone. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new WasmeError('FILE_NOT_FOUND', 'the current folder has been deleted', {
      hint: 'cd to a folder that is there',
      cause: error,
    });
  }
}

/** Containers run programs as users whom the system does not know: their home is the one that Docker gives them. */
function ownHome(): string {
  try {
    return homedir() || '/';
  } catch {
    return '/';
  }
}
