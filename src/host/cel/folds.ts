/** `all`, `exists`, `exists_one`, `map`, `filter` over items, and `&&` and `||`, which pass over failures where the rest decides. */
import { type Code, type Frame, spent } from './code.ts';
import type { Fold } from './syntax/syntax-tree.ts';
import { Failure, noOverload, type Result, type Value } from './values.ts';

type Each = (item: Value) => Result;

export const folds: Readonly<
  Record<Fold, (frame: Frame, items: readonly Value[], body: Each, filter: Each | undefined) => Result>
> = {
  all: (frame, items, body) => quantify(frame, items, body, false),
  exists: (frame, items, body) => quantify(frame, items, body, true),
  exists_one(frame, items, body) {
    let count = 0;
    for (const item of items) {
      const found = spent(frame) ?? truth(body(item));
      if (typeof found !== 'boolean') return found;
      if (found) count++;
    }
    return count === 1;
  },
  map(frame, items, body, filter) {
    const made: Value[] = [];
    for (const item of items) {
      const wanted = spent(frame) ?? (filter ? truth(filter(item)) : true);
      if (typeof wanted !== 'boolean') return wanted;
      if (!wanted) continue;
      const value = body(item);
      if (value instanceof Failure) return value;
      made.push(value);
    }
    return made;
  },
  filter(frame, items, body) {
    const kept: Value[] = [];
    for (const item of items) {
      const wanted = spent(frame) ?? truth(body(item));
      if (typeof wanted !== 'boolean') return wanted;
      if (wanted) kept.push(item);
    }
    return kept;
  },
};

/** Evaluates `&&` or `||` over all items: an item that decides overrides failures of others. */
function quantify(frame: Frame, items: readonly Value[], body: Each, deciding: boolean): Result {
  let failed: Failure | undefined;
  for (const item of items) {
    const over = spent(frame);
    if (over) return over;
    const value = truth(body(item));
    if (value === deciding) return deciding;
    if (value instanceof Failure) failed ??= value;
  }
  return failed ?? !deciding;
}

export function logic(deciding: boolean, terms: readonly Code[]): Code {
  return frame => {
    let failed: Failure | undefined;
    for (const term of terms) {
      const value = truth(term(frame));
      if (value === deciding) return deciding;
      if (value instanceof Failure) failed ??= value;
    }
    return failed ?? !deciding;
  };
}

function truth(value: Result): boolean | Failure {
  if (typeof value === 'boolean' || value instanceof Failure) return value;
  return noOverload('a condition', value);
}
