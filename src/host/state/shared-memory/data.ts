/** Shared data for several threads, over shared memory. */
import { placeOf, type SharedData, type SharedValue } from '../shared-data.ts';
import type { ByteString } from '../../types.ts';
import { load, release, store } from './blocks.ts';
import type { SharedMemory } from './memory.ts';
import { findEntry, kinds, makeEntry, roots } from './table.ts';

const blockField = 0;
const lengthField = 1;
const casField = 2;

/** As `LocalSharedData`, with one compare-and-swap counter for all threads. `set` fails with WASM_TRAP when the memory is full. */
export class ThreadSharedData implements SharedData {
  readonly #memory: SharedMemory;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
  }

  get(vmId: string, key: ByteString): SharedValue | undefined {
    const memory = this.#memory;
    const { words } = memory;
    const place = placeOf(vmId, key);
    return memory.exclusive(() => {
      const fields = findEntry(memory, kinds.data, place);
      if (fields === 0) return undefined;
      const block = words[fields + blockField] as number;
      const length = words[fields + lengthField] as number;
      return { value: load(memory, block, length), cas: (words[fields + casField] as number) >>> 0 };
    });
  }

  set(vmId: string, key: ByteString, value: Uint8Array, cas: number): boolean {
    const memory = this.#memory;
    const { words } = memory;
    const place = placeOf(vmId, key);
    return memory.exclusive(() => {
      const known = findEntry(memory, kinds.data, place);
      if (known !== 0 && cas !== 0 && (words[known + casField] as number) >>> 0 !== cas) return false;
      const fields = known === 0 ? makeEntry(memory, kinds.data, place) : known;
      const before = words[fields + blockField] as number;
      const last = (words[roots.lastCas] as number) >>> 0;
      const next = last === 0xffffffff ? 1 : last + 1;
      memory.put(fields + blockField, store(memory, value));
      memory.put(fields + lengthField, value.length);
      memory.put(fields + casField, next);
      memory.put(roots.lastCas, next);
      if (before !== 0) release(memory, before);
      return true;
    });
  }
}
