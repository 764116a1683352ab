/** A thrown value → what is printed on stderr and the exit code. */
import { CommanderError } from 'commander';
import { WasmeError, asFailure, redact } from '../../src/errors.ts';
import { colorsFor } from './colors.ts';
import type { Context } from './context.ts';

/** Prints `error[CODE]: …` and `help: …` (with --json an object) and gives the exit code. */
export function showFailure(thrown: unknown, context: Context, argv: readonly string[]): number {
  const error = asWasmeError(thrown, context, argv);
  if (argv.includes('--json')) {
    const { code, message, hint, details } = error;
    context.stderr.write(`${JSON.stringify({ error: { code, message, hint, details } })}\n`);
  } else {
    const colors = colorsFor(context.stderr, context);
    context.stderr.write(`${colors.red.bold(`error[${error.code}]`)}: ${error.message}\n`);
    if (error.hint !== undefined) context.stderr.write(`${colors.cyan('help')}: ${error.hint}\n`);
    if (argv.includes('-v') || argv.includes('--verbose')) writeCauses(error, context);
    if (error.code === 'INTERNAL') context.stderr.write(`${redact(stackOf(error.cause))}\n`);
  }
  return error.exitCode;
}

function asWasmeError(thrown: unknown, context: Context, argv: readonly string[]): WasmeError {
  if (context.signal.aborted) return new WasmeError('INTERRUPTED', 'interrupted');
  return thrown instanceof CommanderError ? usageError(thrown, argv) : asFailure(thrown);
}

/** commander's texts start with "error: " and carry their suggestion on a second line. */
function usageError(error: CommanderError, argv: readonly string[]): WasmeError {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const verb = argv.find(word => !word.startsWith('-'));
  const known = verb !== undefined && error.code !== 'commander.unknownCommand';
  return new WasmeError('USAGE', message, {
    hint:
      suggestion?.replace(/^\((.*)\)$/, '$1') ??
      `run "wasme ${known ? `${verb} ` : ''}--help" to see what it takes`,
    cause: error,
  });
}

function writeCauses(error: Error, context: Context): void {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    context.stderr.write(`cause: ${redact(cause.message)}\n`);
  }
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
