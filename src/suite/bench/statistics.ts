/** Numbers out of samples: medians, percentiles, slopes. */

/** Microseconds of one thing that was done many times. */
export interface Spread {
  readonly medianUs: number;
  readonly p99Us: number;
  readonly meanUs: number;
  readonly minUs: number;
}

/** Of no samples: zeros. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = Float64Array.from(samples).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const sum = samples.reduce((total, sample) => total + sample, 0);
  return {
    medianUs: rounded(at(0.5)),
    p99Us: rounded(at(0.99)),
    meanUs: rounded(samples.length === 0 ? 0 : sum / samples.length),
    minUs: rounded(at(0)),
  };
}

/** Least squares through [x, y]: how much y grows for one x. 0 for less than two points. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((total, value) => total + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let products = 0;
  let squares = 0;
  for (const [x, y] of points) {
    products += (x - meanX) * (y - meanY);
    squares += (x - meanX) ** 2;
  }
  return squares === 0 ? 0 : products / squares;
}

/** Nanoseconds are the last digit that means anything. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** `value` as a multiple of `base`; null when there is nothing to divide by. */
export function ratio(value: number, base: number): number | null {
  return base > 0 ? rounded(value / base) : null;
}
