/** Writes a stream of small chunks to a file in few large writes, while the next chunks arrive. */
import type { FileHandle } from 'node:fs/promises';
import { pieceBytes } from '../target.ts';

/**
 * From this size on the operating system is asked to start writing, so that the flush at the end waits for the last part
 * only.
 */
const flushBytes = 16 * 1024 * 1024;

/** Writes to one file, which it does not close. Bytes arrive in order; a failed write fails the next call. */
export class BufferedWriter {
  readonly #file: FileHandle;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #sinceFlush = 0;
  /** At most one write at a time, which bounds the memory and keeps the order. */
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Keeps the chunk itself: the caller must not change it afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    if (this.#heldBytes >= pieceBytes) await this.#writeHeld();
  }

  /** Waits until the operating system has everything. */
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
    // The next call waits for it and throws its failure.
    this.#writing.catch(() => undefined);
    if (this.#sinceFlush < flushBytes) return;
    this.#sinceFlush = 0;
    // Ignored: the flush at the end fails again, and that failure is reported.
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
