/** Key-value data that all VMs with the same vm_id share, with compare-and-swap. */
import { type ByteString, utf8ByteString } from '../encoding/bytes.ts';

export interface SharedValue {
  readonly value: Uint8Array;
  readonly cas: number;
}

/** Synchronous for the guest. An implementation over shared memory serves several threads. */
export interface SharedData {
  get(vmId: string, key: ByteString): SharedValue | undefined;
  /**
   * Stores a value; returns false when `cas` is neither 0 nor the present number. An absent key is stored with any `cas`.
   */
  set(vmId: string, key: ByteString, value: Uint8Array, cas: number): boolean;
}

/** Joins a vm_id and a name to one key. */
export function placeOf(vmId: string, name: ByteString): ByteString {
  return `${vmId.length}:${utf8ByteString(vmId)}${name}`;
}

/** Keeps shared data for one thread. */
export class LocalSharedData implements SharedData {
  readonly #values = new Map<string, SharedValue>();
  #lastCas = 0;

  get(vmId: string, key: ByteString): SharedValue | undefined {
    return this.#values.get(placeOf(vmId, key));
  }

  set(vmId: string, key: ByteString, value: Uint8Array, cas: number): boolean {
    const place = placeOf(vmId, key);
    const present = this.#values.get(place);
    if (cas !== 0 && present !== undefined && present.cas !== cas) return false;
    this.#lastCas = this.#lastCas === 0xffffffff ? 1 : this.#lastCas + 1;
    this.#values.set(place, { value, cas: this.#lastCas });
    return true;
  }
}
