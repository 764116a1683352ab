import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/io/printable.ts';

describe('text that came from elsewhere', () => {
  it.each([
    ['what is left of an escape sequence shows that there was one', 'x\u001b[2Jy', 'x [2Jy'],
    ['a title of the terminal is no command', '\u001b]0;x\u0007a', ']0;x a'],
    ['lines become one', 'a\r\nb\n', 'a b'],
    ['nothing turns the direction of writing', 'b\u202ec', 'b c'],
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
