/** What an OCI image layout consists of, in a folder or in an archive: its files, its marker, the annotation that names an image. */
import { splitDigest } from '../digest.ts';

/** Says that a folder or an archive is an image layout. */
export const markerFile = 'oci-layout';
export const marker = JSON.stringify({ imageLayoutVersion: '1.0.0' });
export const indexFile = 'index.json';

/** Annotation of a manifest in the index that holds its name. */
export const refNameKey = 'org.opencontainers.image.ref.name';
/** Where containerd's `ctr images import` looks for it. */
export const containerdNameKey = 'io.containerd.image.name';

/** `blobs/sha256/<hex>`: where a blob or manifest lies. */
export function blobPath(digest: string): string {
  return `blobs/${splitDigest(digest).join('/')}`;
}

/** Whether a layout has a file of that name; archives may hold others. */
export function isLayoutFile(name: string): boolean {
  return name === indexFile || name === markerFile || name.startsWith('blobs/');
}
