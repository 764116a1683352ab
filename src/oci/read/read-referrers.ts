/**
 * Lists what is attached to an image (signatures, SBOMs, provenance), and fetches bundles of signatures.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
import { fetchSignatures, signatureTag, storedSignature } from '../signature/signature.ts';
import { splitDigest } from '../digest.ts';
import { maxTagPageBytes } from '../limits.ts';
import { ociEmpty, ociIndex } from '../media-types.ts';
import type { Reference } from '../reference.ts';
import { RegistryTarget } from '../registry/registry.ts';
import { type ImageIndex, parseManifest } from '../schema.ts';
import { bundleType, maxBundleBytes } from '../signature/signature-bundle.ts';
import { type Descriptor, type Source, fetchBytes, fetchManifest, resolveIfThere } from '../target.ts';

export interface Referrer {
  readonly digest: string;
  /** Kind of the artifact: `application/spdx+json`, a Sigstore bundle … */
  readonly artifactType: string;
  /** Bytes of its manifest. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Returns the name of the signature artifact in a source: registries have tags, the store has full references. */
export function signatureName(source: Source, reference: Reference, imageDigest: string): string {
  const tag = signatureTag(imageDigest);
  if (source instanceof RegistryTarget) return tag;
  return storedSignature(reference, tag);
}

/** Lists the referrers of an image, by the API or by the fallback tag of registries without one. */
export async function listReferrers(source: Source, imageDigest: string): Promise<Referrer[]> {
  if (!(source instanceof RegistryTarget)) return [];
  return (await referrersOf(source, imageDigest)).map(
    ({ digest, artifactType, mediaType, size, annotations = {} }) => ({
      digest,
      artifactType: artifactType ?? mediaType,
      size,
      annotations,
    }),
  );
}

/** Returns the same list as descriptors, for a copy. */
export async function referrersOf(
  registry: RegistryTarget,
  imageDigest: string,
): Promise<readonly Descriptor[]> {
  const index =
    (await referrersByApi(registry, imageDigest)) ?? (await referrersByTag(registry, imageDigest));
  return index?.manifests ?? [];
}

/** Largest number of bundles that are read, because a hostile registry could offer any number. */
const maxBundles = 100;

/** Fetches the Sigstore bundles among the referrers. Only registries have them. */
export async function fetchBundles(source: Source, imageDigest: string): Promise<Buffer[]> {
  if (!(source instanceof RegistryTarget)) return [];
  // The index that cosign writes itself names the config's type and not the artifact's.
  const candidates = (await referrersOf(source, imageDigest)).filter(
    ({ artifactType = ociEmpty }) => artifactType === ociEmpty || artifactType.startsWith(bundleType),
  );
  const bundles: Buffer[] = [];
  for (const descriptor of candidates.slice(0, maxBundles)) {
    const { manifest } = await fetchManifest(source, descriptor);
    if (manifest.kind !== 'image') continue;
    const layer = manifest.layers.find(({ mediaType }) => mediaType.startsWith(bundleType));
    if (layer !== undefined) bundles.push(await fetchBytes(source, layer, maxBundleBytes));
  }
  return bundles;
}

/** Returns undefined for a registry without the API. */
export async function referrersByApi(
  registry: RegistryTarget,
  imageDigest: string,
): Promise<ImageIndex | undefined> {
  const request = {
    method: 'GET' as const,
    path: registry.path('referrers', imageDigest),
    headers: { accept: ociIndex },
    scopes: registry.pullScopes(),
    action: `list what refers to ${registry.label}@${imageDigest}`,
  };
  const response = await registry.session.send(request);
  const isIndex = response.header('content-type')?.startsWith(ociIndex) === true;
  if (response.status !== 200 || !isIndex) {
    await response.discard();
    return undefined;
  }
  const manifest = parseManifest(await response.bytes(maxTagPageBytes), ociIndex);
  return manifest.kind === 'index' ? manifest : undefined;
}

/**
 * Returns `sha256-<hex>`, the tag of the index that clients maintain themselves.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTag(imageDigest: string): string {
  const [algorithm, hex] = splitDigest(imageDigest);
  return `${algorithm}-${hex.slice(0, 64)}`;
}

/** Reads that index. */
export async function referrersByTag(
  registry: RegistryTarget,
  imageDigest: string,
): Promise<ImageIndex | undefined> {
  const found = await resolveIfThere(registry, referrersTag(imageDigest));
  if (found === undefined) return undefined;
  const { manifest } = await fetchManifest(registry, found);
  return manifest.kind === 'index' ? manifest : undefined;
}

/** Counts the cosign signatures beside an image, in the form before bundles. */
export async function countSignatures(
  source: Source,
  reference: Reference,
  imageDigest: string,
): Promise<number> {
  return (await fetchSignatures(source, signatureName(source, reference, imageDigest))).length;
}
