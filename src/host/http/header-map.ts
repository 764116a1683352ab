/** Ordered header list of byte strings: duplicates kept, names lower-case. What Envoy's HeaderMap shows to a filter. */
import type { ByteString } from '../encoding/bytes.ts';

export type HeaderEntry = [name: ByteString, value: ByteString];

/** Names must be given in lower case, except to the methods that say so. */
export class HeaderMap {
  entries: HeaderEntry[];

  constructor(entries: HeaderEntry[] = []) {
    this.entries = entries;
  }

  get size(): number {
    return this.entries.length;
  }

  /** The first value of a name. */
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

  /** Removes every entry of the name and puts one at the end. */
  set(name: ByteString, value: ByteString): void {
    this.delete(name);
    this.entries.push([name, value]);
  }

  delete(name: ByteString): void {
    if (this.has(name)) this.entries = this.entries.filter(entry => entry[0] !== name);
  }

  /** Σ length of names and values. */
  byteSize(): number {
    let total = 0;
    for (const [name, value] of this.entries) total += name.length + value.length;
    return total;
  }

  clone(): HeaderMap {
    return new HeaderMap(this.entries.map(([name, value]) => [name, value]));
  }
}
