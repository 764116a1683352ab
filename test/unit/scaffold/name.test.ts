import { describe, expect, it } from 'vitest';
import { checkName, suggestName } from '../../../src/scaffold/name.ts';

describe('names', () => {
  it.each(['a', 'my-filter', 'my_filter', 'f2', 'a-1-b'])('%s is a valid project name', name => {
    expect(checkName(name)).toBe(name);
  });

  it.each(['', '-a', 'a-', '2fast', 'A', 'a.b', 'a b', 'a--b', 'ü', '../x', 'a'.repeat(64), 'test', 'std'])(
    '%j is not a valid project name',
    name => expect(() => checkName(name)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }) as Error),
  );

  it.each([
    ['Mein Filter 2', 'mein-filter-2'],
    ['Überprüfung', 'uberprufung'],
    ['42-things', 'things'],
    ['過濾器', 'my-filter'],
    ['a'.repeat(80), 'a'.repeat(63)],
    ['test', 'test-filter'],
    ['--x--', 'x'],
  ])('%s suggests %s, which is one', (text, name) => {
    expect(suggestName(text)).toBe(name);
    expect(checkName(suggestName(text))).toBe(name);
  });
});
