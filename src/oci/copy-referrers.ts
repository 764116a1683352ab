/**
 * Copies what belongs to an image without being part of it: cosign's signatures, and the artifacts that refer to it.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
import { WasmeError } from '../errors.ts';
import { type CopyOptions, copy } from './copy.ts';
import { jsonBytes } from './packaging/formats/packaging.ts';
import { maxReferrers } from './limits.ts';
import { ociIndex } from './media-types.ts';
import { referrersByApi, referrersByTag, referrersOf, referrersTag } from './read/read-referrers.ts';
import type { RegistryTarget } from './registry/registry.ts';
import {
  type Descriptor,
  type Source,
  type ImageTarget,
  blobOf,
  fetchManifest,
  resolveIfThere,
} from './target.ts';

type Options = Omit<CopyOptions, 'names'>;

/** Copies the signatures that `from` has under the first name to the second. Returns false when there are none. */
export async function copySignatures(
  from: Source,
  name: string,
  to: ImageTarget,
  newName: string,
  options: Options,
): Promise<boolean> {
  const found = await resolveIfThere(from, name);
  if (found !== undefined) await copy(from, found, to, { ...options, names: [newName] });
  return found !== undefined;
}

/**
 * Copies everything that refers to `subject`, directly or not, and returns the count. Where the target has no referrers API,
 * the index under the fallback tag is maintained instead. Fails with IMAGE_INVALID above `maxReferrers`.
 */
export async function copyReferrers(
  from: RegistryTarget,
  subject: Descriptor,
  to: RegistryTarget,
  options: Options,
): Promise<number> {
  const seen = new Set<string>();
  const visit = async (digest: string): Promise<void> => {
    for (const referrer of await referrersOf(from, digest)) {
      if (seen.has(referrer.digest)) continue;
      seen.add(referrer.digest);
      if (seen.size > maxReferrers) {
        throw new WasmeError(
          'IMAGE_INVALID',
          `${from.label}: more than ${maxReferrers} artifacts refer to it`,
        );
      }
      await copy(from, referrer, to, { ...options, names: [] });
      await announce(from, referrer, digest, to);
      await visit(referrer.digest);
    }
  };
  await visit(subject.digest);
  return seen.size;
}

/**
 * Enters an artifact into the index under the subject's tag, for registries without the API, where it could not be found
 * otherwise.
 */
async function announce(
  from: Source,
  referrer: Descriptor,
  subject: string,
  to: RegistryTarget,
): Promise<void> {
  if ((await referrersByApi(to, subject)) !== undefined) return;
  const entry = await withKind(from, referrer);
  const known = (await referrersByTag(to, subject))?.manifests ?? [];
  if (known.some(({ digest }) => digest === entry.digest)) return;
  const index = blobOf(
    ociIndex,
    jsonBytes({ schemaVersion: 2, mediaType: ociIndex, manifests: [...known, entry] }),
  );
  await to.push(index.descriptor, index, { name: referrersTag(subject) });
}

/** The specification requires the entry to name the artifact's type. */
async function withKind(from: Source, { mediaType, digest, size }: Descriptor): Promise<Descriptor> {
  const { manifest } = await fetchManifest(from, { mediaType, digest, size });
  const config = manifest.kind === 'image' ? manifest.config.mediaType : undefined;
  const artifactType = manifest.artifactType ?? config;
  const { annotations } = manifest;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
