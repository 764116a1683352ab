import { describe, expect, it } from 'vitest';
import { IdMap } from '../../../src/host/id-map.ts';

describe('a table by id', () => {
  it('finds what was put there, and nothing else', () => {
    const table = new IdMap<{ n: number }>();
    const [zero, last] = [{ n: 0 }, { n: 1 }];
    table.set(0, zero);
    table.set(0xffffffff, last);
    expect(table.get(0)).toBe(zero);
    expect(table.get(0xffffffff)).toBe(last);
    expect(table.has(64)).toBe(false);
    expect(table.delete(64)).toBe(false);
    table.set(0, last);
    expect(table.get(0)).toBe(last);
    expect(table.size).toBe(2);
  });

  it('gives entries that may be removed on the way', () => {
    const table = new IdMap<{ n: number }>();
    for (let id = 1; id <= 100; id++) table.set(id, { n: id });
    for (const [id, value] of table.entries()) {
      expect(value.n).toBe(id);
      table.delete(id);
    }
    expect(table.size).toBe(0);
    expect(table.entries()).toEqual([]);
  });

  it('is a Map in all it does, through collisions, growth and removal', () => {
    const table = new IdMap<{ n: number }>();
    const map = new Map<number, { n: number }>();
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let step = 0; step < 20_000; step++) {
      // Few ids, many of which want the same slot.
      const id = random(40) * 32 + random(4);
      if (random(5) < 2) expect(table.delete(id)).toBe(map.delete(id));
      else {
        const value = { n: step };
        table.set(id, value);
        map.set(id, value);
      }
      expect(table.size).toBe(map.size);
      const probe = random(40) * 32 + random(4);
      expect(table.get(probe)).toBe(map.get(probe));
    }
    expect(new Map(table.entries())).toEqual(map);
  });
});
