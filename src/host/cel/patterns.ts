/** `matches()` of expressions: the patterns that were used last are kept compiled. */
import { displayText } from '../encoding/bytes.ts';
import { maxPatternInstructions } from '../limits.ts';
import { compilePattern, PatternError, type RegularExpression } from '../regular-expression.ts';
import { Failure, type Result } from './values.ts';

/** The patterns of expressions are few and mostly the same ones again. */
const keptPatterns = 64;
const kept = new Map<string, RegularExpression | Failure>();
let keptSize = 0;

export function matches(text: string, pattern: string): Result {
  const regex = kept.get(pattern) ?? keep(pattern, compiled(displayText(pattern)));
  return regex instanceof Failure ? regex : regex.test(displayText(text));
}

function keep(text: string, pattern: RegularExpression | Failure): RegularExpression | Failure {
  const size = pattern instanceof Failure ? text.length : pattern.size;
  if (kept.size >= keptPatterns || keptSize + size > maxPatternInstructions) {
    kept.clear();
    keptSize = 0;
  }
  kept.set(text, pattern);
  keptSize += size;
  return pattern;
}

function compiled(pattern: string): RegularExpression | Failure {
  try {
    return compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return new Failure(`no pattern: ${error.message}`);
  }
}
