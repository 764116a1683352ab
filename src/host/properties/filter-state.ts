/** The filter state of one stream: values that a filter sets with `set_property` and later filters read. */
import type { ByteString } from '../types.ts';

export interface StateEntry {
  readonly value: ByteString | Uint8Array;
  readonly readOnly: boolean;
  /** Declared to be a string: expressions see text, not bytes. */
  readonly text?: boolean;
}

/** The values by name, which all filters of a stream share. */
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
