/** A body as a list of chunks: appended without copying, copied once when a guest reads it. */
import { concat } from '../../wasm/writer.ts';
import { emptyBytes } from '../encoding/bytes.ts';

export class BodyBuffer {
  #chunks: Uint8Array[] = [];
  length = 0;

  static of(data: Uint8Array): BodyBuffer {
    const body = new BodyBuffer();
    body.append(data);
    return body;
  }

  append(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#chunks.push(data);
    this.length += data.length;
  }

  prepend(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#chunks.unshift(data);
    this.length += data.length;
  }

  /** Moves all chunks of `other` to the end of this body. */
  moveFrom(other: BodyBuffer): void {
    if (this.#chunks.length === 0) this.#chunks = other.#chunks;
    else for (const chunk of other.#chunks) this.#chunks.push(chunk);
    this.length += other.length;
    other.clear();
  }

  clear(): void {
    this.#chunks = [];
    this.length = 0;
  }

  /** Drops the first `count` bytes. */
  drain(count: number): void {
    let left = count;
    while (left > 0) {
      const first = this.#chunks[0];
      if (first === undefined) return;
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left);
        this.length -= left;
        return;
      }
      this.#chunks.shift();
      this.length -= first.length;
      left -= first.length;
    }
  }

  /** Copies `length` bytes from `start` into `target`; the range must be inside. */
  copyTo(target: Uint8Array, offset: number, start: number, length: number): void {
    let skip = start;
    let left = length;
    let at = offset;
    for (let i = 0; i < this.#chunks.length && left > 0; i++) {
      const chunk = this.#chunks[i] as Uint8Array;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const size = Math.min(chunk.length - skip, left);
      target.set(skip === 0 && size === chunk.length ? chunk : chunk.subarray(skip, skip + size), at);
      at += size;
      left -= size;
      skip = 0;
    }
  }

  /** Empties the body and returns its bytes; copies nothing when it is one chunk. */
  take(): Uint8Array {
    const [first] = this.#chunks;
    const whole =
      first === undefined
        ? emptyBytes
        : this.#chunks.length === 1
          ? first
          : concat(this.#chunks, this.length);
    this.clear();
    return whole;
  }

  toBytes(): Uint8Array {
    return concat(this.#chunks, this.length);
  }
}
