import { describe, expect, it } from 'vitest';
import { indented, printable, visible, visibleJson, visibleLine } from '../../../src/io/printable.ts';

describe('text that came from elsewhere', () => {
  it.each([
    ['an escape sequence is seen', 'x\u001b[2Jy', 'x\\x1b[2Jy'],
    ['a title of the terminal is no command', '\u001b]0;x\u0007a', '\\x1b]0;x\\x07a'],
    ['lines become one', 'a\r\nb\n', 'a b'],
    ['nothing turns the direction of writing', 'b\u202ec', 'b\\u202ec'],
    ['letters of any language stay', 'übergroß 大', 'übergroß 大'],
  ])('%s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('ends somewhere', () => {
    expect(printable('x'.repeat(5000))).toBe(`${'x'.repeat(1000)}…`);
    expect(printable('abcdef', 3)).toBe('abc…');
    expect(printable('abc', 3)).toBe('abc');
  });
});

describe('text with lines of its own', () => {
  it.each([
    ['keeps newlines and tabs', 'a\n\tb\n', 'a\n\tb\n'],
    ['takes CRLF for a newline', 'a\r\nb\r\r\nc', 'a\nb\nc'],
    ['shows what writes over a line', 'good\rbad\b\b', 'good\\rbad\\x08\\x08'],
    ['shows NUL, DEL and C1', '\0\u007f\u009b31m', '\\x00\\x7f\\x9b31m'],
    ['shows bidi controls', '\u202a\u202e\u2066\u2069\u200f', '\\u202a\\u202e\\u2066\\u2069\\u200f'],
    ['shows line separators and the byte order mark', '\u2028\u2029\ufeff', '\\u2028\\u2029\\ufeff'],
    ['shows half a surrogate pair', '\ud83d \udc4d', '\\ud83d \\udc4d'],
    ['shows invisible tags beyond the first plane', 'a\u{e0041}', 'a\\u{e0041}'],
    ['keeps emoji with joiners and Persian', '👨\u200d👩 می\u200cخواهم', '👨\u200d👩 می\u200cخواهم'],
  ])('%s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(visible(shown)).toBe(shown);
  });

  it('in a single line shows the line break and the tab, too', () => {
    expect(visibleLine('a\nb\tc\r\n')).toBe('a\\nb\\tc\\r\\n');
  });
});

it('further lines are indented once, and cannot be taken for lines of ours', () => {
  expect(indented('a\nhelp: run this\n  b\n\nc\n')).toBe('a\n  help: run this\n  b\n\n  c\n');
});

it('JSON keeps its values when nothing in it can steer a terminal', () => {
  const value = { ['a\u009b']: 'x\u001b\u007f\u202e\u2028\u{e0041}\ud800\n👍' };
  const json = visibleJson(JSON.stringify(value, null, 2));
  expect(JSON.parse(json)).toEqual(value);
  expect(json.split('\n')).toHaveLength(3);
  expect(json).toContain(String.raw`x\u001b\u007f\u202e\u2028\udb40\udc41\ud800\n👍`);
});
