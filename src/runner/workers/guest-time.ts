/**
 * Measures from the supervisor, through shared memory, how long a worker has been in one call of a guest. Time that the system takes
 * away does not count: on a busy machine a thread may wait for a processor longer than a guest may run.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { isInGuest } from '../../host/vm/guest-calls.ts';

/** Words of the buffer: the guest calls of the host, the system's number of the thread (0: unknown). */
const callsWord = 0;
const threadWord = 1;

export function newGuestTimeBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(8);
}

/** Called by the worker: says which thread it is, and gives the word for its host. */
export function shareGuestCalls(buffer: SharedArrayBuffer): Int32Array {
  const words = new Int32Array(buffer);
  words[threadWord] = ownThread();
  return words;
}

/** Linux says which thread it is that asks. Elsewhere the time on the clock is all there is. */
function ownThread(): number {
  try {
    return Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

export class GuestTime {
  readonly #words: Int32Array;
  #call = 0;
  #waitedMs = 0;
  #spentMs = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  /** Milliseconds, in steps of `sinceMs`, the time since the last look: 0 unless both looks saw the same call. */
  look(sinceMs: number): number {
    const call = Atomics.load(this.#words, callsWord);
    const same = call === this.#call && isInGuest(call);
    this.#call = call;
    const waitedMs = isInGuest(call) ? this.#waited() : 0;
    this.#spentMs = same ? this.#spentMs + Math.max(0, sinceMs - (waitedMs - this.#waitedMs)) : 0;
    this.#waitedMs = waitedMs;
    return this.#spentMs;
  }

  /** Time for which the thread could have run and had no processor, ever. */
  #waited(): number {
    const thread = this.#words[threadWord];
    if (thread === 0) return 0;
    try {
      const [, waitedNs] = readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ');
      return Number(waitedNs) / 1e6;
    } catch {
      return this.#waitedMs;
    }
  }
}
