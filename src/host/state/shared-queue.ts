/** FIFO queues between VMs, found by vm_id and name; the root that registered last is notified. */
import { placeOf } from './shared-data.ts';
import type { ByteString } from '../types.ts';

/** Synchronous for the guest. An implementation over shared memory serves several threads. */
export interface SharedQueues {
  /**
   * Returns the token of a queue, which it makes when it is new. `ready` replaces the earlier one and is called once for
   * each item, later.
   */
  register(vmId: string, name: ByteString, ready: (token: number) => void): number;
  resolve(vmId: string, name: ByteString): number | undefined;
  /** Adds an item; returns false when the token is unknown. */
  enqueue(token: number, data: Uint8Array): boolean;
  /** Takes the first item; returns undefined when the token is unknown, null when the queue is empty. */
  dequeue(token: number): Uint8Array | null | undefined;
}

interface Queue {
  ready: (token: number) => void;
  items: Uint8Array[];
}

/** Keeps queues for one thread. `post` runs a callback after the present guest call has ended. */
export class LocalSharedQueues implements SharedQueues {
  readonly #tokens = new Map<string, number>();
  readonly #queues = new Map<number, Queue>();
  readonly #post: (callback: () => void) => void;

  constructor(post: (callback: () => void) => void) {
    this.#post = post;
  }

  register(vmId: string, name: ByteString, ready: (token: number) => void): number {
    const place = placeOf(vmId, name);
    const known = this.#tokens.get(place);
    const queue = known === undefined ? undefined : this.#queues.get(known);
    if (known !== undefined && queue) {
      queue.ready = ready;
      return known;
    }
    const token = this.#tokens.size + 1;
    this.#tokens.set(place, token);
    this.#queues.set(token, { ready, items: [] });
    return token;
  }

  resolve(vmId: string, name: ByteString): number | undefined {
    return this.#tokens.get(placeOf(vmId, name));
  }

  enqueue(token: number, data: Uint8Array): boolean {
    const queue = this.#queues.get(token);
    if (!queue) return false;
    queue.items.push(data);
    this.#post(() => queue.ready(token));
    return true;
  }

  dequeue(token: number): Uint8Array | null | undefined {
    const queue = this.#queues.get(token);
    return queue && (queue.items.shift() ?? null);
  }
}
