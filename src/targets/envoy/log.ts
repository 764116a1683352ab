/** Envoy's own log, record by record: a line of a filter may hold line breaks, so each record ends with a mark. */

/** Where a record ends: a control character that texts do not have. */
export const recordEnd = '\u001e';

/** Seconds since the epoch, thread, level, logger, place, text: like the format that Envoy has without being told. */
const format = `[%E.%e][%t][%l][%n] [%g:%#] %v${recordEnd}`;

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

/** Arguments that make Envoy write records, those of filters from `wasmLevel` on and its own errors. */
export function recordArguments(wasmLevel: EnvoyLogLevel | 'off'): string[] {
  return ['--log-format', format, '--component-log-level', `wasm:${wasmLevel}`];
}

/** Puts lines together to records. Gives the record that a line ends, or undefined while it goes on. */
export function recordReader(): (line: string) => EnvoyRecord | undefined {
  let waiting: string[] = [];
  return line => {
    // A record that never ended (Envoy crashed) does not swallow the next one.
    if (head.test(line)) waiting = [];
    waiting.push(line);
    if (!line.endsWith(recordEnd)) return undefined;
    const [, seconds, milliseconds, level, logger, text] = record.exec(waiting.join('\n')) ?? [];
    waiting = [];
    const known = levels.find(name => name === level);
    if (known === undefined || logger === undefined || text === undefined) return undefined;
    return { timeMs: Number(seconds) * 1000 + Number(milliseconds), level: known, logger, text };
  };
}

const head = /^\[\d+\.\d{3}\]\[\d+\]\[[a-z]+\]\[/;
const record = /^\[(\d+)\.(\d{3})\]\[\d+\]\[([a-z]+)\]\[([^\]]*)\] \[[^\]]*\] ([^]*)\u001e$/;
