/**
 * Memory that several threads work on: a lock, and a journal that takes back what was half done when its thread was
 * stopped in the middle or ran out of stack. Changes of single words go through `put`; nothing else here is undone.
 */
import { WasmeError } from '../../../errors.ts';

/** At the start of a run; it grows on demand. */
const initialBytes = 1024 * 1024;
/**
 * The largest memory for values, queue items and metrics of all workers. Envoy has no cap; here a queue that is never
 * emptied must not grow without a limit.
 */
export const maxSharedBytes = 256 * 1024 * 1024;

/** One operation changes about a dozen words. */
const maxJournal = 64;

/** Tries before a thread goes to sleep: the lock is held for about a microsecond. */
const spins = 100;
/** A sleeper looks again after so long, should a wake-up have been lost with its thread. */
const napMs = 10;

/** Frames that must fit on the stack before work begins: a guest may have used nearly all of it. */
const reservedFrames = 100;

/** Words at the front, each area after the one before. */
const lockWord = 0;
const sleepersWord = 1;
const journalLengthWord = 2;
const journalWord = 3;
/** First word that the users of the memory may lay out. */
export const freeWord = journalWord + 2 * maxJournal + 1;

/** Makes the memory that a supervisor gives to every thread; all zeroes is empty. */
export function newSharedBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(initialBytes, { maxByteLength: maxSharedBytes });
}

/** One thread's access to the memory. A page's main thread cannot use it: it may not wait. */
export class SharedMemory {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly thread: number;
  readonly #buffer: SharedArrayBuffer;

  /** `thread` is positive and different for every thread that ever works on this buffer. */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    this.#buffer = buffer;
    this.thread = thread;
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** Runs `work` while it holds the lock; undoes its changes when it throws. Not re-entrant. */
  exclusive<Result>(work: () => Result): Result {
    reserveStack(reservedFrames);
    this.#lock();
    try {
      return work();
    } catch (error) {
      this.#undo();
      throw error;
    } finally {
      this.words[journalLengthWord] = 0;
      this.#unlock();
    }
  }

  /** Changes a word and records its old value, so that the change can be undone. Inside `exclusive` only. */
  put(at: number, value: number): void {
    const { words } = this;
    const length = words[journalLengthWord] as number;
    if (length === maxJournal) throw new WasmeError('INTERNAL', 'the journal of the shared memory is full');
    words[journalWord + 2 * length] = at;
    words[journalWord + 2 * length + 1] = words[at] as number;
    words[journalLengthWord] = length + 1;
    // Atomic, so that readers outside the lock see what was written before it.
    Atomics.store(words, at, value);
  }

  /** Grows the memory to at least `words` words. Fails with WASM_TRAP. */
  reach(words: number): void {
    const bytes = words * 4;
    if (bytes <= this.#buffer.byteLength) return;
    if (bytes > maxSharedBytes) {
      throw new WasmeError(
        'WASM_TRAP',
        `shared data, queues and metrics of all workers take more than ${maxSharedBytes / 1024 / 1024} MiB`,
        { hint: 'queues that no filter empties and keys that are never used again fill it' },
      );
    }
    this.#buffer.grow(Math.min(maxSharedBytes, Math.max(bytes, this.#buffer.byteLength * 2)));
  }

  /**
   * Cleans up after a thread that has ended: if it held the lock, undoes its half-done work, frees the lock and returns
   * true.
   */
  recover(thread: number): boolean {
    if (Atomics.compareExchange(this.words, lockWord, thread, this.thread) !== thread) return false;
    this.#undo();
    this.#unlock();
    return true;
  }

  #lock(): void {
    const { words, thread } = this;
    for (let tries = 0; ; tries++) {
      const holder = Atomics.compareExchange(words, lockWord, 0, thread);
      if (holder === 0) return;
      if (tries < spins) continue;
      Atomics.add(words, sleepersWord, 1);
      Atomics.wait(words, lockWord, holder, napMs);
      Atomics.sub(words, sleepersWord, 1);
    }
  }

  #unlock(): void {
    Atomics.store(this.words, lockWord, 0);
    if (Atomics.load(this.words, sleepersWord) > 0) Atomics.notify(this.words, lockWord, 1);
  }

  #undo(): void {
    const { words } = this;
    for (let entry = (words[journalLengthWord] as number) - 1; entry >= 0; entry--) {
      const at = words[journalWord + 2 * entry] as number;
      Atomics.store(words, at, words[journalWord + 2 * entry + 1] as number);
      words[journalLengthWord] = entry;
    }
  }
}

/** Throws the engine's RangeError when so many frames do not fit, before anything was touched. */
function reserveStack(frames: number): number {
  return frames === 0 ? 0 : 1 + reserveStack(frames - 1);
}
