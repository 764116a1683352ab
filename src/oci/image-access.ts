/** Looks up images for verbs whose operand is a module or an image. Imports the code for images only when it is used. */
import type { SystemContext } from '../io/system-context.ts';
import type { ResolveDigestOptions, ResolvedDigest } from './resolve-digest.ts';

export interface ImageLookup {
  /** As `resolveDigest`. */
  resolve(reference: string, digest: string | boolean): Promise<ResolvedDigest>;
  /** As `extractImage`. */
  module(
    reference: string,
  ): Promise<ResolvedDigest & { readonly digest: string; readonly bytes: Uint8Array }>;
}

/** Looks in the local store, then in the registry; with `remote` in the registry only. */
export function imageAccess(system: SystemContext, options: ResolveDigestOptions): ImageLookup {
  return {
    resolve: async (reference, digest) => {
      const { resolveDigest } = await import('./resolve-digest.ts');
      return resolveDigest(reference, digest, system, options);
    },
    module: async reference => {
      const { extractImage } = await import('./resolve-digest.ts');
      return extractImage(reference, system, options);
    },
  };
}
