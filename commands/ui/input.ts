/** `-` where a file is read: standard input. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WasmeError } from '../../src/errors.ts';
import { withTempDir } from '../../src/io/files.ts';
import type { Context } from './context.ts';

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
    await pipeline(stdin, createWriteStream(file), { signal });
    return body(file);
  });
}
