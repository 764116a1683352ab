/** Reads a layer in memory, whatever its media type claims: tar, bare module, or neither. */
import { WasmeError } from '../../errors.ts';
import { isWasm } from '../../wasm/magic.ts';
import { type Compression, compressionOf, decompress } from './decompress.ts';
import { maxModuleBytes } from '../../io/files/file-limits.ts';
import { maxDocumentBytes } from '../limits.ts';
import type { ImageHandle } from './open-image.ts';
import { type TarEntry, readTar } from '../packaging/tar.ts';
import type { Descriptor } from '../target.ts';

export interface LayerContent {
  readonly compression: Compression;
  readonly form: 'tar' | 'wasm' | 'other';
  /** All entries of a tar; the files worth reading have their bytes. */
  readonly entries: readonly TarEntry[];
  /** The unpacked layer itself, for `wasm` and `other`. */
  readonly bytes: Uint8Array;
}

const contents = new WeakMap<ImageHandle, Map<string, Promise<LayerContent>>>();

/**
 * Returns the content of a layer, unpacked once per opened image. Fails with IMAGE_INVALID for damage and for decompression
 * bombs.
 */
export function layerContent(image: ImageHandle, layer: Descriptor): Promise<LayerContent> {
  let known = contents.get(image);
  if (known === undefined) {
    known = new Map<string, Promise<LayerContent>>();
    contents.set(image, known);
  }
  let content = known.get(layer.digest);
  if (content === undefined) {
    content = image.blob(layer).then(unpack);
    known.set(layer.digest, content);
  }
  return content;
}

async function unpack(blob: Uint8Array): Promise<LayerContent> {
  const compression = compressionOf(blob);
  // One header block and padding more than the largest module that any host loads.
  const bytes = decompress(blob, maxModuleBytes + maxDocumentBytes);
  if (isWasm(bytes)) return { compression, form: 'wasm', entries: [], bytes };
  if (!looksLikeTar(bytes)) return { compression, form: 'other', entries: [], bytes };
  const entries = await readTar(
    bytes,
    ({ path, size }) => isModulePath(path) || (isDocumentPath(path) && size <= maxDocumentBytes),
  );
  return { compression, form: 'tar', entries, bytes: new Uint8Array(0) };
}

function looksLikeTar(bytes: Uint8Array): boolean {
  if (bytes.length < 512) return false;
  const magic = Buffer.from(bytes.buffer, bytes.byteOffset + 257, 5).toString('latin1');
  // Pre-POSIX archives have no magic; an empty archive is two zero blocks.
  return magic === 'ustar' || bytes.subarray(0, 512).every(byte => byte === 0) || hasTarChecksum(bytes);
}

function hasTarChecksum(bytes: Uint8Array): boolean {
  const stated = parseInt(Buffer.from(bytes.subarray(148, 156)).toString('latin1').replace(/\0.*$/, ''), 8);
  const block = Uint8Array.from(bytes.subarray(0, 512)).fill(0x20, 148, 156);
  return stated === block.reduce((sum, byte) => sum + byte, 0);
}

/** Returns the name after the last slash. Archives made on Windows may have backslashes, at which proxies do not split. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

function isModulePath(path: string): boolean {
  return path.endsWith('.wasm');
}

function isDocumentPath(path: string): boolean {
  return /^(runtime-config\.json|README[\w.-]*\.md|spec\.ya?ml)$/i.test(baseName(path));
}

/** Returns whether an error says that the content is bad, not that fetching it failed. */
export function isContentFault(error: unknown): error is WasmeError {
  return (
    error instanceof WasmeError && (error.code === 'IMAGE_INVALID' || error.code === 'IMAGE_UNSUPPORTED')
  );
}
