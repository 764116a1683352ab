/** The toolchain of each language, and the detection of a folder's language. */
import { readdir } from 'node:fs/promises';
import { WasmeError } from '../errors.ts';
import { fileError } from '../io/files/file-errors.ts';
import type { Language } from '../project/names.ts';
import { assemblyscript } from './languages/assemblyscript.ts';
import { cpp } from './languages/cpp.ts';
import { go } from './languages/go.ts';
import { rust } from './languages/rust.ts';
import { tinygo } from './languages/tinygo.ts';
import type { Toolchain } from './toolchain.ts';

/** In the order in which languages are detected: the first whose `detect` accepts the folder wins. */
export const toolchains: Readonly<Record<Language, Toolchain>> = { assemblyscript, rust, cpp, tinygo, go };

/** Returns the toolchain of a folder without wasme.json, by its files. Fails with LANGUAGE_UNKNOWN. */
export function detectToolchain(dir: string, names: readonly string[]): Toolchain {
  const all = Object.values(toolchains);
  const found = all.find(toolchain => toolchain.detect(names));
  if (found === undefined) {
    const files = new Set(['wasme.json', ...all.map(({ projectFile }) => projectFile)]);
    throw new WasmeError('LANGUAGE_UNKNOWN', `${dir} is not a project: it has no ${[...files].join(', ')}`, {
      hint: 'name the folder of a project, or the language: wasme build rust <dir>; "wasme init" creates a project',
    });
  }
  return found;
}

/** Returns the sorted names at the top of a project. Fails with FILE_NOT_FOUND or FILE_ACCESS. */
export async function topNames(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    throw fileError(error, dir, 'read');
  }
}
