/**
 * Writes and reads the tar archives in image layers. Written by hand, because the digest of an image depends on every byte of
 * the header and the `tar` package pads numbers differently; read with `tar` in memory only, so that nothing is extracted to
 * disk.
 */
import type { ReadEntry } from 'tar';
import { WasmeError } from '../../errors.ts';

export interface TarFile {
  /** At most 100 bytes of ASCII. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface TarEntry {
  /** As the archive spells it: may be absolute or hold `../`. Never used as a path. */
  readonly path: string;
  /** `File`, `SymbolicLink`, `Link`, `CharacterDevice`, `Directory` … */
  readonly type: string;
  /** Bytes, as the header declares it. */
  readonly size: number;
  /** Content, of regular files that `wanted` chose. */
  readonly bytes?: Uint8Array;
}

const blockBytes = 512;

/** A plugin image has one to five files; one with more is an operating system, or an attack on the memory of its reader. */
export const maxTarEntries = 10_000;
/** Extended headers carry long names; no honest name needs 64 KiB. */
const maxTarHeaderBytes = 64 * 1024;

/**
 * Writes a ustar archive of regular files: mode 0644, owner 0, the given time (seconds since the epoch) everywhere, two zero
 * blocks at the end. The same input gives the same bytes on every machine. Returns parts, to be concatenated.
 */
export function writeTar(files: readonly TarFile[], mtimeSeconds = 0): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const { name, bytes } of files) {
    parts.push(tarHeader(name, bytes.length, mtimeSeconds), bytes, tarPadding(bytes.length));
  }
  parts.push(tarEnd);
  return parts;
}

/** Two zero blocks end an archive. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * blockBytes);

/** Returns the padding after a file of `size` bytes. */
export function tarPadding(size: number): Uint8Array {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** Returns the header block of a regular file. Fails with IMAGE_UNSUPPORTED for a name that would need an extension. */
export function tarHeader(name: string, size: number, mtimeSeconds = 0): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) {
    throw new WasmeError('IMAGE_UNSUPPORTED', `cannot put a file named ${JSON.stringify(name)} in an image`, {
      hint: 'use a plain name of at most 100 characters',
    });
  }
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, 'latin1');
  block.write(octal(0o644, 7), 100, 'latin1');
  block.write(octal(0, 7), 108, 'latin1'); // uid
  block.write(octal(0, 7), 116, 'latin1'); // gid
  block.write(octal(size, 11), 124, 'latin1');
  block.write(octal(mtimeSeconds, 11), 136, 'latin1');
  block.write(' '.repeat(8), 148, 'latin1'); // the checksum counts itself as spaces
  block.write('0', 156, 'latin1'); // regular file
  block.write('ustar\x0000', 257, 'latin1');
  block.write(octal(0, 7), 329, 'latin1'); // devmajor
  block.write(octal(0, 7), 337, 'latin1'); // devminor
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)} `, 148, 'latin1');
  return block;
}

/**
 * Returns the entries of an uncompressed archive, with the content of the regular files that `wanted` chooses. Fails with
 * IMAGE_INVALID when it is not a tar, is cut short, or has more than `maxTarEntries` entries.
 */
export async function readTar(
  archive: Uint8Array,
  wanted: (entry: { path: string; size: number }) => boolean,
): Promise<TarEntry[]> {
  // Imported only here: push writes tar archives and never reads one.
  const { Parser } = await import('tar/parse');
  const entries: TarEntry[] = [];
  let fault: WasmeError | undefined;
  const parser = new Parser({
    maxMetaEntrySize: maxTarHeaderBytes,
    onwarn: (code, message) => {
      if (code === 'TAR_BAD_ARCHIVE' || code === 'TAR_ABORT' || code === 'TAR_ENTRY_INVALID') {
        fault ??= badTar(String(message));
      }
    },
    onReadEntry: entry => {
      if (entries.length >= maxTarEntries) {
        fault ??= new WasmeError('IMAGE_INVALID', `the layer's tar has more than ${maxTarEntries} entries`);
        entry.resume();
      } else {
        collect(entry, wanted, entries);
      }
    },
  });
  for (let at = 0; at < archive.length && fault === undefined; at += 1 << 20) {
    parser.write(
      Buffer.from(archive.buffer, archive.byteOffset + at, Math.min(1 << 20, archive.length - at)),
    );
  }
  if (fault === undefined) parser.end();
  if (fault !== undefined) throw fault;
  return entries;
}

function collect(
  entry: ReadEntry,
  wanted: (entry: { path: string; size: number }) => boolean,
  entries: TarEntry[],
): void {
  const { path, type, size } = entry;
  const index = entries.length;
  entries.push({ path, type, size });
  if ((type !== 'File' && type !== 'OldFile' && type !== 'ContiguousFile') || !wanted({ path, size })) {
    entry.resume();
    return;
  }
  const chunks: Buffer[] = [];
  entry.on('data', (chunk: Buffer) => chunks.push(chunk));
  entry.on('end', () => {
    entries[index] = { path, type: 'File', size, bytes: Buffer.concat(chunks) };
  });
}

function badTar(reason: string): WasmeError {
  return new WasmeError('IMAGE_INVALID', `the layer is not a readable tar archive: ${reason}`);
}
