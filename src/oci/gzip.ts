/**
 * gzip with bytes that are the same on every machine, and a gunzip that cannot be made to fill the memory.
 * Deflate is fflate's, pinned: Node's zlib chooses its search by CPU and version, so its bytes (and our digests) would differ.
 */
import zlib, { crc32, gunzipSync } from 'node:zlib';
import { Deflate } from 'fflate';
import { WasmeError } from '../errors.ts';

/** Up to here deflate saves less than one disk block, so the bytes are stored as they are (and can be checked by hand). */
const storedMaxBytes = 4096;
/** fflate's levels above it take half as long again for 0.2 % on compiled modules. */
const level = 6;

/** The compressor sees the content in pieces of this size: where they end is part of the bytes it makes. */
const pieceBytes = 1024 * 1024;

/**
 * One gzip member with a constant header: no time, no name, OS byte 0xff (reference A.7). Takes and gives parts, so that a
 * large module is in memory once and not three times.
 */
export function gzip(parts: readonly Uint8Array[]): Uint8Array[] {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(
    parts.reduce((sum, part) => crc32(part, sum), 0),
    0,
  );
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
  const body = size <= storedMaxBytes ? storedBlock(Buffer.concat(parts)) : deflate(parts);
  return [header, ...body, trailer];
}

function storedBlock(bytes: Uint8Array): Uint8Array[] {
  const head = Buffer.from([1, 0, 0, 0, 0]);
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(bytes.length ^ 0xffff, 3);
  return [head, bytes];
}

function deflate(parts: readonly Uint8Array[]): Uint8Array[] {
  const output: Uint8Array[] = [];
  const stream = new Deflate({ level }, chunk => output.push(chunk));
  for (const part of parts) {
    for (let at = 0; at < part.length; at += pieceBytes) stream.push(part.subarray(at, at + pieceBytes));
  }
  stream.push(new Uint8Array(0), true);
  return output;
}

export type Compression = 'none' | 'gzip' | 'zstd';

/** What the first bytes say, whatever the media type claims. */
export function compressionOf(bytes: Uint8Array): Compression {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd';
  return 'none';
}

/**
 * Unpacked bytes, at most `maxBytes` of them. Fails with IMAGE_INVALID beyond that, with IMAGE_INVALID on damage, and with
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
