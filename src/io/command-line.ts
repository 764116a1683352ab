/** A command as data, and as text. */
import { redact } from '../errors.ts';

/** What a plan holds and what --dry-run prints. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute; default: the edges' cwd. */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A command line that can be pasted into a POSIX shell; credentials redacted. */
export function showCommand(command: CommandLine): string {
  const env = Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${quote(value)}`);
  return redact([...env, quote(command.program), ...command.args.map(quote)].join(' '));
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
