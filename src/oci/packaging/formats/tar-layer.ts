/** Makes the tar+gzip layer that mesh proxies look into, and the image config that belongs to it. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzip } from '../gzip.ts';
import { writeTar } from '../tar.ts';
import { titleKey } from '../../annotations.ts';
import { pluginFile } from '../../image-documents.ts';
import { type GraphBlob, blobOf, skipBytes } from '../../target.ts';
import { type ImageMetadata, jsonBytes } from './packaging.ts';

export interface TarLayer {
  readonly layer: GraphBlob;
  /** Digest of the tar before compression, for `rootfs.diff_ids`. */
  readonly diffId: string;
}

/**
 * Packs `plugin.wasm` alone: Google Cloud requires exactly one file, and Istio allocates the size of every entry that it
 * passes.
 */
export function tarLayer(
  module: Uint8Array,
  metadata: ImageMetadata,
  mediaType: string,
  title?: string,
): TarLayer {
  const seconds =
    metadata.created === undefined ? 0 : Math.max(0, Math.floor(Date.parse(metadata.created) / 1000));
  const tar = writeTar([{ name: pluginFile, bytes: module }], seconds);
  return {
    layer: partsBlob(mediaType, gzip(tar), title === undefined ? undefined : { [titleKey]: title }),
    diffId: `sha256:${hashParts(tar)}`,
  };
}

/**
 * Makes an ordinary image config. It says linux/amd64 although Wasm runs anywhere, because Istio takes that child of an index
 * and Google Cloud expects an ordinary image. https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export function imageConfig(
  mediaType: string,
  metadata: ImageMetadata,
  labels: Readonly<Record<string, string>>,
  diffIds: readonly string[],
): GraphBlob {
  return blobOf(
    mediaType,
    jsonBytes({
      ...(metadata.created === undefined ? {} : { created: metadata.created }),
      ...(metadata.author === undefined ? {} : { author: metadata.author }),
      architecture: 'amd64',
      os: 'linux',
      config: Object.keys(labels).length === 0 ? {} : { Labels: labels },
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
}

function partsBlob(
  mediaType: string,
  parts: readonly Uint8Array[],
  annotations?: Readonly<Record<string, string>>,
): GraphBlob {
  const { descriptor } = blobOf(mediaType, new Uint8Array(0), annotations);
  const digest = `sha256:${hashParts(parts)}`;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return {
    descriptor: { ...descriptor, digest, size },
    open: (from = 0) => skipBytes(Readable.from(parts) as AsyncIterable<Uint8Array>, from),
  };
}

function hashParts(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
