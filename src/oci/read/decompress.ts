/** Unpacks bytes by their content, not by their declared type, and never to more than a cap. */
import zlib, { gunzipSync } from 'node:zlib';
import { WasmeError } from '../../errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Recognizes the compression by the first bytes, whatever the media type claims. */
export function compressionOf(bytes: Uint8Array): Compression {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd';
  return 'none';
}

/**
 * Returns the unpacked bytes, at most `maxBytes`. Fails with IMAGE_INVALID above that and for damage, and with
 * IMAGE_UNSUPPORTED for zstd where Node has none (before 22.15).
 */
export function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const compression = compressionOf(bytes);
  try {
    if (compression === 'none') return bytes;
    if (compression === 'gzip') return gunzipSync(bytes, { maxOutputLength: maxBytes });
    const { zstdDecompressSync: zstd } = zlib as { zstdDecompressSync?: typeof gunzipSync };
    if (zstd === undefined) {
      throw new WasmeError(
        'IMAGE_UNSUPPORTED',
        'the layer is compressed with zstd, which this Node cannot read',
        {
          hint: 'use Node 22.15 or newer; Istio and Envoy Gateway cannot read such an image at all',
        },
      );
    }
    return zstd(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof WasmeError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new WasmeError('IMAGE_INVALID', `the layer unpacks to more than ${maxBytes} bytes`, {
        hint: 'a module that large is refused by every host; raise nothing, find out who made this image',
        cause: error,
      });
    }
    throw new WasmeError('IMAGE_INVALID', `the layer's ${compression} data is damaged`, { cause: error });
  }
}
