/** Filter state of one stream: what a filter sets with `set_property` and later ones read. */
import type { ByteString } from './types.ts';
import type { StateEntry, StateMap } from './context.ts';

export class StreamState implements StateMap {
  private readonly values = new Map<ByteString, StateEntry>();

  get(name: ByteString): StateEntry | undefined {
    return this.values.get(name);
  }

  set(name: ByteString, entry: StateEntry): void {
    this.values.set(name, entry);
  }

  entries(): Iterable<[ByteString, StateEntry]> {
    return this.values;
  }
}
