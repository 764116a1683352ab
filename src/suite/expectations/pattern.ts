/** Regular expressions of suites. The engine is loaded by the first suite that may have one, before that suite is checked. */
import type * as RegularExpressions from '../../host/regular-expression.ts';

let engine: typeof RegularExpressions | undefined;
const compiled = new Map<string, RegularExpressions.RegularExpression>();

/** Loads the engine when `source`, the text of a suite file, has the word; the functions below need it. */
export async function loadPatterns(source: string): Promise<void> {
  // A key may be written with escapes: then it is not the word, but it has a backslash.
  if (/matches|\\/.test(source)) engine ??= await import('../../host/regular-expression.ts');
}

/** Returns what is wrong with a pattern, in RE2's words; undefined for a valid one. */
export function patternFault(pattern: string): string | undefined {
  try {
    regularExpression(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Returns whether the pattern matches somewhere in `text`. */
export function patternMatches(pattern: string, text: string): boolean {
  return regularExpression(pattern).test(text);
}

function regularExpression(pattern: string): RegularExpressions.RegularExpression {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (engine === undefined) throw new TypeError('the engine of patterns was not loaded');
  const regex = engine.compilePattern(pattern);
  compiled.set(pattern, regex);
  return regex;
}
