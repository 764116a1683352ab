/** Turns a thrown value into the error that is printed on stderr and into the exit code. */
import { CommanderError } from 'commander';
import { WasmeError, asFailure, interrupted, redact } from '../../src/errors.ts';
import { fileError, isSystemError } from '../../src/io/files/file-errors.ts';
import { indented, visibleJson } from '../../src/io/printable.ts';
import { type When, colorsFor } from './colors.ts';
import type { Context } from './context.ts';

/**
 * Prints `error[CODE]: …` and `help: …` (with --json an object) and gives the exit code. `called` is the command that
 * was named, as far as there is one: "deploy istio".
 */
export function showFailure(thrown: unknown, context: Context, argv: readonly string[], called = ''): number {
  const error = asWasmeError(thrown, context, called);
  if (argv.includes('--json')) {
    const { code, message, hint, details } = error;
    const safe = (_: string, value: unknown): unknown => (typeof value === 'string' ? redact(value) : value);
    const document = JSON.stringify({ error: { code, message, hint, details } }, safe);
    context.stderr.write(`${visibleJson(document)}\n`);
  } else {
    const colors = colorsFor(context.stderr, context, colorFlag(argv));
    // What compilers say keeps its form: editors and people know it.
    const message = error.code === 'BUILD_FAILED' ? error.message : indented(error.message);
    context.stderr.write(colors.redBold(`error[${error.code}]`), `: ${message}\n`);
    if (error.hint !== undefined) context.stderr.write(colors.cyan('help'), `: ${indented(error.hint)}\n`);
    if (argv.includes('-v') || argv.includes('--verbose')) writeCauses(error, context);
    if (error.code === 'INTERNAL') context.stderr.write(`${redact(stackOf(error.cause))}\n`);
  }
  return error.exitCode;
}

/** --color, also when the command line could not be understood. */
function colorFlag(argv: readonly string[]): When {
  const value = argv.join('\n').match(/^--color[=\n](always|never)$/m)?.[1];
  return value === 'always' || value === 'never' ? value : 'auto';
}

function asWasmeError(thrown: unknown, context: Context, called: string): WasmeError {
  if (context.signal.aborted) return interrupted();
  return thrown instanceof CommanderError ? usageError(thrown, called) : asFailure(systemFailure(thrown));
}

/** Turns a refusal of the system (full disk, missing permission, folder in place of a file) into FILE_ACCESS, not into a bug of wasme. */
function systemFailure(thrown: unknown): unknown {
  if (!isSystemError(thrown)) return thrown;
  const { code, path, syscall } = thrown;
  const refusals = 'EACCES EPERM EROFS ENOSPC EDQUOT EMFILE ENFILE ENOTDIR EISDIR ELOOP ENAMETOOLONG';
  if (path === undefined || !refusals.split(' ').includes(code ?? '')) return thrown;
  return fileError(thrown, path, /^(open|read|stat|lstat|scandir)/.test(syscall ?? '') ? 'read' : 'write');
}

/** Maps names of verbs in other tools to ours, for suggestions: they differ too much for the search for misspellings. */
const elsewhere: Readonly<Record<string, string>> = {
  images: 'list',
  ls: 'list',
  rmi: 'rm',
  remove: 'rm',
  cp: 'copy',
  new: 'init',
  create: 'init',
  publish: 'push',
  validate: 'verify',
  apply: 'deploy',
  delete: 'undeploy',
  export: 'save',
  import: 'load',
};

/** commander's texts start with "error: " and carry their suggestion on a second line. */
function usageError(error: CommanderError, called: string): WasmeError {
  const [text = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const unknownVerb = error.code === 'commander.unknownCommand';
  const verb = unknownVerb ? (/^unknown command '(.*)'$/s.exec(text)?.[1] ?? '') : '';
  // With flags and no verb, commander asks for its help and has no message of its own.
  const noVerb = error.code === 'commander.help';
  const message = unknownVerb ? `unknown verb "${verb}"` : noVerb ? 'no verb was named' : text;
  const known = called === '' && Object.hasOwn(elsewhere, verb) ? elsewhere[verb] : undefined;
  const meant = known ?? suggestion?.match(/Did you mean (?:one of )?(.*)\?/)?.[1];
  const program = ['wasme', called].filter(word => word !== '').join(' ');
  return new WasmeError('USAGE', message, {
    hint:
      meant === undefined
        ? `run "${program} --help" to see what it takes`
        : unknownVerb
          ? `did you mean "wasme ${meant.split(', ').join('" or "wasme ')}"?`
          : `did you mean ${meant.split(', ').join(' or ')}?`,
    cause: noVerb ? undefined : error,
  });
}

function writeCauses(error: Error, context: Context): void {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    context.stderr.write(`cause: ${indented(redact(cause.message))}\n`);
  }
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
