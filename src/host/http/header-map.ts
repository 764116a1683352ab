/** Ordered header list of byte strings: duplicates kept, names lower-case. What Envoy's HeaderMap shows to a filter. */
import type { ByteString } from '../encoding/bytes.ts';

export type HeaderEntry = [name: ByteString, value: ByteString];

/** Holds the entries in order. All methods take names in lower case. */
export class HeaderMap {
  entries: HeaderEntry[];

  constructor(entries: HeaderEntry[] = []) {
    this.entries = entries;
  }

  get size(): number {
    return this.entries.length;
  }

  /** Returns the first value of a name. */
  get(name: ByteString): ByteString | undefined {
    for (const entry of this.entries) if (entry[0] === name) return entry[1];
    return undefined;
  }

  getAll(name: ByteString): ByteString[] {
    return this.entries.filter(entry => entry[0] === name).map(entry => entry[1]);
  }

  has(name: ByteString): boolean {
    return this.get(name) !== undefined;
  }

  append(name: ByteString, value: ByteString): void {
    this.entries.push([name, value]);
  }

  /** Removes every entry of the name and appends one. */
  set(name: ByteString, value: ByteString): void {
    this.delete(name);
    this.entries.push([name, value]);
  }

  delete(name: ByteString): void {
    if (this.has(name)) this.entries = this.entries.filter(entry => entry[0] !== name);
  }

  /** Returns the bytes of all names and values. */
  byteSize(): number {
    let total = 0;
    for (const [name, value] of this.entries) total += name.length + value.length;
    return total;
  }

  clone(): HeaderMap {
    return new HeaderMap(this.entries.map(([name, value]) => [name, value]));
  }
}
