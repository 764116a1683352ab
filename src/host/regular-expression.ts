/**
 * RE2's regular expressions, as in Envoy: they take time in proportion to the text, whatever the pattern. The only importer of
 * re2js; this file is loaded late, because few runs have a pattern.
 */
import { RE2JS, RE2JSSyntaxException } from 're2js';
import { maxPatternInstructions } from './limits.ts';

export interface RegularExpression {
  /** Instructions of the program, roughly: a text takes at most so many steps for each of its characters. */
  readonly size: number;
  /** Returns true when the pattern matches somewhere in `text`. */
  readonly test: (text: string) => boolean;
}

/** A pattern that RE2 refuses; the message is RE2's own: `missing ): (`. */
export class PatternError extends Error {}

/** Compiles a pattern; fails with PatternError. */
export function compilePattern(pattern: string): RegularExpression {
  const size = patternSize(pattern);
  if (size > maxPatternInstructions) throw new PatternError(tooLarge);
  try {
    const regex = RE2JS.compile(pattern);
    return { size, test: text => regex.test(text) };
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw new PatternError((error as Error).message);
    throw new PatternError(inRe2Words(error.getDescription(), error.getPattern() ?? ''));
  }
}

function inRe2Words(description: string, part: string): string {
  const lookBehind = /^\(\?<[=!]/.exec(part)?.[0];
  if (lookBehind !== undefined) return `invalid perl operator: ${lookBehind}`;
  return `${re2Words[description] ?? description}${part === '' ? '' : `: ${part}`}`;
}

/** RE2's message for a pattern whose program is too large. */
export const tooLarge = 'pattern too large - compile failed';

/** Messages of re2js, which has those of Go's package, → those of RE2 in C++, which Envoy uses. */
const re2Words: Readonly<Record<string, string>> = {
  'missing closing )': 'missing )',
  'missing closing ]': 'missing ]',
  'missing argument to repetition operator': 'no argument for repetition operator',
  'invalid nested repetition operator': 'bad repetition operator',
  'invalid repeat count': 'invalid repetition size',
  'trailing backslash at end of expression': 'trailing \\',
  'invalid or unsupported Perl syntax': 'invalid perl operator',
  'invalid named capture': 'invalid named capture group',
};

const parts =
  /\\(?:[pPx]\{[^}]*\}|[^])|\[\^?\]?(?:\\[^]|\[:[^\]]*\]|[^\]\\])*\]|\{(\d{1,9})(?:,(\d{0,9}))?\}|[^]/g;

/** Estimates the instructions of a pattern before it is compiled: a short pattern can ask for millions. */
function patternSize(pattern: string): number {
  const groups: number[] = [];
  let whole = 0;
  let last = 0;
  for (const [part, least, most] of pattern.matchAll(parts)) {
    if (least !== undefined) {
      whole += last * (Math.max(Number(least), Number(most ?? 0), 1) - 1);
      last *= Math.max(Number(least), Number(most ?? 0), 1);
    } else if (part === '(') {
      groups.push(whole);
      whole = 0;
    } else if (part === ')') {
      last = whole + 2;
      whole = last + (groups.pop() ?? 0);
    } else {
      last = 1;
      whole++;
    }
  }
  return whole;
}
