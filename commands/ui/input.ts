/** `-` where a file is read: standard input. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WasmeError } from '../../src/errors.ts';
import { maxArchiveBytes } from '../../src/io/files/file-limits.ts';
import { withTempDir } from '../../src/io/files/files.ts';
import type { Context } from './context.ts';

/** Name of what was read from `-` in messages. */
export const standardInput = 'standard input';

/** Calls `body` with the file to read, which for `-` is there as long as that takes. Fails with USAGE on a terminal. */
export async function readInput<T>(
  { stdin, signal }: Context,
  input: string,
  body: (file: string) => Promise<T>,
): Promise<T> {
  if (input !== '-') return body(input);
  if (stdin.isTTY) {
    throw new WasmeError('USAGE', 'nothing is sent to standard input', {
      hint: 'send a file to it, with | or <, or name one',
    });
  }
  return withTempDir(async dir => {
    const file = join(dir, 'standard-input');
    await pipeline(stdin, atMostAnArchive, createWriteStream(file), { signal });
    return body(file);
  });
}

/** Passes bytes on. Fails with FILE_ACCESS when there are more than an archive has. */
async function* atMostAnArchive(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > maxArchiveBytes) {
      throw new WasmeError(
        'FILE_ACCESS',
        `standard input has more than ${maxArchiveBytes} bytes, which is the limit`,
        { hint: 'name the file instead' },
      );
    }
    yield piece;
  }
}
