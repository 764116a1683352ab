/** How verbs look up images that may be named where a module is meant. Loads what images are made of when one is. */
import type { Edges } from '../io/system-context.ts';
import type { PinOptions, PinnedImage } from './resolve-digest.ts';

export interface ImageLookup {
  /** As `pinImage`. */
  resolve(reference: string, digest: string | boolean): Promise<PinnedImage>;
  /** As `extractImage`. */
  module(reference: string): Promise<PinnedImage & { readonly digest: string; readonly bytes: Uint8Array }>;
}

/** The local store, then the registry; with `remote` the registry only. */
export function imageAccess(edges: Edges, options: PinOptions): ImageLookup {
  return {
    resolve: async (reference, digest) => {
      const { pinImage } = await import('./resolve-digest.ts');
      return pinImage(reference, digest, edges, options);
    },
    module: async reference => {
      const { extractImage } = await import('./resolve-digest.ts');
      return extractImage(reference, edges, options);
    },
  };
}
