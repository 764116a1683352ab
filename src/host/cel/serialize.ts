/** Encodes a value as the guest gets it, like `proxy_get_property`; lists are maps whose keys are the items. */
import { type ByteString, int64, toByteString } from '../encoding/bytes.ts';
import { maxExpressionResultBytes } from '../limits.ts';
import { encodePairs } from '../encoding/pairs.ts';
import { Bytes, Duration, CelMessage, Timestamp, TypeName, Uint, type Value, ValueMap } from './values.ts';

const firstNs = -(2n ** 63n);
const lastNs = 2n ** 63n - 1n;

/**
 * Encodes a value; returns undefined when it cannot be encoded (null, a type, attributes that cannot be listed) or is too
 * large.
 */
export function serialize(value: Value): ByteString | undefined {
  if (value === null || value instanceof TypeName) return undefined;
  switch (typeof value) {
    case 'boolean':
      return value ? '\x01' : '\0';
    case 'bigint':
      return int64(value);
    case 'number':
      return float64(value);
    case 'string':
      return value;
    default:
  }
  if (value instanceof Uint) return int64(value.value);
  if (value instanceof Bytes) return value.value;
  if (value instanceof CelMessage) return value.bytes;
  if (value instanceof Timestamp || value instanceof Duration) return int64(bounded(value.ns));
  if (value instanceof ValueMap) {
    return value.listed ? pairs(value.keys(), key => value.get(key) as Value) : undefined;
  }
  return pairs(value, undefined);
}

function bounded(ns: bigint): bigint {
  return ns < firstNs ? firstNs : ns > lastNs ? lastNs : ns;
}

function pairs(keys: readonly Value[], valueOf: ((key: Value) => Value) | undefined): ByteString | undefined {
  const entries: [ByteString, ByteString][] = [];
  let size = 4;
  for (const item of keys) {
    const key = serialize(item);
    const value = valueOf === undefined ? '' : serialize(valueOf(item));
    if (key === undefined || value === undefined) return undefined;
    size += key.length + value.length + 10;
    if (size > maxExpressionResultBytes) return undefined;
    entries.push([key, value]);
  }
  return toByteString(encodePairs(entries));
}

/** Encodes a double; NaN has its sign bit set, as a division on common processors leaves it. */
function float64(value: number): ByteString {
  const bytes = new Uint8Array(new Float64Array([value]).buffer);
  if (Number.isNaN(value)) return '\0\0\0\0\0\0\xf8\xff';
  return toByteString(bytes);
}
