/** `-o -`: what would go into a file goes to standard output, and nothing else does. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { WasmeError } from '../../src/errors.ts';
import { withTempDir } from '../../src/io/files/files.ts';
import type { Context } from './context.ts';
import type { GlobalOptions } from './options.ts';
import { writeResult } from './result.ts';

/**
 * Calls `body` with the file to write, and prints its result unless the file is standard output: bytes that are half
 * there never get out. Fails with USAGE on a terminal, and with --json, which wants standard output too.
 */
export async function writeOutput<T>(
  context: Context,
  options: GlobalOptions,
  output: string,
  body: (file: string) => Promise<T>,
  text: (value: T) => string,
): Promise<void> {
  if (output !== '-') return writeResult(context, options.json, await body(output), text);
  if (options.json) {
    throw new WasmeError('USAGE', '-o - and --json both want standard output', {
      hint: 'name a file with -o, or leave --json out',
    });
  }
  if (context.stdout.isTTY) {
    throw new WasmeError('USAGE', 'these bytes are not for a terminal', {
      hint: 'send them on, with | or >, or name a file with -o',
    });
  }
  await withTempDir(async dir => {
    const file = join(dir, 'output');
    await body(file);
    for await (const chunk of createReadStream(file) as AsyncIterable<Uint8Array>)
      context.stdout.writeBytes(chunk);
  });
}
