/** Writes a stream of small chunks to a file in few large writes, while the next chunks come. */
import type { FileHandle } from 'node:fs/promises';
import { pieceBytes } from '../target.ts';

/** From here on the disk is asked to begin with what it has: the flush at the end then waits for the last part only. */
const flushBytes = 16 * 1024 * 1024;

/** For one file, which it does not close. Bytes arrive in order; a failed write fails the next call. */
export class BufferedWriter {
  readonly #file: FileHandle;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #sinceFlush = 0;
  /** At most one write at a time: it bounds the memory, and keeps the order. */
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Takes the chunk as it is: it must not change afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    if (this.#heldBytes >= pieceBytes) await this.#writeHeld();
  }

  /** Until everything is with the operating system. */
  async flush(): Promise<void> {
    await this.#writeHeld();
    await this.#writing;
  }

  async #writeHeld(): Promise<void> {
    await this.#writing;
    const chunks = this.#held;
    this.#sinceFlush += this.#heldBytes;
    this.#held = [];
    this.#heldBytes = 0;
    if (chunks.length === 0) return;
    this.#writing = writeAll(this.#file, chunks);
    // Told by the next call, which waits for it.
    this.#writing.catch(() => undefined);
    if (this.#sinceFlush < flushBytes) return;
    this.#sinceFlush = 0;
    // Its failure comes again from the flush at the end, which is the one that counts.
    this.#file.datasync().catch(() => undefined);
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let left = [...chunks];
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    // A disk that is nearly full, or a signal, may end a write early.
    left = left.flatMap(chunk => {
      const rest = chunk.subarray(Math.min(bytesWritten, chunk.byteLength));
      bytesWritten -= chunk.byteLength - rest.byteLength;
      return rest.byteLength === 0 ? [] : [rest];
    });
  }
}
