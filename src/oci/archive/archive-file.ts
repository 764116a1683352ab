/** Reads bytes at a place in an archive: in its file, or in memory when the file is gzip. Other compressions are only named. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { WasmeError } from '../../errors.ts';
import { fileError } from '../../io/files/file-errors.ts';
import { maxUnpackedArchiveBytes } from '../limits.ts';
import { pieceBytes } from '../target.ts';

export interface Place {
  /** Byte where the content starts. */
  readonly start: number;
  readonly size: number;
}

export interface ArchiveFile {
  readonly size: number;
  /** Returns up to `size` bytes, fewer at the end. Only before `close`. */
  read(at: Place): Promise<Buffer>;
  /** Also after `close`. */
  stream(at: Place): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const formats: readonly (readonly [name: string, start: string, unpack: string])[] = [
  ['bzip2', '425a68', 'bunzip2'],
  ['xz', 'fd377a585a00', 'unxz'],
  ['zstd', '28b52ffd', 'unzstd'],
  ['lz4', '04224d18', 'unlz4'],
  ['lzip', '4c5a4950', 'lzip -d'],
  ['compress', '1f9d', 'uncompress'],
  ['zip', '504b0304', 'unzip'],
];

/**
 * Opens an archive. Fails with FILE_NOT_FOUND, FILE_ACCESS, IMAGE_UNSUPPORTED for another compression, and IMAGE_INVALID for
 * damaged or huge gzip.
 */
export async function openArchiveFile(path: string): Promise<ArchiveFile> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const start = await readAt(file, { start: 0, size: 8 });
    if (start[0] === 0x1f && start[1] === 0x8b) return unpacked(path, file);
    const format = formats.find(([, magic]) => start.toString('hex').startsWith(magic));
    if (format === undefined) return await asItLies(path, file);
    const [name, , unpack] = format;
    await file.close();
    throw new WasmeError(
      'IMAGE_UNSUPPORTED',
      `${path} is compressed with ${name}, which wasme does not read`,
      {
        hint: `unpack it first: ${unpack} ${path}`,
      },
    );
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}

async function asItLies(path: string, file: FileHandle): Promise<ArchiveFile> {
  const { size } = await file.stat();
  return {
    size,
    read: at => readAt(file, at),
    stream: ({ start, size: length }) =>
      length <= 0
        ? none()
        : (createReadStream(path, {
            start,
            end: start + length - 1,
            highWaterMark: pieceBytes,
          }) as AsyncIterable<Uint8Array>),
    close: () => file.close(),
  };
}

async function unpacked(path: string, file: FileHandle): Promise<ArchiveFile> {
  const bytes = await gunzipped(path, file);
  const part = ({ start, size }: Place): Buffer => bytes.subarray(start, Math.max(start, start + size));
  return {
    size: bytes.length,
    read: at => Promise.resolve(part(at)),
    async *stream(at) {
      await Promise.resolve();
      if (at.size > 0) yield part(at);
    },
    close: () => Promise.resolve(),
  };
}

async function gunzipped(path: string, file: FileHandle): Promise<Buffer> {
  try {
    const { size } = await file.stat();
    if (size > maxUnpackedArchiveBytes) throw tooLarge(path);
    return await promisify(gunzip)(await readAt(file, { start: 0, size }), {
      maxOutputLength: maxUnpackedArchiveBytes,
    });
  } catch (error) {
    if (error instanceof WasmeError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(path);
    throw new WasmeError('IMAGE_INVALID', `${path} is damaged: its gzip data cannot be read`, {
      hint: 'copy or save it again',
      cause: error,
    });
  } finally {
    await file.close();
  }
}

function tooLarge(path: string): WasmeError {
  return new WasmeError('IMAGE_INVALID', `${path} unpacks to more than ${maxUnpackedArchiveBytes} bytes`, {
    hint: `unpack it first: gunzip ${path}`,
  });
}

async function readAt(file: FileHandle, { start, size }: Place): Promise<Buffer> {
  const buffer = Buffer.alloc(size);
  let read = 0;
  while (read < size) {
    const { bytesRead } = await file.read(buffer, read, size - read, start + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}

async function* none(): AsyncGenerator<Uint8Array, void, undefined> {}
