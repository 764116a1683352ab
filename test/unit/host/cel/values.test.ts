/** Expressions and their values, as documentation of the language; Envoy's own values are in the scenarios. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../../src/host/cel/compile.ts';
import { showValue } from '../../../../src/host/cel/format-value.ts';
import { parse } from '../../../../src/host/cel/syntax/parser.ts';
import { SyntaxFailure } from '../../../../src/host/cel/syntax/syntax-tree.ts';
import { Failure } from '../../../../src/host/cel/values.ts';
import { newestProfile } from '../../../../src/host/index.ts';

/** Returns the value as text, or why there is none. */
function evaluate(text: string): string {
  const code = compile(parse(text, newestProfile), newestProfile);
  const result = code({ lookup: () => undefined, variables: [], steps: 0, items: 0 });
  return result instanceof Failure ? `error: ${result.reason}` : showValue(result);
}

describe('an expression has the value', () => {
  it.each([
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['7 / 2', '3'],
    ['-7 % 3', '-1'],
    ['7.0 / 2.0', '3.5'],
    ['1u + 2u', '3u'],
    ['0x1F', '31'],
    ['"a" + "b"', '"ab"'],
    [String.raw`"\x41\u00e9"`, '"Aé"'],
    [String.raw`size(r"\d")`, '2'],
    ['b"ab"', 'b"ab"'],
    ['size("añb")', '3'],
    ['size(b"añb")', '4'],
    ['1 < 2 && "a" < "b"', 'true'],
    ['false || true', 'true'],
    ['1 == 1.0', 'true'],
    ['true ? "yes" : "no"', '"yes"'],
    ['[1, 2, 3][1]', '2'],
    ['{"a": 1, "b": 2}["b"]', '2'],
    ['{"a": {"b": 1}}.a.b', '1'],
    ['has({"a": 1}.a)', 'true'],
    ['2 in [1, 2]', 'true'],
    ['"a" in {"a": 1}', 'true'],
    ['[1, 2, 3].exists(x, x > 2)', 'true'],
    ['[1, 2, 3].all(x, x > 2)', 'false'],
    ['[1, 2, 3].map(x, x * x)', '[1, 4, 9]'],
    ['[1, 2, 3].filter(x, x != 2)', '[1, 3]'],
    ['"header".startsWith("head")', 'true'],
    ['"header".endsWith("head")', 'false'],
    ['"header".contains("ead")', 'true'],
    ['"header".matches("^h.*r$")', 'true'],
    ['int("42") + int(1.9)', '43'],
    ['string(42)', '"42"'],
    ['double("1e3")', '1000'],
    ['type(1u)', 'uint'],
    ['duration("90s") > duration("1m")', 'true'],
    ['timestamp("2024-02-29T12:00:00Z").getDayOfYear()', '59'],
    ['timestamp("2024-02-29T12:00:00Z") + duration("24h")', 'timestamp("2024-03-01T12:00:00Z")'],
    ['false && 1 / 0 == 1', 'false'],
    ['1 / 0', 'error: division by zero'],
    ['9223372036854775807 + 1', 'error: the result does not fit 64 bits'],
    ['{"a": 1}.b', 'error: no such key: b'],
    ['1 + "a"', 'error: + cannot take int and string'],
  ])('%s → %s', (text, value) => {
    expect(evaluate(text)).toBe(value);
  });
});

describe('an expression is refused', () => {
  it.each([
    ['1 +', 'the end where a value was expected'],
    ['size("a"', 'the end where ")" was expected'],
    ['unknown(1)', 'no function unknown takes 1 arguments'],
    ['1 2', '"2" at character 3 where something else was expected'],
  ])('%s: %s', (text, reason) => {
    expect(() => evaluate(text)).toThrow(new SyntaxFailure(reason));
  });
});
