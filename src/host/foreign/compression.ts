/** zlib for guests, which is loaded only for modules that can ask for it: the library takes 10 ms. */
import { Unzlib, zlibSync } from 'fflate';
import { concat } from '../../wasm/writer.ts';
import { inflateSliceBytes, maxInflatedBytes } from '../limits.ts';
import { Status } from '../status.ts';

export function deflate(data: Uint8Array): Uint8Array {
  return zlibSync(data);
}

/**
 * Inflates in slices, so that a small argument cannot become more than a guest can hold; returns a status when it fails.
 */
export function inflate(argument: Uint8Array): Uint8Array | number {
  const parts: Uint8Array[] = [];
  let total = 0;
  const stream = new Unzlib(part => {
    parts.push(part);
    total += part.length;
  });
  try {
    for (let at = 0; at === 0 || at < argument.length; at += inflateSliceBytes) {
      stream.push(argument.subarray(at, at + inflateSliceBytes), at + inflateSliceBytes >= argument.length);
      if (total > maxInflatedBytes) return Status.SerializationFailure;
    }
  } catch {
    return Status.SerializationFailure;
  }
  return concat(parts, total);
}
