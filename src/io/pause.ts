/** Waiting, so that Ctrl-C ends it. */
import { interrupted } from '../errors.ts';
import { startTimer } from './timer.ts';

/** Fails with INTERRUPTED. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw interrupted();
  let cancel = (): void => undefined;
  let onAbort = (): void => undefined;
  const aborted = new Promise<void>((_resolve, reject) => {
    onAbort = () => reject(interrupted());
    signal.addEventListener('abort', onAbort);
  });
  try {
    await Promise.race([aborted, new Promise<void>(resolve => (cancel = startTimer(ms, resolve)))]);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
