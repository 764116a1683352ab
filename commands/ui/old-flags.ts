/** Flags of the old wasme that have nothing to say any more: taken, so that old lines work, and told. */
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { globalOptions } from './options.ts';
import { reporterFor } from './reporter.ts';

export const oldStore = { '--store <dir>': 'is now the variable WASME_HOME' };

/** `flags`: as commander declares them → what became of each, said behind its name. Help does not show them. */
export function addOldFlags(
  command: Command,
  context: Context,
  flags: Readonly<Record<string, string>>,
): Command {
  const options = Object.entries(flags).map(([flag, fate]) => ({
    option: new Option(flag).hideHelp(),
    fate,
  }));
  for (const { option } of options) command.addOption(option);
  return command.hook('preAction', () => {
    const reporter = reporterFor(context, globalOptions(command));
    for (const { option, fate } of options) {
      if (command.getOptionValueSource(option.attributeName()) === 'cli') {
        reporter.info(`note: ${option.long ?? option.flags} ${fate}`);
      }
    }
  });
}
