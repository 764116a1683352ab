/** Ctrl-C, SIGTERM and a closed terminal: the first aborts the work, a second ends the process, and a busy main thread stops neither. */
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { endBySignal } from './end-by-signal.ts';
import { childIds } from '../../../src/io/process/children.ts';
import { builtFile } from '../../../src/io/files/paths.ts';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Holds the memory that the signal thread shares with the main thread, and the signals to handle. */
export interface SignalWatch {
  /** After a signal the main thread counts up here for as long as it lives. */
  readonly beats: Int32Array;
  readonly childIds: Int32Array;
  /** Numbers of the signals. */
  readonly signals: readonly number[];
}

/** Interval at which the main thread counts up `beats` after a signal. */
const beatMs = 50;

/**
 * Aborts `interrupt` at the first signal, and ends the process at the second. Resolves when the thread watches and the
 * handlers are there: until then a signal ends the process in the system's own way.
 */
export async function handleSignals(interrupt: AbortController): Promise<void> {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  await startThread({ beats, childIds, signals: names.map(name => constants.signals[name]) });
  const beat = (): void => void Atomics.add(beats, 0, 1);
  for (const name of names) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(130);
      beat();
      setInterval(beat, beatMs).unref();
      interrupt.abort();
    });
  }
  process.once('exit', () => {
    if (interrupt.signal.aborted && process.getActiveResourcesInfo().some(isOfThreadPool)) endBySignal();
  });
}

/** Node waits for them at its end, which may never come: a name server, a network disk, a pipe that has no reader. */
function isOfThreadPool(resource: string): boolean {
  return /^(FS|GetAddrInfo|GetNameInfo)Req/.test(resource);
}

/** Starts the signal thread. If it cannot start, the main thread handles signals alone. */
async function startThread(watch: SignalWatch): Promise<void> {
  const thread = new Worker(builtFile('commands/ui/signals/signal-thread'), {
    workerData: watch,
    execArgv: [],
  });
  thread.unref();
  await new Promise<void>(resolve => {
    thread
      .once('message', resolve)
      .once('error', () => resolve())
      .once('exit', () => resolve());
  });
}
