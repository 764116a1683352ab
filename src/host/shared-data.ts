/** Key-value data that all VMs with the same vm_id share, with compare-and-swap. */
import type { ByteString } from './types.ts';

export interface SharedValue {
  readonly value: Uint8Array;
  readonly cas: number;
}

/** Synchronous for the guest. An implementation over shared memory serves several threads. */
export interface SharedData {
  get(vmId: string, key: ByteString): SharedValue | undefined;
  /** False when `cas` is neither 0 nor the present one. An absent key is stored whatever `cas` is. */
  set(vmId: string, key: ByteString, value: Uint8Array, cas: number): boolean;
}

/** One process, one thread. */
export class LocalSharedData implements SharedData {
  private readonly values = new Map<string, SharedValue>();
  private lastCas = 0;

  get(vmId: string, key: ByteString): SharedValue | undefined {
    return this.values.get(`${vmId.length}:${vmId}${key}`);
  }

  set(vmId: string, key: ByteString, value: Uint8Array, cas: number): boolean {
    const place = `${vmId.length}:${vmId}${key}`;
    const present = this.values.get(place);
    if (cas !== 0 && present !== undefined && present.cas !== cas) return false;
    this.lastCas = this.lastCas === 0xffffffff ? 1 : this.lastCas + 1;
    this.values.set(place, { value, cas: this.lastCas });
    return true;
  }
}
