/** Size budgets as wasme.json writes them. */
import { expect, it } from 'vitest';
import { budgetBytes } from '../../../src/toolchains/check.ts';

it.each([
  [1234, 1234],
  ['1234', 1234],
  ['200 kB', 200_000],
  ['200kb', 200_000],
  ['1.5 MiB', 1_572_864],
  ['2 KiB', 2048],
  ['0.5 MB', 500_000],
  ['7 B', 7],
])('a budget of %s is %i bytes', (text, bytes) => expect(budgetBytes(text)).toBe(bytes));
