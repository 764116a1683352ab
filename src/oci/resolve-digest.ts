/** An image as a deployment names it: the full reference with its tag, and the digest that proxies compare. */
import type { SystemContext } from '../io/system-context.ts';
import { requireLoadableImage, subjectOf } from './compatibility/check-image.ts';
import { withReference } from './source.ts';
import { readImage } from './read/read-image.ts';
import type { RegistryTargetOptions } from './registry/registry.ts';
import { type Reference, defaultsOf, formatReference, parseReference } from './reference.ts';

export interface ResolvedDigest {
  /** Host, repository and tag, without a digest. */
  readonly reference: string;
  /** Of the manifest, never of an index: that is what control planes compare. undefined: nobody asked. */
  readonly digest: string | undefined;
  readonly rootIds?: readonly string[];
  /** The module, when the image was opened and holds one. */
  readonly bytes?: Uint8Array;
}

export interface ResolveDigestOptions {
  /** Host that has to load it, as `istio@1.30`: the packing is judged too. */
  readonly host?: string | undefined;
  /** Ask the registry even when the store has the image: somebody may have moved the tag. */
  readonly remote?: boolean | undefined;
  /** Flags about registries. */
  readonly registry?: RegistryTargetOptions | undefined;
}

/**
 * Pins `text`. `wanted` is a digest that is already known, true to look it up, or false for none; only a look-up opens
 * the image, in the store before the registry. Fails with REFERENCE_INVALID, NOT_LOADABLE, and what registries fail with.
 */
export async function resolveDigest(
  text: string,
  wanted: string | boolean,
  system: SystemContext,
  { host, remote, registry }: ResolveDigestOptions = {},
): Promise<ResolvedDigest> {
  const parsed = parseReference(text, defaultsOf(system));
  const { digest: named } = parsed;
  const reference = withoutDigest(parsed);
  if (wanted === false && named === undefined) return { reference, digest: undefined };
  if (typeof wanted === 'string') return { reference, digest: named ?? wanted };
  return withReference(parsed, { remote, registry }, system, async opened => {
    const { subject, read } = await subjectOf(opened);
    if (host !== undefined) await requireLoadableImage(subject, [host]);
    return {
      reference,
      digest: opened.image.descriptor.digest,
      rootIds: read?.runtime?.rootIds ?? [],
      ...(subject.module === undefined ? {} : { bytes: subject.module }),
    };
  });
}

/** The module of an image, for targets that load files. Fails as `pinImage` does, and with IMAGE_INVALID when it has none. */
export async function extractImage(
  text: string,
  system: SystemContext,
  { remote, registry }: Pick<ResolveDigestOptions, 'remote' | 'registry'> = {},
): Promise<Required<ResolvedDigest> & { readonly digest: string }> {
  const parsed = parseReference(text, defaultsOf(system));
  return withReference(parsed, { remote, registry }, system, async ({ image }) => {
    const { module, runtime } = await readImage(image);
    return {
      reference: withoutDigest(parsed),
      digest: image.descriptor.digest,
      rootIds: runtime?.rootIds ?? [],
      bytes: module,
    };
  });
}

function withoutDigest(reference: Reference): string {
  const { digest, ...bare } = reference;
  return digest === undefined ? formatReference(reference) : formatReference(bare);
}
