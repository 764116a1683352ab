/** Times and durations: from text, to text, and their fields in a time zone. */
import { displayText } from '../../encoding/bytes.ts';
import { Duration, Failure, noOverload, type Result, Timestamp, type Value } from '../values.ts';
import { civil, daysBefore, daysOf } from './calendar.ts';
import { zoneOffsetMs } from './time-zones.ts';

const second = 1_000_000_000n;
/** Limit of a duration made from text: 10,000 years. */
const maxDurationNs = 315_576_000_000n * second;
/** Years 1 to 9999: what can be written as text. */
const firstSecond = -62_135_596_800n;
const lastSecond = 253_402_300_799n;
/** Beyond everything that is counted in 64 bits. */
const farAway = 2n ** 63n * second;

/** Removes white space around a text. */
export function trimmed(text: string): string {
  const isSpace = (at: number): boolean => /[\t-\r ]/.test(text[at] ?? '');
  let [start, end] = [0, text.length];
  while (start < end && isSpace(start)) start++;
  while (start < end && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

const timestampPattern =
  /^([+-]?\d{1,18})-(\d{1,2})-(\d{1,2})[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):?(\d{2})?)$/;

export function parseTimestamp(value: Value): Result {
  if (value instanceof Timestamp) return value;
  if (typeof value === 'bigint') return new Timestamp(value * second);
  if (typeof value !== 'string') return noOverload('timestamp', value);
  const bare = trimmed(value);
  if (/^infinite-(future|past)$/.test(bare)) return new Timestamp(bare.endsWith('e') ? farAway : -farAway);
  const match = timestampPattern.exec(bare);
  const bad = new Failure(`${JSON.stringify(displayText(value))} is not a time such as 2024-01-02T03:04:05Z`);
  if (!match) return bad;
  const [year, month, day, hour, minute, seconds] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const inRange =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(year, month) &&
    hour <= 23 &&
    minute <= 59 &&
    seconds <= 60;
  if (!inRange || offsetHour > 23 || offsetMinute > 59) return bad;
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const days = BigInt(daysBefore(year, month)) + BigInt(day - 1);
  const total = days * 86_400n + BigInt(hour * 3600 + (minute - offset) * 60 + seconds);
  // A leap second is the next second.
  const fraction = seconds === 60 ? 0n : BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return new Timestamp(total * second + fraction);
}

const units: ReadonlyMap<string, bigint> = new Map(
  Object.entries({
    ns: 1n,
    us: 1000n,
    ms: 1_000_000n,
    s: second,
    m: 60n * second,
    h: 3600n * second,
  }),
);

const durationPattern = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|ms|s|m|h))+)$/;

export function parseDuration(value: Value): Result {
  if (value instanceof Duration) return value;
  if (typeof value !== 'string') return noOverload('duration', value);
  const bad = new Failure(`${JSON.stringify(displayText(value))} is not a duration such as 1h30m or 1.5s`);
  if (value.length > 100 || !durationPattern.test(value)) return bad;
  let total = 0n;
  for (const [, whole, fraction = '', unit] of value.matchAll(/(\d*)\.?(\d*)(ns|us|ms|s|m|h)/g)) {
    const size = units.get(unit as string) as bigint;
    total += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
  }
  if (total > maxDurationNs) return bad;
  return new Duration(value.startsWith('-') ? -total : total);
}

export function durationText({ ns }: Duration): string {
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? '-' : ''}${size / second}${fractionText(size % second)}s`;
}

export function timestampText({ ns }: Timestamp): Result {
  const { seconds, rest } = split(ns);
  if (seconds < firstSecond || seconds > lastSecond)
    return new Failure('only years from 1 to 9999 can be written');
  const { year, month, day } = civil(Math.floor(Number(seconds) / 86_400));
  const inDay = Number(((seconds % 86_400n) + 86_400n) % 86_400n);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [inDay / 3600, (inDay / 60) % 60, inDay % 60].map(part => two(Math.floor(part))).join(':');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}${fractionText(rest)}Z`;
}

/** Formats a fraction with 3, 6 or 9 digits, or none. */
function fractionText(ns: bigint): string {
  if (ns === 0n) return '';
  const digits = String(ns).padStart(9, '0');
  return `.${digits.replace(/^(...)000000$/, '$1').replace(/^(......)000$/, '$1')}`;
}

function split(ns: bigint): { seconds: bigint; rest: bigint } {
  const rest = ((ns % second) + second) % second;
  return { seconds: (ns - rest) / second, rest };
}

export function durationField(name: string, { ns }: Duration): Result {
  const divisors: ReadonlyMap<string, bigint> = new Map(
    Object.entries({
      getHours: 3600n * second,
      getMinutes: 60n * second,
      getSeconds: second,
    }),
  );
  if (name === 'getMilliseconds') return (ns / 1_000_000n) % 1000n;
  const divisor = divisors.get(name);
  return divisor === undefined ? noOverload(`.${name}()`, new Duration(ns)) : ns / divisor;
}

export function timestampField(name: string, value: Timestamp, zone: Value | undefined): Result {
  if (zone !== undefined && typeof zone !== 'string') return noOverload(`.${name}()`, value, zone);
  const { seconds, rest } = split(value.ns);
  const offset = zoneOffsetMs(zone === undefined ? '' : displayText(zone), Number(seconds) * 1000);
  if (offset === undefined) return new Failure(`unknown time zone ${displayText(zone ?? '')}`);
  const local = Number(seconds) + offset / 1000;
  const days = Math.floor(local / 86_400);
  const inDay = local - days * 86_400;
  const { year, month, day } = civil(days);
  const fields: ReadonlyMap<string, number> = new Map(
    Object.entries({
      getFullYear: year,
      getMonth: month - 1,
      getDayOfYear: days - daysBefore(year, 1),
      getDayOfMonth: day - 1,
      getDate: day,
      getDayOfWeek: (((days + 4) % 7) + 7) % 7,
      getHours: Math.floor(inDay / 3600),
      getMinutes: Math.floor(inDay / 60) % 60,
      getSeconds: Math.floor(inDay % 60),
      getMilliseconds: Number(rest / 1_000_000n),
    }),
  );
  const field = fields.get(name);
  return field === undefined ? noOverload(`.${name}()`, value) : BigInt(field);
}
