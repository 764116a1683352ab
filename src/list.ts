/** `wasme list`: lists the images of the local store. */
import type { SystemContext } from './io/system-context.ts';
import { readBytes } from './io/files/files.ts';
import { maxManifestBytes } from './oci/limits.ts';
import { openStore } from './oci/store/oci-layout.ts';
import { ociPrefix, runtimeFromAnnotations } from './oci/annotations.ts';
import { type Manifest, parseManifest } from './oci/schema.ts';
import { detectPackaging } from './oci/read/detect-packaging.ts';
import { signedDigest } from './oci/signature/signature.ts';

export interface ListOptions {
  /** Only names that contain this text. */
  readonly search?: string | undefined;
}

export interface ListedImage {
  /** Full reference. */
  readonly reference: string;
  readonly digest: string;
  /** Bytes of manifest, config and layers; 0 when the manifest cannot be read. */
  readonly sizeBytes: number;
  /** Packaging: `compat`, `oci`, … or `index`, or `damaged`. */
  readonly layout: string;
  readonly abiVersions: readonly string[];
  readonly rootIds: readonly string[];
  /** null: the image has no version annotation. */
  readonly version: string | null;
}

export interface ListResult {
  readonly images: readonly ListedImage[];
}

/** Sorts by reference. Returns an empty list when there is no store yet. */
export async function list(options: ListOptions, system: SystemContext): Promise<ListResult> {
  const store = openStore(system);
  const images = await Promise.all(
    // Signatures are not images; inspect and verify show them.
    (await store.list())
      .filter(({ name }) => signedDigest(name) === undefined)
      .map(async ({ name, descriptor }): Promise<ListedImage> => {
        const known = { reference: name, digest: descriptor.digest };
        try {
          const manifest = parseManifest(
            await readBytes(store.blobPath(descriptor.digest), maxManifestBytes),
            descriptor.mediaType,
          );
          return { ...known, sizeBytes: descriptor.size + sizeOf(manifest), ...describe(manifest) };
        } catch {
          // One damaged image must not hide the others; reading it reports the fault.
          return {
            ...known,
            sizeBytes: 0,
            layout: 'damaged',
            abiVersions: [],
            rootIds: [],
            version: null,
          };
        }
      }),
  );
  const wanted = images.filter(
    image => options.search === undefined || image.reference.includes(options.search),
  );
  return { images: wanted.sort((a, b) => (a.reference < b.reference ? -1 : 1)) };
}

function sizeOf(manifest: Manifest): number {
  const parts = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  return parts.reduce((sum, part) => sum + part.size, 0);
}

function describe(manifest: Manifest): Pick<ListedImage, 'layout' | 'abiVersions' | 'rootIds' | 'version'> {
  const annotations = manifest.annotations ?? {};
  const runtime = runtimeFromAnnotations(annotations);
  return {
    layout: manifest.kind === 'index' ? 'index' : detectPackaging(manifest).name,
    abiVersions: runtime?.abiVersions ?? [],
    rootIds: runtime?.rootIds ?? [],
    version: annotations[`${ociPrefix}version`] ?? null,
  };
}
