/** One expectation against one observed value: undefined when it fits, otherwise what differs. */
import { canonicalJson } from '../../io/canonical-json.ts';
import { patternMatches } from './pattern.ts';
import type { Matcher } from '../file/schema.ts';

/** `observed` is undefined when there was nothing (no such header, no body). */
export function mismatch(what: string, expected: Matcher, observed: string | undefined): string | undefined {
  if (expected === null) {
    return observed === undefined ? undefined : `${what}: must not be there, but is ${show(observed)}`;
  }
  if (observed === undefined) return `${what}: is missing, expected ${describe(expected)}`;
  return fits(expected, observed)
    ? undefined
    : `${what}: expected ${describe(expected)}, got ${show(observed)}`;
}

/**
 * What an update writes for an expectation that did not fit: the observed value in its form. undefined for patterns, which
 * are a person's statement and no record of a run.
 */
export function recorded(expected: Matcher, observed: string | undefined): Matcher | undefined {
  if (typeof expected === 'string' || expected === null) return observed ?? null;
  if (!('json' in expected)) return undefined;
  if (observed === undefined) return null;
  try {
    return { json: JSON.parse(observed) as unknown };
  } catch {
    return observed;
  }
}

function fits(expected: Exclude<Matcher, null>, observed: string): boolean {
  if (typeof expected === 'string') return observed === expected;
  if ('contains' in expected) return observed.includes(expected.contains);
  if ('matches' in expected) return patternMatches(expected.matches, observed);
  try {
    return canonicalJson(JSON.parse(observed)) === canonicalJson(expected.json);
  } catch {
    return false;
  }
}

function describe(expected: Matcher): string {
  if (expected === null) return 'nothing';
  if (typeof expected === 'string') return show(expected);
  if ('contains' in expected) return `something with ${show(expected.contains)} in it`;
  if ('matches' in expected) return `something like /${expected.matches}/`;
  return `JSON ${canonicalJson(expected.json)}`;
}

function show(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
