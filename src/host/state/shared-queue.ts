/** FIFO queues between VMs, found by vm_id and name, with a notification to whoever registered last. */
import { placeOf } from './shared-data.ts';
import type { ByteString } from '../types.ts';

/** Synchronous for the guest. An implementation over shared memory serves several threads. */
export interface SharedQueues {
  /** Token of the queue, made when new. `ready` replaces the earlier registrant and is called once per enqueue, later. */
  register(vmId: string, name: ByteString, ready: (token: number) => void): number;
  resolve(vmId: string, name: ByteString): number | undefined;
  /** False when the token is unknown. */
  enqueue(token: number, data: Uint8Array): boolean;
  /** Undefined when the token is unknown, null when the queue is empty. */
  dequeue(token: number): Uint8Array | null | undefined;
}

interface Queue {
  ready: (token: number) => void;
  items: Uint8Array[];
}

/** One process, one thread. `post` runs a callback after the present guest call has ended. */
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
