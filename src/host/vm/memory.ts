/** The one door to a guest's memory. Growth detaches the buffer, so the views are looked up again after every guest call. */
import { emptyBytes, toByteString } from '../encoding/bytes.ts';
import type { ByteString } from '../types.ts';

/** A power of two. */
const keptTexts = 512;
const longestKept = 48;

export class GuestMemory {
  readonly #kept: string[] = new Array<string>(keptTexts).fill('');
  readonly #memory: WebAssembly.Memory;
  #current: Uint8Array = emptyBytes;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** All of it, valid until the guest runs again. A detached array has length 0, which is how growth is noticed. */
  get bytes(): Uint8Array {
    if (this.#current.length === 0) {
      this.#current = new Uint8Array(this.#memory.buffer);
      this.#view = new DataView(this.#memory.buffer);
    }
    return this.#current;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  /** Both unsigned. An empty range is valid anywhere up to the end. */
  holds(pointer: number, size: number): boolean {
    return pointer + size <= this.bytes.length;
  }

  copy(pointer: number, size: number): Uint8Array {
    return this.bytes.slice(pointer, pointer + size);
  }

  /** Names and short values come again with every request: the last string of each hash is kept and compared. */
  text(pointer: number, size: number): ByteString {
    const { bytes } = this;
    const end = pointer + size;
    if (size > longestKept) return toByteString(bytes, pointer, end);
    let hash = size;
    for (let i = pointer; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const slot = hash & (keptTexts - 1);
    const kept = this.#kept[slot] as string;
    if (kept.length === size && sameText(bytes, pointer, kept)) return kept;
    const text = toByteString(bytes, pointer, end);
    this.#kept[slot] = text;
    return text;
  }

  write(pointer: number, data: Uint8Array): void {
    this.bytes.set(data, pointer);
  }

  writeText(pointer: number, text: ByteString): void {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) bytes[pointer + i] = text.charCodeAt(i);
  }

  /** Range must have been checked. */
  u32(pointer: number): number {
    const { bytes } = this;
    return bytes.length === 0 ? 0 : this.#view.getUint32(pointer, true);
  }

  /** False when the cell is out of range. */
  setU32(pointer: number, value: number): boolean {
    if (pointer + 4 > this.bytes.length) return false;
    this.#view.setUint32(pointer, value, true);
    return true;
  }

  setU64(pointer: number, value: bigint): boolean {
    if (pointer + 8 > this.bytes.length) return false;
    this.#view.setBigUint64(pointer, BigInt.asUintN(64, value), true);
    return true;
  }
}

function sameText(bytes: Uint8Array, at: number, text: ByteString): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
