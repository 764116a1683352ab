/** Processes that a test has started, or that those have started. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Ended processes of others are seen until their parent has asked for them. */
export async function isGone(pid: number, limitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += 20) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(20);
  }
  return false;
}
