/** Opens an image by name: follows indexes to the child that holds the filter, and fetches each blob once. */
import { WasmeError } from '../../errors.ts';
import { parseObject } from '../json-object.ts';
import { maxModuleBytes } from '../../io/files/file-limits.ts';
import { maxDocumentBytes, maxIndexDepth } from '../limits.ts';
import { ociEmpty } from '../media-types.ts';
import type { ImageIndex, ImageManifest, Platform } from '../schema.ts';
import { type Descriptor, type Source, fetchBytes, fetchManifest } from '../target.ts';

/** An opened image: its manifest is read, its blobs are fetched on demand. */
export interface ImageHandle {
  /** Of the image manifest, which hosts compare a pinned digest with; never of an index. */
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  /** `mediaType` in the manifest's own bytes, which hosts use instead of the Content-Type. */
  readonly ownMediaType: string | undefined;
  /** The index that the name points to, if it does. */
  readonly index?: IndexHandle | undefined;
  /** Bytes of a config or layer: size and digest checked, at most 256 MiB, fetched once. */
  readonly blob: (descriptor: Descriptor) => Promise<Uint8Array>;
  /** Opens another image of the same source by its descriptor: another child of the index. */
  readonly open: (descriptor: Descriptor) => Promise<ImageHandle>;
}

export interface IndexHandle {
  readonly descriptor: Descriptor;
  readonly index: ImageIndex;
}

export interface OpenOptions {
  /** `os/architecture` of the child to take from an index, instead of the one that most likely holds a filter. */
  readonly platform?: string | undefined;
}

/**
 * Opens the image that `name` (a tag, full reference or digest, as the source understands it) points to. Fails with
 * IMAGE_INVALID for an index without a usable child or one that contains itself.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export async function openImage(
  source: Source,
  name: string,
  options: OpenOptions = {},
): Promise<ImageHandle> {
  return openFrom(source, await source.resolve(name), options);
}

async function openFrom(source: Source, from: Descriptor, options: OpenOptions): Promise<ImageHandle> {
  let descriptor = from;
  let top: IndexHandle | undefined;
  const seen = new Set<string>();
  for (;;) {
    if (seen.has(descriptor.digest)) {
      throw new WasmeError('IMAGE_INVALID', `the index ${descriptor.digest} leads back to itself`);
    }
    if (seen.size > maxIndexDepth) {
      throw new WasmeError('IMAGE_INVALID', `indexes nested more than ${maxIndexDepth} deep`);
    }
    seen.add(descriptor.digest);
    const { manifest, bytes } = await fetchManifest(source, descriptor);
    if (manifest.kind === 'image') {
      const own = parseObject(bytes.toString('utf8'))?.['mediaType'];
      return {
        descriptor,
        manifest,
        ownMediaType: typeof own === 'string' ? own : undefined,
        index: top,
        blob: onceEach(source),
        open: child => openFrom(source, child, options),
      };
    }
    top ??= { descriptor, index: manifest };
    descriptor = chooseChild(manifest, options.platform);
  }
}

function onceEach(source: Source): ImageHandle['blob'] {
  const fetched = new Map<string, Promise<Uint8Array>>();
  return descriptor => {
    let bytes = fetched.get(descriptor.digest);
    if (bytes === undefined) {
      bytes = fetchBytes(source, descriptor, maxModuleBytes);
      fetched.set(descriptor.digest, bytes);
    }
    return bytes;
  };
}

/** Platforms of children that hold filters, likeliest first. undefined: a child without a platform. */
const preferred: readonly (Platform | undefined)[] = [
  undefined,
  { os: 'linux', architecture: 'amd64' },
  { os: 'wasip1', architecture: 'wasm' },
  { os: 'wasi', architecture: 'wasm' },
  { os: 'wasi', architecture: 'wasm32' },
];

function chooseChild(index: ImageIndex, platform: string | undefined): Descriptor {
  const children = index.manifests.filter(child => !isAttestation(child));
  const asked = platform?.split('/');
  const wanted =
    asked === undefined ? preferred : [{ os: asked[0], architecture: asked[1] } satisfies Platform];
  for (const want of wanted) {
    const found = children.find(child => samePlatform(child.platform, want));
    if (found !== undefined) return found;
  }
  const [only, ...others] = children;
  if (asked === undefined && only !== undefined && others.length === 0) return only;
  const there = children.map(child => platformText(child.platform)).join(', ');
  throw new WasmeError(
    'IMAGE_INVALID',
    platform === undefined
      ? `the index has no child that could be a filter; it has ${there || 'none at all'}`
      : `the index has no child for ${platform}; it has ${there || 'none at all'}`,
    { hint: 'name one with --platform os/architecture, or push a single image' },
  );
}

/**
 * docker buildx stores provenance beside the image, as a child with the platform unknown/unknown.
 * https://docs.docker.com/build/metadata/attestations/attestation-storage/
 */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' ||
    (platform?.os === 'unknown' && platform.architecture === 'unknown')
  );
}

function samePlatform(actual: Platform | undefined, want: Platform | undefined): boolean {
  return actual?.os === want?.os && actual?.architecture === want?.architecture;
}

export function platformText(platform: Platform | undefined): string {
  return platform === undefined
    ? 'no platform'
    : `${platform.os ?? 'unknown'}/${platform.architecture ?? 'unknown'}`;
}

/** Returns the config of an ordinary image as JSON; an empty object for any other config. */
export async function readConfig({
  manifest,
  blob,
}: ImageHandle): Promise<Readonly<Record<string, unknown>>> {
  const { config } = manifest;
  const isJson = config.mediaType !== ociEmpty && config.mediaType.endsWith('+json');
  if (!isJson || config.size > maxDocumentBytes) return {};
  try {
    const json: unknown = JSON.parse(Buffer.from(await blob(config)).toString('utf8'));
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof WasmeError) throw error;
    return {};
  }
}
