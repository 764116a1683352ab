/** Compares one expectation with one observed value. */
import { canonicalJson } from '../../io/canonical-json.ts';
import { patternMatches } from './pattern.ts';
import { expectedText } from './expected-files.ts';
import type { Condition, Matcher } from '../file/schema.ts';

/** Returns the difference, or undefined when there is none. `observed` is undefined for a header or a body that is absent. */
export function mismatch(what: string, expected: Matcher, observed: string | undefined): string | undefined {
  if (Array.isArray(expected)) {
    for (const condition of expected) {
      const difference = mismatch(what, condition, observed);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (expected === null) {
    return observed === undefined ? undefined : `${what}: must not be there, but is ${show(observed)}`;
  }
  if (observed === undefined) return `${what}: is missing, expected ${describe(expected)}`;
  return fits(expected, observed)
    ? undefined
    : `${what}: expected ${describe(expected)}, got ${show(observed)}`;
}

/**
 * Returns what an update writes in the place of an expectation that did not match: the observed value in its form. Undefined for
 * patterns, lists and files, which the user has written and no run has recorded.
 */
export function recorded(expected: Matcher, observed: string | undefined): Matcher | undefined {
  if (typeof expected === 'string' || expected === null) return observed ?? null;
  if (Array.isArray(expected) || !('json' in expected)) return undefined;
  if (observed === undefined) return null;
  try {
    return { json: JSON.parse(observed) as unknown };
  } catch {
    return observed;
  }
}

function fits(expected: Condition, observed: string): boolean {
  if (typeof expected === 'string') return observed === expected;
  if ('contains' in expected) return observed.includes(expected.contains);
  if ('matches' in expected) return patternMatches(expected.matches, observed);
  if ('file' in expected) return observed === expectedText(expected);
  try {
    return canonicalJson(JSON.parse(observed)) === canonicalJson(expected.json);
  } catch {
    return false;
  }
}

function describe(expected: Condition): string {
  if (typeof expected === 'string') return show(expected);
  if ('contains' in expected) return `something with ${show(expected.contains)} in it`;
  if ('matches' in expected) return `something like /${expected.matches}/`;
  if ('file' in expected) return `the text of ${expected.file}`;
  return `JSON ${canonicalJson(expected.json)}`;
}

function show(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
