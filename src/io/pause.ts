/** Waiting, so that Ctrl-C ends it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { interrupted } from '../errors.ts';

/** Fails with INTERRUPTED. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw interrupted();
  });
}
