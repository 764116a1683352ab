/** Filter state of one stream: what a filter sets with `set_property` and later ones read. */
import type { ByteString } from '../types.ts';

export interface StateEntry {
  readonly value: ByteString | Uint8Array;
  readonly readOnly: boolean;
  /** Declared to be a string: expressions see text, not bytes. */
  readonly text?: boolean;
}

/** Shared by all filters of a stream: what `set_property` stores and later ones read. */
export interface StateMap {
  get(name: ByteString): StateEntry | undefined;
  set(name: ByteString, entry: StateEntry): void;
  entries(): Iterable<[ByteString, StateEntry]>;
}

export class FilterState implements StateMap {
  readonly #values = new Map<ByteString, StateEntry>();

  get(name: ByteString): StateEntry | undefined {
    return this.#values.get(name);
  }

  set(name: ByteString, entry: StateEntry): void {
    this.#values.set(name, entry);
  }

  entries(): Iterable<[ByteString, StateEntry]> {
    return this.#values;
  }
}
