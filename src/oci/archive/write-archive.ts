/**
 * Writes images into one file for machines without a registry: a tar of an OCI image layout, which skopeo, podman and ctr
 * read.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileError } from '../../io/files/file-errors.ts';
import { isStream, makeFolder } from '../../io/files/files.ts';
import {
  blobPath,
  containerdNameKey,
  indexFile,
  marker,
  markerFile,
  refNameKey,
} from '../store/layout-files.ts';
import { jsonBytes } from '../packaging/formats/packaging.ts';
import { ociIndex } from '../media-types.ts';
import { tarEnd, tarHeader, tarPadding } from '../packaging/tar.ts';
import { type Descriptor, type Source, fetchManifest } from '../target.ts';

export interface ArchiveImage {
  readonly descriptor: Descriptor;
  /** Full reference under which `load` stores it. */
  readonly name: string;
  readonly source: Source;
}

export interface WrittenArchive {
  readonly bytes: number;
  readonly blobs: number;
}

/**
 * Writes `images` to `path` with everything that their manifests reach, each blob once in the order of digests, so that the
 * same images give the same file. Streams; the file appears at `path` when it is complete.
 */
export async function writeArchive(
  path: string,
  images: readonly ArchiveImage[],
  onProgress: (bytes: number) => void = () => undefined,
): Promise<WrittenArchive> {
  const contents = await closureOf(images);
  const index = jsonBytes({
    schemaVersion: 2,
    mediaType: ociIndex,
    manifests: images.map(({ descriptor: { mediaType, digest, size }, name }) => ({
      mediaType,
      digest,
      size,
      annotations: { [containerdNameKey]: name, [refNameKey]: name },
    })),
  });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  let bytes = 0;
  async function* archive(): AsyncGenerator<Uint8Array> {
    for (const [name, content] of [
      [markerFile, Buffer.from(marker)],
      [indexFile, index],
    ] as const) {
      yield* [tarHeader(name, content.length), content, tarPadding(content.length)];
    }
    for (const { descriptor, source } of contents) {
      yield tarHeader(blobPath(descriptor.digest), descriptor.size);
      for await (const chunk of source.fetch(descriptor)) {
        onProgress(chunk.length);
        yield chunk;
      }
      yield tarPadding(descriptor.size);
    }
    yield tarEnd;
  }
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive()) {
      bytes += chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  }
  try {
    const isFile = !(await isStream(path));
    await makeFolder(dirname(path));
    const output = isFile ? createWriteStream(temporary, { flags: 'wx' }) : createWriteStream(path);
    await pipeline(Readable.from(counted()), output);
    if (isFile) await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error, path, 'write');
  }
  return { bytes, blobs: contents.length };
}

interface Content {
  readonly descriptor: Descriptor;
  readonly source: Source;
}

/** Returns everything that the images reach, once each, by digest. */
async function closureOf(images: readonly ArchiveImage[]): Promise<Content[]> {
  const found = new Map<string, Content>();
  const visit = async (descriptor: Descriptor, source: Source): Promise<void> => {
    if (found.has(descriptor.digest)) return;
    found.set(descriptor.digest, { descriptor, source });
    const { manifest } = await fetchManifest(source, descriptor);
    if (manifest.kind === 'index') {
      for (const child of manifest.manifests) await visit(child, source);
      return;
    }
    for (const blob of [manifest.config, ...manifest.layers]) {
      if (!found.has(blob.digest)) found.set(blob.digest, { descriptor: blob, source });
    }
  };
  for (const { descriptor, source } of images) await visit(descriptor, source);
  return [...found.values()].sort((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1));
}
