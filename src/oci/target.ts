/** Defines sources and targets of copy: the store, a registry, an archive, a graph in memory. */
import { Readable } from 'node:stream';
import { digestOf } from '../io/sha256.ts';
import { WasmeError } from '../errors.ts';
import { maxManifestBytes } from './limits.ts';
import { type Descriptor, type Manifest, parseManifest } from './schema.ts';

export type { Descriptor } from './schema.ts';

/**
 * Files are read and written in pieces of about this size: fewer turns of the event loop than with 64 kB, and still little
 * memory.
 */
export const pieceBytes = 512 * 1024;

/** Content that can be read again from the start when a transfer is repeated. */
export interface BlobSource {
  /** Starts at byte `from` (default 0), so that an interrupted transfer resumes. */
  open(from?: number): AsyncIterable<Uint8Array>;
}

/** A place that images are read from. */
export interface Source {
  /** For messages: `the store`, `registry.example/team/filter`. */
  readonly label: string;
  /**
   * Resolves a name to its manifest or index. Names of a registry are the tags of the repository; names of the store are full
   * references; a digest is a name everywhere. Fails with IMAGE_NOT_FOUND or REGISTRY_NOT_FOUND.
   */
  resolve(name: string): Promise<Descriptor>;
  /**
   * Streams a manifest or blob and checks size and digest: DIGEST_MISMATCH comes at the end at the latest. The caller may
   * keep the chunks.
   */
  fetch(descriptor: Descriptor, options?: FetchOptions): AsyncIterable<Uint8Array>;
}

export interface FetchOptions {
  /** Starts at this byte. Only a caller that has the bytes before it can then check the digest. */
  readonly from?: number | undefined;
  /** The caller hashes the bytes itself: once is enough for a hundred megabytes. */
  readonly unchecked?: boolean | undefined;
}

/** A place that images are also written to. */
export interface ImageTarget extends Source {
  /** Hashes the bytes before it counts them as stored. */
  readonly checks?: boolean;
  exists(descriptor: Descriptor): Promise<boolean>;
  /**
   * Stores a blob or manifest, distinguished by media type. Afterwards it is there with the right digest, or not at all. With
   * `name`, a manifest is found under that name.
   */
  push(descriptor: Descriptor, source: BlobSource, options?: WriteOptions): Promise<void>;
  /** Gives an existing manifest a name. */
  tag(descriptor: Descriptor, name: string): Promise<void>;
  /** Wraps a whole copy: blobs that `exists` found stay until its end. */
  writing?<T>(body: () => Promise<T>): Promise<T>;
}

export interface WriteOptions {
  readonly name?: string | undefined;
  /** Source of the bytes: a registry can mount a blob from another of its repositories. */
  readonly origin?: Source | undefined;
  /** Called with the number of bytes that were sent; negative when a transfer starts over. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface GraphBlob extends BlobSource {
  readonly descriptor: Descriptor;
}

/** An image that exists in memory only, as packagings make it. Pure data except for `open`. */
export interface ImageGraph {
  readonly manifest: { readonly mediaType: string; readonly bytes: Uint8Array };
  readonly blobs: readonly GraphBlob[];
}

/** Returns the descriptor of an image in memory. */
export function graphDescriptor({ manifest }: ImageGraph): Descriptor {
  return {
    mediaType: manifest.mediaType,
    digest: digestOf(manifest.bytes),
    size: manifest.bytes.byteLength,
  };
}

/** Makes a source of a graph. Every name resolves to its manifest. */
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
      // The digest was computed from these very bytes.
      return blob.open(from);
    },
  };
}

/** Makes a blob of a graph from bytes in memory. */
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

/** Returns the whole content of something small. Fails with IMAGE_INVALID above `maxBytes`. */
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

/** Returns all bytes of a stream that is known to be small. */
export async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Returns whether an error says that no image has the requested name. */
export function isAbsent(error: unknown): boolean {
  return (
    error instanceof WasmeError && (error.code === 'IMAGE_NOT_FOUND' || error.code === 'REGISTRY_NOT_FOUND')
  );
}

/** Like `resolve` of the source, but returns undefined for an unknown name. */
export async function resolveIfThere(source: Source, name: string): Promise<Descriptor | undefined> {
  try {
    return await source.resolve(name);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Returns the manifest or index that a descriptor points to, and its bytes. */
export async function fetchManifest(
  source: Source,
  descriptor: Descriptor,
): Promise<{ readonly manifest: Manifest; readonly bytes: Buffer }> {
  const bytes = await fetchBytes(source, descriptor);
  return { manifest: parseManifest(bytes, descriptor.mediaType), bytes };
}

/** Returns the stream without its first `count` bytes. */
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
