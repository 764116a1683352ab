import { expect, it } from 'vitest';
import { ratio, slopeOf, spreadOf } from '../../../../src/suite/bench/statistics.ts';

it('finds median, 99th percentile, mean and minimum', () => {
  const samples = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  expect(spreadOf(samples)).toEqual({ medianUs: 501, p99Us: 991, meanUs: 500.5, minUs: 1 });
  expect(spreadOf([7])).toEqual({ medianUs: 7, p99Us: 7, meanUs: 7, minUs: 7 });
  expect(spreadOf([])).toEqual({ medianUs: 0, p99Us: 0, meanUs: 0, minUs: 0 });
});

it('finds the slope through points, and 0 through a single point', () => {
  expect(
    slopeOf([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
  ).toBe(2);
  expect(slopeOf([[5, 5]])).toBe(0);
  expect(slopeOf([])).toBe(0);
});

it('divides by nothing but numbers above 0', () => {
  expect(ratio(3, 2)).toBe(1.5);
  expect(ratio(3, 0)).toBeNull();
});
