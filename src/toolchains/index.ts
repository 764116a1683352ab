/** Language → toolchain, and which language a folder is of. */
import { readdir } from 'node:fs/promises';
import { WasmeError } from '../errors.ts';
import { fileError } from '../io/file-errors.ts';
import type { Language } from '../project/names.ts';
import { assemblyscript } from './languages/assemblyscript.ts';
import { cpp } from './languages/cpp.ts';
import { go } from './languages/go.ts';
import { rust } from './languages/rust.ts';
import { tinygo } from './languages/tinygo.ts';
import type { Toolchain } from './toolchain.ts';

/** In the order in which folders are asked; a go.mod alone is taken for Go, not TinyGo. */
export const toolchains: readonly Toolchain[] = [assemblyscript, rust, cpp, tinygo, go];

/** Fails with LANGUAGE_UNKNOWN. */
export function toolchainFor(language: Language): Toolchain {
  const found = toolchains.find(toolchain => toolchain.language === language);
  if (found === undefined) {
    throw new WasmeError('LANGUAGE_UNKNOWN', `no toolchain for the language ${language}`, {
      hint: `there is: ${toolchains.map(toolchain => toolchain.language).join(', ')}`,
    });
  }
  return found;
}

/** The toolchain of a folder without wasme.json, by its files. Fails with LANGUAGE_UNKNOWN. */
export function detectToolchain(dir: string, names: readonly string[]): Toolchain {
  const found = toolchains.find(toolchain => toolchain.detect(names));
  if (found === undefined) {
    throw new WasmeError(
      'LANGUAGE_UNKNOWN',
      `${dir} has no wasme.json, asconfig.json, Cargo.toml, go.mod or CMakeLists.txt: its language is not known`,
      {
        hint: 'name the folder of a project, or the language: wasme build rust <dir>; "wasme init" makes a project',
      },
    );
  }
  return found;
}

/** Names at the top of a project. Fails with FILE_NOT_FOUND or FILE_ACCESS. */
export async function topNames(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    throw fileError(error, dir, 'read');
  }
}
