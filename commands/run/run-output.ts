/** Prints what happens during `wasme run`: log lines of filters in Envoy's format, traces, notices. */
import type { RunEvent } from '../../src/runner/run-options.ts';
import { colorsFor } from '../ui/colors.ts';
import type { Context } from '../ui/context.ts';
import { showFailure } from '../ui/failure.ts';
import type { GlobalOptions } from '../ui/options.ts';

/** Returns a function that prints the events of a run to stderr. */
export function runPrinter(context: Context, options: GlobalOptions): (event: RunEvent) => void {
  const colors = colorsFor(context.stderr, context, options.color);
  const ofLevel = {
    trace: colors.dim,
    debug: colors.dim,
    info: colors.plain,
    warn: colors.yellow,
    error: colors.red,
    critical: colors.redBold,
  };
  return event => {
    switch (event.type) {
      case 'log': {
        const { timeMs, level, text } = event.line;
        const name = level === 'warn' ? 'warning' : level;
        const lines = continued(`[${timestamp(timeMs)}][${name}][wasm] ${text}`);
        context.stderr.write(ofLevel[level](lines), '\n');
        break;
      }
      case 'trace':
        context.stderr.write(colors.dim(continued(event.text)), '\n');
        break;
      case 'failure':
        showFailure(event.error, context, options.json ? ['--json'] : []);
        break;
      case 'notice':
        context.stderr.write(colors.yellow('note'), `: ${continued(event.text)}\n`);
        break;
    }
  };
}

/** Begins each further line of a message. */
export const continuation = '  | ';

/** Marks each line after a line break, so that a guest cannot forge a line of another guest, of the host or of wasme. */
function continued(text: string): string {
  return text.replace(/\r*\n/g, `\n${continuation}`);
}

/** `2026-11-21 04:05:06.123`, local time as in Envoy's log. */
function timestamp(timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${day} ${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
