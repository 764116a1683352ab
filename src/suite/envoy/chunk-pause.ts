/** The time between two chunks on a socket of a suite, so that a real Envoy receives the second apart from the first. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Chunks that a suite states must not be joined. */
const statedPauseMs = 40;
/** A body that is cut for variety is long, and may be joined on a busy machine. */
const cutPauseMs = 5;

export async function pauseAfterChunk(message: {
  readonly chunks?: readonly string[] | undefined;
}): Promise<void> {
  if (message.chunks === undefined) await sleep(cutPauseMs);
  else await sleep(statedPauseMs);
}
