/**
 * Defines a packaging: a pure function from a module and its metadata to an image. It reads no clock, files or network, so
 * that the same input gives the same digests on every machine.
 */
import type { PackagingName } from '../../../project/names.ts';
import { ociManifest } from '../../media-types.ts';
import type { RuntimeConfig } from '../runtime-config.ts';
import type { Descriptor, GraphBlob, ImageGraph } from '../../target.ts';

export type { PackagingName } from '../../../project/names.ts';

/** Metadata of a module. All of it is optional: an empty object gives the barest image of the packaging. */
export interface ImageMetadata {
  /** Manifest annotations, or labels where the format has no annotations. They win over the ones that wasme makes. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly runtime?: RuntimeConfig | undefined;
  /** RFC 3339. Omitted unless the user asks for it, because a time makes every build another image. */
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  /** README.md, spec.yaml, icon.png …: only the `higress` packaging carries them. */
  readonly documents?: readonly ImageDocument[] | undefined;
}

export interface ImageDocument {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Packaging {
  readonly name: PackagingName;
  /** One line for --help and docs. */
  readonly summary: string;
  readonly pack: (module: Uint8Array, metadata: ImageMetadata) => ImageGraph;
}

export interface ManifestParts {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: GraphBlob;
  readonly layers: readonly GraphBlob[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Makes the image of these parts: keys in a fixed order, no white space, a blob that is used twice listed once. */
export function imageOf({ mediaType = ociManifest, ...parts }: ManifestParts): ImageGraph {
  const { artifactType, config, layers, annotations = {} } = parts;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: plainDescriptor(config.descriptor),
    layers: layers.map(layer => plainDescriptor(layer.descriptor)),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: sortedByKey(annotations) }),
  };
  const blobs = new Map([config, ...layers].map(blob => [blob.descriptor.digest, blob]));
  return { manifest: { mediaType, bytes: jsonBytes(manifest) }, blobs: [...blobs.values()] };
}

function plainDescriptor({ mediaType, digest, size, data, annotations }: Descriptor): object {
  return {
    mediaType,
    digest,
    size,
    ...(data === undefined ? {} : { data }),
    ...(annotations === undefined ? {} : { annotations: sortedByKey(annotations) }),
  };
}

export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** Compares by the bytes of UTF-8, which is not the order of JavaScript's UTF-16 comparison. */
export function sortedByKey(record: Readonly<Record<string, string>>): Record<string, string> {
  const keys = Object.keys(record).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(keys.map(key => [key, record[key] ?? '']));
}
