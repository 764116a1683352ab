/** What was attached to an image: signatures, SBOMs, provenance. Listed, and of all that only bundles are fetched. */
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
  /** What it is: `application/spdx+json`, a Sigstore bundle … */
  readonly artifactType: string;
  /** Bytes of its manifest. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Name of the signature artifact in a source: registries know tags, the store full references. */
export function signatureName(source: Source, reference: Reference, imageDigest: string): string {
  const tag = signatureTag(imageDigest);
  if (source instanceof RegistryTarget) return tag;
  return storedSignature(reference, tag);
}

/** Referrers of an image, by the API or by the fallback tag of registries that have none. */
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

/** The same as descriptors, to be copied. */
export async function referrersOf(
  registry: RegistryTarget,
  imageDigest: string,
): Promise<readonly Descriptor[]> {
  const index =
    (await referrersByApi(registry, imageDigest)) ?? (await referrersByTag(registry, imageDigest));
  return index?.manifests ?? [];
}

/** Signatures in this form that count; who has more signers than that is somebody who wants us to read for ever. */
const maxBundles = 100;

/** The Sigstore bundles among them. Only registries have any. */
export async function fetchBundles(source: Source, imageDigest: string): Promise<Buffer[]> {
  if (!(source instanceof RegistryTarget)) return [];
  // In the index that cosign keeps by hand it names the config's type, and not the artifact's.
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

/** undefined: the registry has no such API. */
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

/** `sha256-<hex>`: the tag of the index that clients keep by hand. */
export function referrersTag(imageDigest: string): string {
  const [algorithm, hex] = splitDigest(imageDigest);
  return `${algorithm}-${hex.slice(0, 64)}`;
}

/** That index. */
export async function referrersByTag(
  registry: RegistryTarget,
  imageDigest: string,
): Promise<ImageIndex | undefined> {
  const found = await resolveIfThere(registry, referrersTag(imageDigest));
  if (found === undefined) return undefined;
  const { manifest } = await fetchManifest(registry, found);
  return manifest.kind === 'index' ? manifest : undefined;
}

/** How many cosign signatures (of the form before bundles) lie beside an image. */
export async function countSignatures(
  source: Source,
  reference: Reference,
  imageDigest: string,
): Promise<number> {
  return (await fetchSignatures(source, signatureName(source, reference, imageDigest))).length;
}
