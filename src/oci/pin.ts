/** An image as a deployment names it: the full reference with its tag, and the digest that proxies compare. */
import type { Edges } from '../io/edges.ts';
import { WasmeError } from '../errors.ts';
import { formatReference, parseReference } from './reference.ts';

export interface PinnedImage {
  /** Host, repository and tag, without a digest. */
  readonly reference: string;
  readonly digest: string | undefined;
  readonly rootIds?: readonly string[];
}

/**
 * Pins `text`. `wanted` is a digest that is already known, true to look it up, or false for none; nothing is asked of a
 * registry when the digest is given, here or in the reference. Fails with REFERENCE_INVALID and what registries fail with.
 */
export function pinImage(text: string, wanted: string | boolean, edges: Edges): PinnedImage {
  const parsed = parseReference(text, { defaultRegistry: edges.env['WASM_IMAGE_REGISTRY'] });
  const { digest: named, ...bare } = parsed;
  const reference = formatReference(bare);
  if (wanted === false && named === undefined) return { reference, digest: undefined };
  if (typeof wanted === 'string') return { reference, digest: named ?? wanted };
  if (named !== undefined) return { reference, digest: named };
  throw new WasmeError('USAGE', `the digest of ${reference} is not known`, {
    hint: 'add --digest sha256:… or --no-digest',
  });
}
