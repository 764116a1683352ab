/** Accepts renamed and obsolete flags of the old wasme with a note, so that old command lines work. */
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { globalOptions } from './options.ts';
import { reporterFor } from './progress-line.ts';

/** Continues the note that begins with the name of the flag; or names the flag that takes its value now. */
type Replacement = string | { readonly now: string };

export const oldStore = { '--store <dir>': 'is now the variable WASME_HOME' };

/** Of verbs that move images. */
export const oldRegistryFlags = {
  '-p, --password <password>': 'can be seen by others: --password-stdin cannot',
  '-c, --config <file>': { now: '--registry-config' },
  ...oldStore,
};

/** `flags`: as commander declares them → what became of each. Help does not show them. */
export function addOldFlags(
  command: Command,
  context: Context,
  flags: Readonly<Record<string, Replacement>>,
): Command {
  const options = Object.entries(flags).map(([flag, fate]) => ({
    option: new Option(flag).hideHelp(),
    fate,
  }));
  for (const { option } of options) command.addOption(option);
  return command.hook('preAction', () => {
    const reporter = reporterFor(context, globalOptions(command));
    for (const { option, fate } of options) {
      if (command.getOptionValueSource(option.attributeName()) !== 'cli') continue;
      const says = typeof fate === 'string' ? fate : `is now ${fate.now}`;
      reporter.info(`note: ${option.long ?? option.flags} ${says}`);
      if (typeof fate !== 'string') handOver(command, option, fate.now);
    }
  });
}

/** The value of an old flag to the new one, unless that was given too. */
function handOver(command: Command, from: Option, to: string): void {
  const name = command.options.find(({ long }) => long === to)?.attributeName();
  if (name === undefined || command.getOptionValueSource(name) === 'cli') return;
  command.setOptionValueWithSource(name, command.getOptionValue(from.attributeName()), 'cli');
}
