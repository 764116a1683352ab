/** Patterns, as they stand in a URL, that Envoy's `/stats?filter=` refuses, each with what it says after `Invalid re2 regex: `. */
export const refusedFilters: readonly (readonly [pattern: string, fault: string])[] = [
  ['(', 'missing ): ('],
  [')', 'unexpected ): )'],
  ['%5Ba', 'missing ]: [a'],
  ['a%5C', 'trailing \\'],
  ['*', 'no argument for repetition operator: *'],
  ['a**', 'bad repetition operator: **'],
  ['a%7B1001%7D', 'invalid repetition size: {1001}'],
  ['%5Bz-a%5D', 'invalid character class range: z-a'],
  ['%5B%5B:foo:%5D%5D', 'invalid character class range: [:foo:]'],
  ['%5Cp%7BFoo%7D', 'invalid character class range: \\p{Foo}'],
  ['%5Cq', 'invalid escape sequence: \\q'],
  ['a(?%3C=b)', 'invalid perl operator: (?<='],
  ['(?%3C!b)', 'invalid perl operator: (?<!'],
  ['(?P%3Ca', 'invalid named capture group: (?P<a'],
  ['(?x', 'invalid perl operator: (?x'],
  ['a%FF', 'invalid UTF-8'],
];
