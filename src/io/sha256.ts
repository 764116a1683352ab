/** Hashes bytes that are at hand; oci/digest.ts hashes streams. */
import { createHash } from 'node:crypto';

/** Returns 64 lower-case hexadecimal digits. A text counts as its UTF-8 bytes. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Returns the digest as OCI and Envoy's xDS write it: `sha256:` and the hexadecimal digits. */
export function digestOf(data: string | Uint8Array): string {
  return `sha256:${sha256Hex(data)}`;
}
