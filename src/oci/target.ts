/** A place where images are: the store, a registry, an archive, a graph in memory. `copy` moves between any two. */
import { Readable } from 'node:stream';
import { digestOf } from '../io/sha256.ts';
import { WasmeError } from '../errors.ts';
import { maxManifestBytes } from './limits.ts';
import { type Descriptor, type Manifest, parseManifest } from './schema.ts';

export type { Descriptor } from './schema.ts';

/** Files are read and written in pieces of about this size: fewer turns than with 64 kB, and still little memory. */
export const pieceBytes = 512 * 1024;

/** Content that can be read again from the start when a transfer has to be repeated. */
export interface BlobSource {
  /** From byte `from` on (default 0): an interrupted transfer goes on where it stopped. */
  open(from?: number): AsyncIterable<Uint8Array>;
}

/** What can be read from. */
export interface Source {
  /** For messages: `the store`, `registry.example/team/filter`. */
  readonly label: string;
  /**
   * The manifest or index of that name. A registry's names are its repository's tags; the store's are full references;
   * a digest is a name everywhere. Fails with IMAGE_NOT_FOUND or REGISTRY_NOT_FOUND.
   */
  resolve(name: string): Promise<Descriptor>;
  /** The bytes of a manifest or blob, size and digest checked: DIGEST_MISMATCH comes at the end at the latest. Chunks are the caller's to keep. */
  fetch(descriptor: Descriptor, options?: FetchOptions): AsyncIterable<Uint8Array>;
}

export interface FetchOptions {
  /** Start at this byte. The digest can then be checked only by who has the bytes before it. */
  readonly from?: number | undefined;
  /** The caller hashes them itself: once is enough for a hundred megabytes. */
  readonly unchecked?: boolean | undefined;
}

/** What can also be written to. */
export interface ImageTarget extends Source {
  /** Hashes what it is given before it counts as stored. */
  readonly checks?: boolean;
  exists(descriptor: Descriptor): Promise<boolean>;
  /**
   * Stores a blob or manifest (told apart by media type). All or nothing: it is there with the right digest, or it is
   * not there. With `name`, a manifest is found under that name afterwards.
   */
  push(descriptor: Descriptor, source: BlobSource, options?: WriteOptions): Promise<void>;
  /** Gives a manifest that is there (another) name. */
  tag(descriptor: Descriptor, name: string): Promise<void>;
  /** Wraps a whole copy: what `exists` found stays until the end of it. */
  writing?<T>(body: () => Promise<T>): Promise<T>;
}

export interface WriteOptions {
  readonly name?: string | undefined;
  /** Where the bytes come from: a registry can take a blob from another repository of its own. */
  readonly origin?: Source | undefined;
  /** Called with the number of bytes that went out; negative when a transfer starts over. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface GraphBlob extends BlobSource {
  readonly descriptor: Descriptor;
}

/** An image that is nowhere yet: what a layout makes of a module. Pure data but for `open`. */
export interface ImageGraph {
  readonly manifest: { readonly mediaType: string; readonly bytes: Uint8Array };
  readonly blobs: readonly GraphBlob[];
}

/** Descriptor of an image that exists as a graph only. */
export function graphDescriptor({ manifest }: ImageGraph): Descriptor {
  return {
    mediaType: manifest.mediaType,
    digest: digestOf(manifest.bytes),
    size: manifest.bytes.byteLength,
  };
}

/** A graph as something to copy from. Every name resolves to its manifest. */
export function graphSource(graph: ImageGraph, label = 'the built image'): Source {
  const root = graphDescriptor(graph);
  const blobs = new Map(graph.blobs.map(blob => [blob.descriptor.digest, blob]));
  return {
    label,
    resolve: () => Promise.resolve(root),
    fetch(descriptor, { from = 0 } = {}) {
      if (descriptor.digest === root.digest) return once(graph.manifest.bytes.subarray(from));
      const blob = blobs.get(descriptor.digest);
      if (blob === undefined) throw new WasmeError('INTERNAL', `no blob ${descriptor.digest} in ${label}`);
      // Its digest was made of these very bytes a moment ago.
      return blob.open(from);
    },
  };
}

/** A blob of a graph from bytes in memory. */
export function blobOf(
  mediaType: string,
  bytes: Uint8Array,
  annotations?: Readonly<Record<string, string>>,
): GraphBlob {
  return {
    descriptor: {
      mediaType,
      digest: digestOf(bytes),
      size: bytes.byteLength,
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...inMemory(bytes),
  };
}

export function inMemory(bytes: Uint8Array): BlobSource {
  return { open: (from = 0) => once(bytes.subarray(from)) };
}

/** Whole content of something small. Fails with IMAGE_INVALID above `maxBytes`. */
export async function fetchBytes(
  source: Source,
  descriptor: Descriptor,
  maxBytes: number = maxManifestBytes,
): Promise<Buffer> {
  if (descriptor.size > maxBytes) {
    throw new WasmeError(
      'IMAGE_INVALID',
      `${descriptor.digest} has ${descriptor.size} bytes; the limit is ${maxBytes}`,
    );
  }
  return whole(source.fetch(descriptor));
}

/** All bytes of a stream that is known to be small. */
export async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Whether an error says that there is no image of the name that was asked for. */
export function isAbsent(error: unknown): boolean {
  return (
    error instanceof WasmeError && (error.code === 'IMAGE_NOT_FOUND' || error.code === 'REGISTRY_NOT_FOUND')
  );
}

/** As `resolve` of the source, but undefined when it has no such name. */
export async function resolveIfThere(source: Source, name: string): Promise<Descriptor | undefined> {
  try {
    return await source.resolve(name);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The manifest or index a descriptor points to, and its bytes. */
export async function fetchManifest(
  source: Source,
  descriptor: Descriptor,
): Promise<{ readonly manifest: Manifest; readonly bytes: Buffer }> {
  const bytes = await fetchBytes(source, descriptor);
  return { manifest: parseManifest(bytes, descriptor.mediaType), bytes };
}

/** The stream without its first `count` bytes. */
export async function* skipBytes(
  stream: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count;
  for await (const chunk of stream) {
    if (chunk.byteLength > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
  }
}

function once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  return Readable.from([bytes]) as AsyncIterable<Uint8Array>;
}
