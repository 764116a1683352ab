/** The functions of the language by name, as Envoy registers them: size, text, conversions, times. */
import type { Dialect } from './code.ts';
import { toBool, toBytes, toDouble, toInt, toText, toUint } from './conversions.ts';
import { matches } from './patterns.ts';
import { durationField, parseDuration, parseTimestamp, timestampField } from './time/time.ts';
import {
  Bytes,
  Duration,
  noOverload,
  type Result,
  Timestamp,
  TypeName,
  typeOf,
  type Value,
  ValueMap,
} from './values.ts';

type Function = (values: readonly Value[], dialect: Dialect) => Result;

interface Entry {
  readonly call: Function;
  /** The numbers of arguments of `f(x)`; those of `x.f()` do not count the target. */
  readonly plain?: readonly number[];
  readonly member?: readonly number[];
}

const ofText = (name: string, test: (text: string, part: string) => Result): Entry => ({
  plain: [2],
  member: [1],
  call: ([text, part]) =>
    typeof text === 'string' && typeof part === 'string'
      ? test(text, part)
      : noOverload(name, text as Value, part as Value),
});
const convert = (call: (value: Value, dialect: Dialect) => Result): Entry => ({
  plain: [1],
  call: ([value], dialect) => call(value as Value, dialect),
});
const ofTime = (name: string): Entry => ({
  member: [0, 1],
  call: ([value, zone]) =>
    value instanceof Timestamp
      ? timestampField(name, value, zone)
      : value instanceof Duration && zone === undefined
        ? durationField(name, value)
        : noOverload(`.${name}()`, value as Value),
});
const timeFields = [
  'getFullYear',
  'getMonth',
  'getDayOfYear',
  'getDayOfMonth',
  'getDate',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
];

const entries: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['size', { plain: [1], member: [0], call: ([value]) => size(value as Value) }],
  ['contains', ofText('contains', (text, part) => text.includes(part))],
  ['startsWith', ofText('startsWith', (text, part) => text.startsWith(part))],
  ['endsWith', ofText('endsWith', (text, part) => text.endsWith(part))],
  ['matches', ofText('matches', matches)],
  ['type', convert(value => new TypeName(typeOf(value)))],
  ['dyn', convert(value => value)],
  ['int', convert(toInt)],
  ['uint', convert(toUint)],
  ['double', convert(toDouble)],
  ['bool', convert(toBool)],
  ['bytes', convert(toBytes)],
  ['string', convert(toText)],
  ['timestamp', convert(parseTimestamp)],
  ['duration', convert(parseDuration)],
  ...timeFields.map(name => [name, ofTime(name)] as const),
]);

/** Finds a function by name and number of arguments; returns undefined when there is none. */
export function findFunction(
  name: string,
  member: boolean,
  count: number,
  dialect: Dialect,
): ((values: readonly Value[]) => Result) | undefined {
  const entry = entries.get(name);
  const counts = member ? entry?.member : entry?.plain;
  if (entry === undefined || counts?.includes(count) !== true) return undefined;
  return values => entry.call(values, dialect);
}

/** Returns the size of a value; that of a text in characters, where bytes that begin none are not counted. */
function size(value: Value): Result {
  if (typeof value === 'string') {
    let count = 0;
    for (let at = 0; at < value.length; at++) if ((value.charCodeAt(at) & 0xc0) !== 0x80) count++;
    return BigInt(count);
  }
  if (value instanceof Bytes) return BigInt(value.value.length);
  if (Array.isArray(value)) return BigInt(value.length);
  return value instanceof ValueMap ? BigInt(value.keys().length) : noOverload('size', value);
}
