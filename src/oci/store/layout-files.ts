/**
 * Names the files of an OCI image layout, in a folder or in an archive.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
import { splitDigest } from '../digest.ts';

/** Marks a folder or an archive as an image layout. */
export const markerFile = 'oci-layout';
export const marker = JSON.stringify({ imageLayoutVersion: '1.0.0' });
export const indexFile = 'index.json';

/** Annotation of a manifest in the index that holds its name. */
export const refNameKey = 'org.opencontainers.image.ref.name';
/** Annotation in which containerd's `ctr images import` looks for the name. */
export const containerdNameKey = 'io.containerd.image.name';

/** Returns the path of a blob or manifest: `blobs/sha256/<hex>`. */
export function blobPath(digest: string): string {
  return `blobs/${splitDigest(digest).join('/')}`;
}

/** Returns whether a layout has a file of that name; archives may hold others. */
export function isLayoutFile(name: string): boolean {
  return name === indexFile || name === markerFile || name.startsWith('blobs/');
}
