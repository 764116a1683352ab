import { beforeAll, describe, expect, it } from 'vitest';
import { mismatch } from '../../../../src/suite/expectations/match.ts';
import { loadPatterns } from '../../../../src/suite/expectations/pattern.ts';

beforeAll(() => loadPatterns('matches'));

describe('matches', () => {
  it.each([
    ['^[[:xdigit:]]{4}-[[:upper:]]+$', '0aF9-XY', true],
    ['^[[:xdigit:]]{4}$', '0aG9', false],
    ['(?s)a.b', 'a\nb', true],
    ['a.b', 'a\nb', false],
    ['(?i)ÄRGER', 'kein ärger', true],
    [String.raw`\pL+\z`, 'ж', true],
    ['(?P<year>\\d{4})', 'in 2026', true],
    // In an engine that goes back this one takes longer than the universe has been there.
    [String.raw`^(\w|\w|\.)*!$`, 'a'.repeat(10_000), false],
  ])('%j finds itself in %j: %j', (matches, text, found) => {
    expect(mismatch('body', { matches }, text) === undefined).toBe(found);
  });
});
