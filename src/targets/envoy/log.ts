/**
 * Envoy's own log, record by record. A message of a filter may hold line breaks, which Envoy writes as they are, so
 * each record begins and ends with a mark: random for each Envoy, or a filter could write it and forge a record.
 */
import { randomBytes } from 'node:crypto';

/** Returns a mark for one Envoy. */
export function recordMark(): string {
  return `\u001e${randomBytes(8).toString('hex')}\u001e`;
}

/** Returns the line without marks, of whichever Envoy. */
export function withoutMarks(line: string): string {
  return line.replace(/\u001e[0-9a-f]{16}\u001e/g, '');
}

const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical'] as const;
export type EnvoyLogLevel = (typeof levels)[number];

export interface EnvoyRecord {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly level: EnvoyLogLevel;
  /** `wasm`: a filter, or the host about one. */
  readonly logger: string;
  readonly text: string;
}

/**
 * Arguments that make Envoy write records, those of filters from `wasmLevel` on and its own errors: seconds since the
 * epoch, thread, level, logger, place, text.
 */
export function recordArguments(wasmLevel: EnvoyLogLevel | 'off', mark: string): string[] {
  const format = `${mark}[%E.%e][%t][%l][%n] [%g:%#] %v${mark}`;
  return ['--log-format', format, '--component-log-level', `wasm:${wasmLevel}`];
}

/** Arguments that make Envoy begin each message with the mark, in the format that it has by default. */
export function markedArguments(mark: string): string[] {
  return ['--log-format', `${mark}[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v`];
}

/** Joins lines into records. Returns the record that a line ends; undefined while it continues. */
export function recordReader(mark: string): (line: string) => EnvoyRecord | undefined {
  let waiting: string[] = [];
  return line => {
    // A record that never ended (Envoy crashed) does not swallow the next one.
    if (line.startsWith(mark)) waiting = [];
    else if (waiting.length === 0) return undefined;
    waiting.push(line);
    if (!line.endsWith(mark)) return undefined;
    const whole = waiting.join('\n').slice(mark.length, -mark.length);
    const [, seconds, milliseconds, level, logger, text] = record.exec(whole) ?? [];
    waiting = [];
    const known = levels.find(name => name === level);
    if (known === undefined || logger === undefined || text === undefined) return undefined;
    return { timeMs: Number(seconds) * 1000 + Number(milliseconds), level: known, logger, text };
  };
}

const record = /^\[(\d+)\.(\d{3})\]\[\d+\]\[([a-z]+)\]\[([^\]]*)\] \[[^\]]*\] ([^]*)$/;
