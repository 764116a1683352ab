/**
 * Writes gzip with the same bytes on every machine. Deflate is fflate's, pinned, because Node's zlib chooses its search by
 * CPU and version, which would change our digests. Reading is in decompress.ts, which does not load this.
 */
import { crc32 } from 'node:zlib';
import { Deflate } from 'fflate';

/** Up to this size deflate saves less than one disk block, so the bytes are stored uncompressed and can be checked by hand. */
const storedMaxBytes = 4096;
/** Higher levels of fflate take half as long again for 0.2 % on compiled modules. */
const level = 6;

/** The compressor gets the content in pieces of this size; where they end determines the bytes that it makes. */
const pieceBytes = 1024 * 1024;

/**
 * Makes one gzip member with a constant header: no time, no name, OS byte 0xff. Takes and returns parts, so that a large
 * module is in memory once and not three times. https://www.rfc-editor.org/rfc/rfc1952#section-2.3
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
