/** Formats values and expressions for a trace, much as one would write them, cut off when they are long. */
import { displayText } from '../encoding/bytes.ts';
import { durationText, timestampText } from './time/time.ts';
import {
  Bytes,
  Duration,
  Failure,
  CelMessage,
  Timestamp,
  TypeName,
  Uint,
  type Value,
  ValueMap,
} from './values.ts';

const shownCharacters = 120;
const shownItems = 8;
const shownDepth = 3;

/** Quotes a text and cuts off its end when it is long. */
export function showText(text: string): string {
  const more = text.length > shownCharacters ? `… (${text.length} characters)` : '';
  return JSON.stringify(text.slice(0, shownCharacters)) + more;
}

export function showValue(value: Value, depth = 0): string {
  if (typeof value === 'string') return showText(displayText(value));
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Uint) return `${value.value}u`;
  if (value instanceof Bytes) return `b${showText(displayText(value.value))}`;
  if (value instanceof Duration) return `duration(${JSON.stringify(durationText(value))})`;
  if (value instanceof Timestamp) {
    const text = timestampText(value);
    return `timestamp(${text instanceof Failure ? value.ns : JSON.stringify(text)})`;
  }
  if (value instanceof TypeName) return value.name;
  if (value instanceof CelMessage) return `${value.type}{${value.bytes.length} bytes}`;
  const show = (item: Value): string => showValue(item, depth + 1);
  if (value instanceof ValueMap) {
    const entry = (key: Value): string => `${show(key)}: ${show(value.get(key) as Value)}`;
    return `{${some(value.keys(), entry, depth)}}`;
  }
  return `[${some(value, show, depth)}]`;
}

function some(items: readonly Value[], show: (item: Value) => string, depth: number): string {
  if (depth >= shownDepth) return items.length > 0 ? '…' : '';
  const more = items.length > shownItems ? ', …' : '';
  return items.slice(0, shownItems).map(show).join(', ') + more;
}
