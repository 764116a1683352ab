/** Plugin configuration as people give it (in wasme.json, a suite, a flag) → the bytes a filter receives. */
import { resolve } from 'node:path';
import { readBytes } from '../io/files/files.ts';
import { maxTextBytes } from '../io/files/file-limits.ts';

/**
 * `@path` is a file's content, relative to `dir`; any other text is taken as it is; everything else as compact JSON;
 * undefined gives no bytes. Fails with FILE_NOT_FOUND or FILE_ACCESS.
 */
export async function configurationBytes(value: unknown, dir: string): Promise<Uint8Array> {
  if (value === undefined) return new Uint8Array();
  if (typeof value === 'string' && value.startsWith('@'))
    return readBytes(resolve(dir, value.slice(1)), maxTextBytes);
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}
