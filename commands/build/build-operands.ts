/** Reads the operands of `build`: language and folder, as the old and the new wasme order them. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmeError } from '../../src/errors.ts';
import { type Language, languages } from '../../src/project/names.ts';

/** Reads `build`, `build <dir>`, `build <language>` and `build <language> <dir>`; an existing folder takes precedence over a language. */
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
