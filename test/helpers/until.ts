/** Waiting for what comes sooner or later, on whatever machine. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Only what never comes is waited for that long: below the time that a test has, so that this is what fails. */
const limitMs = 60_000;

/** Returns the first result of `look` that is not undefined, null or false. Throws after `limitMs` with the text of `state`. */
export async function until<T>(look: () => T | Promise<T>, state: () => string): Promise<NonNullable<T>> {
  for (const deadline = performance.now() + limitMs; ; await sleep(10)) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`it did not come: ${state()}`);
  }
}
