import { expect, it } from 'vitest';
import { xxHash64 } from '../../../../src/targets/envoy/xxhash.ts';

// From the published algorithm's own check values, and from a running Envoy.
it.each([
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['abc', 0x44bc2cf5ad770999n],
  ['92f748ec39d85d58', 14225845134456518238n],
  ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
])('xxHash64(%j)', (text, hash) => {
  expect(xxHash64(text)).toBe(hash);
});
