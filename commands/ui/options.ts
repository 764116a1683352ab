/** Flags that several verbs share, declared once so that they read the same everywhere. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseHost } from '../../src/wasm/hosts.ts';

export interface GlobalOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
  readonly yes?: true;
  readonly color: 'auto' | 'always' | 'never';
}

/** The global flags are understood before and after the verb; in a verb's help they stand last. */
export function addGlobalOptions(command: Command): void {
  command.optionsGroup?.('Global options:');
  command
    .option('--json', 'print the result as one JSON document')
    .option('-q, --quiet', 'print less status')
    .option('-v, --verbose', 'print each command line and request')
    .option('--yes', 'never prompt')
    .addOption(new Option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']))
    .helpOption('-h, --help', 'show this help');
}

/** Flag values of a command and of the program above it; a flag nearer to the verb overrides one further away. */
export function globalOptions<T extends GlobalOptions = GlobalOptions>(command: Command): T {
  return command.optsWithGlobals<T>();
}

/** commander parser: a whole number in a range. */
export function integer(minimum: number, maximum: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** commander parser: a number above 0, fractions allowed. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value <= 0) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** commander parser: a file to write beside the result, which has standard output for itself. */
export function fileToWrite(text: string): string {
  if (text === '-') throw new InvalidArgumentError('Standard output has the result; name a file.');
  return text;
}

/** commander parser for repeatable KEY=VALUE flags: collects into an object, later ones win. */
export function keyValue(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be a name, "=" and a value.');
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

/** commander parser for repeatable `host@version` flags. Fails with USAGE for an unknown host. */
export function hosts(text: string, previous: readonly string[] = []): string[] {
  parseHost(text);
  return [...previous, text];
}

/** commander parser for repeatable flags: collects into a list. */
export function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/**
 * Adds a flag whose value can only follow `=`: the word after a bare flag is an operand, which commander would take as value.
 * Its value is the text, or true.
 */
export function valueAfterEquals(command: Command, flag: string, value: string, description: string): void {
  const option = new Option(`${flag} [${value}]`, description).argParser(text => text || true);
  option.flags = `${flag}[=${value}]`;
  command.addOption(option);
  const parse = command.parseOptions.bind(command);
  command.parseOptions = argv => {
    const end = argv.indexOf('--');
    return parse(argv.map((word, at) => (word === flag && (end < 0 || at < end) ? `${flag}=` : word)));
  };
}

/** `--allow-capabilities auto`, or names with commas. */
export function capabilityList(text: string | undefined): 'auto' | readonly string[] | undefined {
  return text === undefined || text === 'auto' ? text : text.split(',').map(name => name.trim());
}
