/** The operators that are functions: arithmetic, order, equality, membership, index. No kind is turned into another. */
import { type ByteString, displayText } from '../encoding/bytes.ts';
import { maxExpressionResultBytes } from '../limits.ts';
import { equal, order } from './compare.ts';
import {
  Bytes,
  Duration,
  Failure,
  isKey,
  noOverload,
  type Result,
  Timestamp,
  Uint,
  type Value,
  ValueMap,
} from './values.ts';

export function callOperator(name: string, left: Value, right?: Value): Result {
  if (right === undefined) return name === '!' ? not(left) : negate(left);
  switch (name) {
    case '==':
      return equal(left, right);
    case '!=':
      return !equal(left, right);
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const sign = order(name, left, right);
      return sign instanceof Failure ? sign : ordered(name, sign);
    }
    case 'in':
      return contains(right, left);
    case '[]':
      return index(left, right);
    default:
      return arithmetic(name, left, right);
  }
}

function ordered(name: string, sign: number): boolean {
  if (Number.isNaN(sign)) return false;
  return name.startsWith('<')
    ? sign < 0 || (sign === 0 && name === '<=')
    : sign > 0 || (sign === 0 && name === '>=');
}

function not(value: Value): Result {
  return typeof value === 'boolean' ? !value : noOverload('!', value);
}

function negate(value: Value): Result {
  if (typeof value === 'number') return -value;
  return typeof value === 'bigint' ? int(-value) : noOverload('-', value);
}

const overflow = new Failure('the result does not fit 64 bits');
const byZero = new Failure('division by zero');

function int(value: bigint): Result {
  return BigInt.asIntN(64, value) === value ? value : overflow;
}

function uint(value: bigint): Result {
  return BigInt.asUintN(64, value) === value ? new Uint(value) : overflow;
}

function arithmetic(name: string, left: Value, right: Value): Result {
  if (typeof left === 'number' && typeof right === 'number') {
    return name === '%' ? noOverload(name, left, right) : doubles(name, left, right);
  }
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    if (right === 0n && (name === '/' || name === '%')) return byZero;
    // What the quotient would be does not fit, so that there is no remainder either.
    const result = name === '%' ? int(left / right) : undefined;
    return result instanceof Failure ? result : int(integers(name, left, right));
  }
  if (left instanceof Uint && right instanceof Uint) {
    if (right.value === 0n && (name === '/' || name === '%')) return byZero;
    return uint(integers(name, left.value, right.value));
  }
  if (name === '+') return plus(left, right);
  return name === '-' ? minus(left, right) : noOverload(name, left, right);
}

function doubles(name: string, left: number, right: number): number {
  if (name === '+') return left + right;
  if (name === '-') return left - right;
  return name === '*' ? left * right : left / right;
}

function integers(name: string, left: bigint, right: bigint): bigint {
  if (name === '+') return left + right;
  if (name === '-') return left - right;
  if (name === '*') return left * right;
  return name === '/' ? left / right : left % right;
}

function plus(left: Value, right: Value): Result {
  if (typeof left === 'string' && typeof right === 'string') return joined(left, right);
  if (left instanceof Bytes && right instanceof Bytes) {
    const bytes = joined(left.value, right.value);
    return typeof bytes === 'string' ? new Bytes(bytes) : bytes;
  }
  if (Array.isArray(left) && Array.isArray(right)) return [...(left as Value[]), ...(right as Value[])];
  if (left instanceof Duration && right instanceof Duration) return new Duration(left.ns + right.ns);
  if (left instanceof Timestamp && right instanceof Duration) return new Timestamp(left.ns + right.ns);
  if (left instanceof Duration && right instanceof Timestamp) return new Timestamp(left.ns + right.ns);
  return noOverload('+', left, right);
}

function joined(left: ByteString, right: ByteString): ByteString | Failure {
  const fits = left.length + right.length <= maxExpressionResultBytes;
  return fits ? left + right : new Failure(`text gets at most ${maxExpressionResultBytes} bytes long`);
}

function minus(left: Value, right: Value): Result {
  if (left instanceof Duration && right instanceof Duration) return new Duration(left.ns - right.ns);
  if (left instanceof Timestamp && right instanceof Duration) return new Timestamp(left.ns - right.ns);
  if (left instanceof Timestamp && right instanceof Timestamp) return new Duration(left.ns - right.ns);
  return noOverload('-', left, right);
}

function contains(whole: Value, value: Value): Result {
  if (Array.isArray(whole)) return (whole as readonly Value[]).some(item => equal(item, value));
  if (whole instanceof ValueMap && isKey(value)) return whole.get(value) !== undefined;
  return noOverload('in', value, whole);
}

function index(whole: Value, key: Value): Result {
  if (Array.isArray(whole)) {
    const at = key instanceof Uint ? key.value : key;
    if ((typeof at !== 'bigint' && typeof at !== 'number') || !Number.isInteger(Number(at))) {
      return noOverload('[]', whole, key);
    }
    const item = (whole as readonly Value[])[Number(at)];
    return item === undefined ? new Failure(`the list has ${whole.length} items, and none at ${at}`) : item;
  }
  if (!(whole instanceof ValueMap) || !isKey(key)) return noOverload('[]', whole, key);
  const found = whole.get(key);
  return found === undefined ? new Failure(`no such key: ${shown(key)}`) : found;
}

function shown(key: Value): string {
  if (typeof key === 'string') return displayText(key);
  return String(key instanceof Uint ? key.value : (key as boolean | bigint | number));
}
