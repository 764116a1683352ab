/**
 * The one way to a guest's memory. Addresses and sizes are taken as the engine gives an i32, signed. Growth detaches the
 * buffer, so the views are looked up again after every guest call.
 */
import { emptyBytes, toByteString } from '../encoding/bytes.ts';
import type { ByteString } from '../types.ts';

/** Slots of the table of kept texts; a power of two. */
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

  /** Returns all of the memory, valid until the guest runs again. A detached array has length 0: that shows growth. */
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

  /** Returns true when the range lies in memory. An empty range does anywhere up to the end. */
  holds(pointer: number, size: number): boolean {
    return unsigned(pointer) + unsigned(size) <= this.bytes.length;
  }

  /** Returns a copy of a range that `holds` has accepted. */
  copy(pointer: number, size: number): Uint8Array {
    const start = unsigned(pointer);
    return this.bytes.slice(start, start + unsigned(size));
  }

  /**
   * Returns a range that `holds` has accepted as text, one character a byte. Names and short values are the same in every
   * request: the last string of each hash is kept and compared.
   */
  text(pointer: number, size: number): ByteString {
    const { bytes } = this;
    const start = unsigned(pointer);
    const end = start + unsigned(size);
    if (end - start > longestKept) return toByteString(bytes, start, end);
    let hash = size;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const slot = hash & (keptTexts - 1);
    const kept = this.#kept[slot] as string;
    if (kept.length === size && sameText(bytes, start, kept)) return kept;
    const text = toByteString(bytes, start, end);
    this.#kept[slot] = text;
    return text;
  }

  /** Writes bytes into a range that `holds` has accepted. */
  write(pointer: number, data: Uint8Array): void {
    this.bytes.set(data, unsigned(pointer));
  }

  /** Writes text, one byte a character, into a range that `holds` has accepted. */
  writeText(pointer: number, text: ByteString): void {
    const { bytes } = this;
    const start = unsigned(pointer);
    for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  }

  /** Returns the little-endian u32 of a cell that `holds` has accepted. */
  u32(pointer: number): number {
    const { bytes } = this;
    return bytes.length === 0 ? 0 : this.#view.getUint32(unsigned(pointer), true);
  }

  /** Writes a little-endian u32; returns false, and writes nothing, when the cell does not lie in memory. */
  setU32(pointer: number, value: number): boolean {
    const start = unsigned(pointer);
    if (start + 4 > this.bytes.length) return false;
    this.#view.setUint32(start, value, true);
    return true;
  }

  /** Writes a little-endian u64; returns false, and writes nothing, when the cell does not lie in memory. */
  setU64(pointer: number, value: bigint): boolean {
    const start = unsigned(pointer);
    if (start + 8 > this.bytes.length) return false;
    this.#view.setBigUint64(start, BigInt.asUintN(64, value), true);
    return true;
  }
}

/** Reads a signed i32 as the address or size it means. Sums above 2³² stay what they are and lie outside any memory. */
function unsigned(value: number): number {
  return value < 0 ? value + 0x1_0000_0000 : value;
}

function sameText(bytes: Uint8Array, at: number, text: ByteString): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
