/** `matches()`: RE2's expressions, which take time in proportion to the text whatever the pattern. The one importer of re2js. */
import { RE2JS } from 're2js';
import { displayText } from '../bytes.ts';
import { maxPatternInstructions } from '../limits.ts';
import { Failure, type Result } from './values.ts';

interface Pattern {
  readonly regex: RE2JS | Failure;
  readonly size: number;
}

/** The patterns of expressions are few and mostly the same ones again. */
const keptPatterns = 64;
const kept = new Map<string, Pattern>();
let keptSize = 0;

export function matches(text: string, pattern: string): Result {
  const { regex } = kept.get(pattern) ?? keep(pattern, compilePattern(displayText(pattern)));
  return regex instanceof Failure ? regex : regex.test(displayText(text));
}

function keep(text: string, pattern: Pattern): Pattern {
  if (kept.size >= keptPatterns || keptSize + pattern.size > maxPatternInstructions) {
    kept.clear();
    keptSize = 0;
  }
  kept.set(text, pattern);
  keptSize += pattern.size;
  return pattern;
}

function compilePattern(pattern: string): Pattern {
  const size = patternSize(pattern);
  if (size > maxPatternInstructions)
    return { regex: new Failure('the pattern is too large'), size: pattern.length };
  try {
    return { regex: RE2JS.compile(pattern), size };
  } catch (error) {
    return { regex: new Failure(`no pattern: ${(error as Error).message}`), size: pattern.length };
  }
}

const parts =
  /\\(?:[pPx]\{[^}]*\}|[^])|\[\^?\]?(?:\\[^]|\[:[^\]]*\]|[^\]\\])*\]|\{(\d{1,9})(?:,(\d{0,9}))?\}|[^]/g;

/** How many instructions it will take, roughly, seen before the work is done: a short pattern can ask for millions. */
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
