import { expect, it } from 'vitest';
import { encodeStats, type FlushedStat } from '../../../../src/host/state/stats-flush.ts';

const gauge = (name: string): FlushedStat => ({ type: 'gauge', name, value: 7n, used: true });
const size = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer).getUint32(at, true);

it('values begin at multiples of eight, one stat behind the other', () => {
  const stats = ['a', 'four', 'name'].map(
    (name): FlushedStat => ({ type: 'counter', name, value: 3n, delta: 2n, used: name !== 'four' }),
  );
  const bytes = encodeStats([...stats, gauge('g')]);
  const text = Buffer.from(bytes).toString('latin1');
  const values = '\x03\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0';
  const head = '@\0\0\0\x01\0\0\0\x03\0\0\0';
  expect(text.slice(0, 64)).toBe(`${head}\x01\0\0\0a\0\0\0\0\0\0\0${values}\x04\0\0\0name${values}`);
});

it('the size of the gauges is what Envoy says, as long as that can be believed', () => {
  const claimed = (count: number): number => {
    const bytes = encodeStats(Array.from({ length: count }, (_, i) => gauge(`gauge${i % 10}`)));
    expect(bytes).toHaveLength(12 + size(bytes, 12));
    return size(bytes, 12);
  };
  expect(claimed(0)).toBe(12);
  expect(claimed(1)).toBe(22 + 32);
  expect(claimed(2)).toBe(64 + 72);
  // Envoy's would be beyond all memory.
  expect(claimed(100)).toBe(12 + 4 + 100 * 24 - 4);
});
