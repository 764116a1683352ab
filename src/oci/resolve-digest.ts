/** Resolves an image for a deployment: the full reference with its tag, and the digest that proxies compare. */
import type { SystemContext } from '../io/system-context.ts';
import { requireLoadableImage, subjectOf } from './compatibility/check-image.ts';
import { withReference } from './source.ts';
import { readImage } from './read/read-image.ts';
import type { RegistryTargetOptions } from './registry/registry.ts';
import { type Reference, defaultsOf, formatReference, parseReference } from './reference.ts';

export interface ResolvedDigest {
  /** Host, repository and tag, without a digest. */
  readonly reference: string;
  /** Of the manifest, never of an index, because control planes compare it with that. undefined: not requested. */
  readonly digest: string | undefined;
  readonly rootIds?: readonly string[];
  /** The module, when the image was opened and holds one. */
  readonly bytes?: Uint8Array;
}

export interface ResolveDigestOptions {
  /** Host that must load the image, as `istio@1.30`: its packaging is checked too. */
  readonly host?: string | undefined;
  /** Ask the registry even when the store has the image, because the tag may have moved. */
  readonly remote?: boolean | undefined;
  /** Flags about registries. */
  readonly registry?: RegistryTargetOptions | undefined;
}

/**
 * Resolves `text`. `wanted` is a known digest, true to look it up, or false for none; only a look-up opens the image, in the
 * store before the registry. Fails with REFERENCE_INVALID, NOT_LOADABLE, and as registries do.
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

/**
 * Returns the module of an image, for targets that load files. Fails as `resolveDigest` does, and with IMAGE_INVALID for an
 * image without one.
 */
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
