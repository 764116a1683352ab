/** What `build` was told besides its flags: language and folder in either order of old and new. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmeError } from '../../src/errors.ts';
import { type Language, languages } from '../../src/project/names.ts';

/** `build`, `build <dir>`, `build <language>`, `build <language> <dir>`; a folder that exists wins over a language. */
export function buildOperands(
  first: string | undefined,
  second: string | undefined,
  cwd: string,
): { dir: string; language?: Language } {
  if (first === undefined) return { dir: '.' };
  const language = languages.find(name => name === first);
  if (second !== undefined) {
    if (language !== undefined) return { dir: second, language };
    throw new WasmeError('USAGE', `unknown language: ${first}`, {
      hint: `use one of ${languages.join(', ')}`,
    });
  }
  return language === undefined || existsSync(resolve(cwd, first)) ? { dir: first } : { dir: '.', language };
}
