/** Shared queues for several threads, over shared memory. */
import { placeOf } from '../shared-data.ts';
import type { SharedQueues } from '../shared-queue.ts';
import type { ByteString } from '../../types.ts';
import { allocate, load, release } from './blocks.ts';
import type { SharedMemory } from './memory.ts';
import { findEntry, kinds, makeEntry, roots } from './table.ts';

const tokenField = 0;
/** The thread that registered last. */
const threadField = 1;
const headField = 2;
const tailField = 3;
const nextQueueField = 4;

/** A queued item: the next one, its length, its bytes. */
const itemNext = 0;
const itemLength = 1;
const itemBytes = 2;

export interface QueueSignals {
  /** Runs a callback in this thread, after the present guest call has ended. */
  readonly post: (callback: () => void) => void;
  /** Makes another thread call `notified(token)`. */
  readonly send: (thread: number, token: number) => void;
}

/** As `LocalSharedQueues`; the thread whose root registered last is notified. `enqueue` fails with WASM_TRAP when the memory is full. */
export class ThreadSharedQueues implements SharedQueues {
  readonly #memory: SharedMemory;
  readonly #signals: QueueSignals;
  /** Roots of this thread that registered. */
  readonly #ready = new Map<number, (token: number) => void>();
  /** Token → fields, once looked up: queues stay where they are. */
  readonly #places = new Map<number, number>();

  constructor(memory: SharedMemory, signals: QueueSignals) {
    this.#memory = memory;
    this.#signals = signals;
  }

  register(vmId: string, name: ByteString, ready: (token: number) => void): number {
    const memory = this.#memory;
    const place = placeOf(vmId, name);
    const token = memory.exclusive(() => {
      const { words } = memory;
      let fields = findEntry(memory, kinds.queue, place);
      if (fields === 0) {
        fields = makeEntry(memory, kinds.queue, place);
        const made = (words[roots.lastToken] as number) + 1;
        memory.put(roots.lastToken, made);
        memory.put(fields + tokenField, made);
        memory.put(fields + nextQueueField, words[roots.firstQueue] as number);
        memory.put(roots.firstQueue, fields);
      }
      memory.put(fields + threadField, memory.thread);
      return words[fields + tokenField] as number;
    });
    this.#ready.set(token, ready);
    return token;
  }

  resolve(vmId: string, name: ByteString): number | undefined {
    const memory = this.#memory;
    const place = placeOf(vmId, name);
    return memory.exclusive(() => {
      const fields = findEntry(memory, kinds.queue, place);
      return fields === 0 ? undefined : memory.words[fields + tokenField];
    });
  }

  enqueue(token: number, data: Uint8Array): boolean {
    const memory = this.#memory;
    const { words } = memory;
    const thread = memory.exclusive(() => {
      const fields = this.#find(token);
      if (fields === 0) return 0;
      const item = allocate(memory, itemBytes * 4 + data.length);
      words[item + itemNext] = 0;
      words[item + itemLength] = data.length;
      memory.bytes.set(data, (item + itemBytes) * 4);
      const tail = words[fields + tailField] as number;
      memory.put(tail === 0 ? fields + headField : tail + itemNext, item);
      memory.put(fields + tailField, item);
      return words[fields + threadField] as number;
    });
    if (thread === 0) return false;
    if (thread === memory.thread) this.#signals.post(() => this.notified(token));
    else this.#signals.send(thread, token);
    return true;
  }

  dequeue(token: number): Uint8Array | null | undefined {
    const memory = this.#memory;
    const { words } = memory;
    return memory.exclusive(() => {
      const fields = this.#find(token);
      if (fields === 0) return undefined;
      const item = words[fields + headField] as number;
      if (item === 0) return null;
      const data = load(memory, item + itemBytes, words[item + itemLength] as number);
      const next = words[item + itemNext] as number;
      memory.put(fields + headField, next);
      if (next === 0) memory.put(fields + tailField, 0);
      release(memory, item);
      return data;
    });
  }

  /** Calls the root that registered a queue of this thread, because an item was added; never called inside a guest call. */
  notified(token: number): void {
    this.#ready.get(token)?.(token);
  }

  #find(token: number): number {
    const known = this.#places.get(token);
    if (known !== undefined) return known;
    const { words } = this.#memory;
    let fields = words[roots.firstQueue] as number;
    while (fields !== 0 && words[fields + tokenField] !== token)
      fields = words[fields + nextQueueField] as number;
    if (fields !== 0) this.#places.set(token, fields);
    return fields;
  }
}
