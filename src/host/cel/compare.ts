/** Equality and order. Numbers of different kinds compare by their value, as doubles when one of them is a double. */
import {
  Bytes,
  Duration,
  CelMessage,
  noOverload,
  type Result,
  Timestamp,
  TypeName,
  Uint,
  type Value,
  ValueMap,
} from './values.ts';

export function equal(left: Value, right: Value): boolean {
  const numbers = asNumbers(left, right);
  if (numbers) return numbers[0] === numbers[1];
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      (left as readonly Value[]).every((item, at) => equal(item, (right as readonly Value[])[at] as Value))
    );
  }
  if (left instanceof ValueMap) return right instanceof ValueMap && equalMaps(left, right);
  if (left instanceof Bytes) return right instanceof Bytes && left.value === right.value;
  if (left instanceof Timestamp) return right instanceof Timestamp && left.ns === right.ns;
  if (left instanceof Duration) return right instanceof Duration && left.ns === right.ns;
  if (left instanceof TypeName) return right instanceof TypeName && left.name === right.name;
  if (left instanceof CelMessage) {
    return right instanceof CelMessage && left.type === right.type && left.bytes === right.bytes;
  }
  return left === right;
}

function equalMaps(left: ValueMap, right: ValueMap): boolean {
  const keys = left.keys();
  if (keys.length !== right.keys().length) return false;
  return keys.every(key => {
    const other = right.get(key);
    return other !== undefined && equal(left.get(key) as Value, other);
  });
}

type Comparable = number | bigint | string | boolean;

/** Compares two values: returns a number below 0, 0, or above 0; NaN when neither comes first. */
export function order(what: string, left: Value, right: Value): number | Exclude<Result, Value> {
  const numbers = asNumbers(left, right);
  if (numbers) return sign(numbers[0], numbers[1]);
  const [a, b] = [comparable(left), comparable(right)];
  return a !== undefined && b !== undefined && left?.constructor === right?.constructor
    ? sign(a, b)
    : noOverload(what, left, right);
}

function comparable(value: Value): Comparable | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Bytes) return value.value;
  return value instanceof Timestamp || value instanceof Duration ? value.ns : undefined;
}

function sign(left: Comparable, right: Comparable): number {
  return left < right ? -1 : left > right ? 1 : left === right ? 0 : NaN;
}

function asNumbers(left: Value, right: Value): [number, number] | [bigint, bigint] | undefined {
  const a = left instanceof Uint ? left.value : left;
  const b = right instanceof Uint ? right.value : right;
  if (typeof a === 'bigint' && typeof b === 'bigint') return [a, b];
  const numeric = (value: Value): value is number | bigint =>
    typeof value === 'bigint' || typeof value === 'number';
  return numeric(a) && numeric(b) ? [Number(a), Number(b)] : undefined;
}
