/** int(), uint(), double(), bool(), bytes(), string(): what each takes, and how numbers are written. */
import { displayText } from '../encoding/bytes.ts';
import type { Dialect } from './code.ts';
import { durationText, timestampText, trimmed } from './time/time.ts';
import { Bytes, Duration, Failure, noOverload, type Result, Timestamp, Uint, type Value } from './values.ts';

const outOfRange = new Failure('the number does not fit');

export function toInt(value: Value): Result {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (value instanceof Uint) return fits(value.value, 'int');
  if (value instanceof Timestamp) return floorSeconds(value.ns);
  if (typeof value === 'number') {
    return value > -(2 ** 63) && value < 2 ** 63 ? BigInt(Math.trunc(value)) : outOfRange;
  }
  return typeof value === 'string' ? whole(value, 'int') : noOverload('int', value);
}

export function toUint(value: Value): Result {
  if (value instanceof Uint) return value;
  if (typeof value === 'bigint') return fits(value, 'uint');
  if (typeof value === 'number') {
    return value >= 0 && value < 2 ** 64 ? new Uint(BigInt(Math.trunc(value))) : outOfRange;
  }
  return typeof value === 'string' ? whole(value, 'uint') : noOverload('uint', value);
}

function fits(value: bigint, type: 'int' | 'uint'): Result {
  if (type === 'int') return BigInt.asIntN(64, value) === value ? value : outOfRange;
  return BigInt.asUintN(64, value) === value ? new Uint(value) : outOfRange;
}

function whole(text: string, type: 'int' | 'uint'): Result {
  const digits = trimmed(text);
  if (!/^[+-]?\d{1,64}$/.test(digits) || (type === 'uint' && digits.startsWith('-'))) {
    return new Failure(`${JSON.stringify(displayText(text))} is no ${type}`);
  }
  return fits(BigInt(digits.replace('+', '')), type);
}

function floorSeconds(ns: bigint): bigint {
  const seconds = ns / 1_000_000_000n;
  return ns % 1_000_000_000n < 0n ? seconds - 1n : seconds;
}

export function toDouble(value: Value): Result {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== 'string') return noOverload('double', value);
  const text = trimmed(value).toLowerCase();
  const sign = text.startsWith('-') ? -1 : 1;
  const bare = text.replace(/^[+-]/, '');
  if (bare === 'inf' || bare === 'infinity') return sign * Infinity;
  if (bare === 'nan') return NaN;
  if (/^(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/.test(bare)) return sign * Number(bare);
  const hex = /^0x([\da-f]{1,400})(?:p([+-]?\d{1,4}))?$/.exec(bare);
  if (hex) return sign * Number(BigInt(`0x${hex[1]}`)) * 2 ** Number(hex[2] ?? 0);
  return new Failure(`${JSON.stringify(displayText(value))} is not a double`);
}

const yes = new Set(['1', 't', 'true', 'TRUE', 'True']);
const no = new Set(['0', 'f', 'false', 'FALSE', 'False']);

export function toBool(value: Value): Result {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return noOverload('bool', value);
  if (yes.has(value)) return true;
  return no.has(value) ? false : new Failure(`${JSON.stringify(displayText(value))} is not a bool`);
}

export function toBytes(value: Value): Result {
  if (value instanceof Bytes) return value;
  return typeof value === 'string' ? new Bytes(value) : noOverload('bytes', value);
}

export function toText(value: Value, { boolsAsText, newerExpressions }: Dialect): Result {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (typeof value === 'number') return doubleText(value, newerExpressions);
  if (typeof value === 'boolean' && boolsAsText) return String(value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (!(value instanceof Bytes)) return noOverload('string', value);
  return isUtf8(value.value) ? value.value : new Failure('the bytes are no UTF-8');
}

const strict = new TextDecoder('utf-8', { fatal: true });

function isUtf8(text: string): boolean {
  try {
    strict.decode(Uint8Array.from(text, letter => letter.charCodeAt(0)));
    return true;
  } catch {
    return false;
  }
}

/** Formats a double as C's %g does: six digits, or as many as are needed; an exponent from 1e+06 on and below 0.0001. */
function doubleText(value: number, exact: boolean): string {
  if (Number.isNaN(value)) return exact ? '-nan(ind)' : 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = (exact ? value.toExponential() : value.toExponential(5)).split('e');
  const exponent = Number(power);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '').replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= 6) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
