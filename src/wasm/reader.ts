/** Reads a WebAssembly binary byte by byte. Every read is bounds-checked: the bytes come from anywhere. */
import { WasmeError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export class BinaryReader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    const value = this.bytes[this.offset];
    if (value === undefined || this.offset >= this.end) this.fail('unexpected end');
    this.offset++;
    return value;
  }

  /** Unsigned LEB128, at most 32 bits. */
  u32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const value = this.byte();
      if (shift === 28 && (value & 0xf0) !== 0) this.fail('integer too large');
      result += (value & 0x7f) * 2 ** shift;
      if ((value & 0x80) === 0) return result;
    }
    return this.fail('integer too long');
  }

  /** Skips a LEB128 number of up to 64 bits, signed or not. */
  skipLeb(): void {
    for (let count = 0; count < 10; count++) if ((this.byte() & 0x80) === 0) return;
    this.fail('integer too long');
  }

  /** A count of items that take at least one byte each, so a huge count in a small file is refused. */
  count(): number {
    const value = this.u32();
    if (value > this.end - this.offset) this.fail(`count ${value} is more than the bytes that are left`);
    return value;
  }

  slice(length: number): Uint8Array {
    if (length > this.end - this.offset) this.fail(`${length} bytes wanted, ${this.end - this.offset} left`);
    const part = this.bytes.subarray(this.offset, this.offset + length);
    this.offset += length;
    return part;
  }

  name(): string {
    const part = this.slice(this.u32());
    try {
      return utf8.decode(part);
    } catch {
      return this.fail('a name is not UTF-8');
    }
  }

  /** A reader of the next `length` bytes, which this one skips. */
  part(length: number): BinaryReader {
    const start = this.offset;
    this.slice(length);
    return new BinaryReader(this.bytes, start, start + length);
  }

  fail(problem: string): never {
    throw new WasmeError(
      'WASM_INVALID',
      `Failed to parse corrupted Wasm module: ${problem} at byte ${this.offset}`,
      {
        hint: 'build the module again, or fetch it again: it was cut or changed on the way',
        details: { offset: this.offset },
      },
    );
  }
}
