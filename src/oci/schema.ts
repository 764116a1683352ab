/**
 * Parses manifests and indexes from outside: strictly where we rely on a field, liberally elsewhere.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
import { WasmeError } from '../errors.ts';
import { isDigest } from './digest.ts';
import {
  Malformed,
  type Reader,
  byteCount,
  listOf,
  optional,
  recordOf,
  refuseLookalikes,
  shape,
  text,
} from './json-decoders.ts';
import {
  maxBlobBytes,
  maxIndexChildren,
  maxLayers,
  maxLayoutIndexBytes,
  maxManifestBytes,
} from './limits.ts';
import { isIndexType, isManifestType, ociIndex, ociManifest } from './media-types.ts';

/**
 * Content that a manifest, an index or a request points to. `size` in bytes.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
  readonly platform?: Platform | undefined;
  readonly data?: string | undefined;
}

export interface Platform {
  readonly architecture?: string | undefined;
  readonly os?: string | undefined;
  readonly variant?: string | undefined;
}

/** Fields that manifests and indexes have in common. */
interface About {
  readonly artifactType?: string | undefined;
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface ImageManifest extends About {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageIndex extends About {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | ImageIndex;

const mediaType = text(
  value => /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(value),
  'is not a media type',
);
const annotations = optional(recordOf(text()));

const descriptor = shape<Descriptor>({
  mediaType,
  digest: text(isDigest, 'is not a sha256 or sha512 digest'),
  size: byteCount(maxBlobBytes),
  annotations,
  artifactType: optional(text()),
  platform: optional(
    shape<Platform>({ architecture: optional(text()), os: optional(text()), variant: optional(text()) }),
  ),
  data: optional(text()),
});

/** The fields as written; `typeOf` decides whether the media type is allowed. */
interface Common extends About {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
}

const common = {
  schemaVersion: (value: unknown): 2 => {
    if (value !== 2) throw new Malformed('is not 2');
    return value;
  },
  mediaType: optional(mediaType),
  artifactType: optional(text()),
  subject: optional(descriptor),
  annotations,
};
const image = shape<Common & Pick<ImageManifest, 'config' | 'layers'>>({
  ...common,
  config: descriptor,
  layers: listOf(descriptor, maxLayers),
});
const index = shape<Common & Pick<ImageIndex, 'manifests'>>({
  ...common,
  manifests: listOf(descriptor, maxIndexChildren),
});
const layoutIndex = shape<Common & Pick<LayoutIndex, 'manifests'>>({
  ...common,
  manifests: listOf(descriptor),
});

/**
 * Parses and checks the bytes of a manifest or index. Fails with IMAGE_INVALID. `declared` is the type of its descriptor or
 * Content-Type: it decides when the body names none (which is legal, and what the old wasme wrote), and must not contradict
 * the body.
 */
export function parseManifest(bytes: Uint8Array, declared?: string): Manifest {
  if (bytes.byteLength > maxManifestBytes) {
    throw invalid(`a manifest of ${bytes.byteLength} bytes; the limit is ${maxManifestBytes}`);
  }
  const json = parseJson(bytes);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw invalid('the manifest is not a JSON object');
  if ('schemaVersion' in json && json.schemaVersion === 1) {
    throw invalid('a manifest of Docker schema 1', 'push the image again with a tool of this decade');
  }
  checked(json, value => refuseLookalikes(value as object, ['manifests', 'layers', 'config']), 'manifest');
  const isIndex = 'manifests' in json;
  // The same bytes must not be an image for one reader and an index for the other.
  if (isIndex && ('layers' in json || 'config' in json)) {
    throw invalid('the manifest has both "manifests" and "layers", so it could be an image or an index');
  }
  const type = typeOf(json, declared, isIndex);
  return isIndex
    ? { ...checked(json, index, 'manifest'), kind: 'index', mediaType: type }
    : { ...checked(json, image, 'manifest'), kind: 'image', mediaType: type };
}

/** Parses index.json of a layout folder: an index with as many entries as there are images. */
export interface LayoutIndex {
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Fails with IMAGE_INVALID. */
export function parseLayoutIndex(bytes: Uint8Array): LayoutIndex {
  if (bytes.byteLength > maxLayoutIndexBytes)
    throw invalid(`an index of more than ${maxLayoutIndexBytes} bytes`);
  return checked(parseJson(bytes), layoutIndex, 'index');
}

function checked<T>(value: unknown, reader: Reader<T>, what: string): T {
  try {
    return reader(value);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw invalid(`the ${what} is malformed at ${error.path || 'its top'}: ${error.message}`);
  }
}

function typeOf(json: object, declared: string | undefined, isIndex: boolean): string {
  const own = 'mediaType' in json && typeof json.mediaType === 'string' ? json.mediaType : undefined;
  const type = own ?? declared;
  if (own !== undefined && declared !== undefined && isManifestType(declared) && own !== declared) {
    throw invalid(`the manifest calls itself ${own} but is served as ${declared}`);
  }
  if (type === undefined || !isManifestType(type)) return isIndex ? ociIndex : ociManifest;
  if (isIndexType(type) !== isIndex)
    throw invalid(`the manifest is typed ${type} but has the fields of the other kind`);
  return type;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    // Other clients also refuse JSON with a byte order mark.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    // Deep nesting ends as a RangeError of the parser; such bytes are not a manifest either.
    throw invalid('the manifest is not JSON', undefined, error);
  }
}

function invalid(message: string, hint?: string, cause?: unknown): WasmeError {
  return new WasmeError('IMAGE_INVALID', message, { hint, cause });
}
