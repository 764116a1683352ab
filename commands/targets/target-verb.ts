/** Verbs with one sub-command per deploy target: how they are put together, and what is said when none is named. */
import type { Command } from 'commander';
import { WasmeError } from '../../src/errors.ts';
import type { Context } from './context.ts';
import { addGlobalOptions } from './options.ts';

export interface TargetCommand {
  readonly name: string;
  readonly summary: string;
  readonly declare: (command: Command, context: Context) => void;
}

/** Adds the sub-commands to `command`, whose name is the verb. */
export function declareTargets(
  command: Command,
  context: Context,
  verb: string,
  targets: readonly TargetCommand[],
): void {
  const names = targets.map(({ name }) => name).join(', ');
  command
    .usage('<target> [operands] [options]')
    .argument('[target]', names)
    .action((name?: string) => {
      throw new WasmeError('USAGE', name === undefined ? 'no target was named' : `unknown target "${name}"`, {
        hint: `targets: ${names}; as in "wasme ${verb} envoy"`,
      });
    });
  for (const target of targets) {
    const child = command.command(target.name).description(target.summary);
    child.copyInheritedSettings(command);
    target.declare(child, context);
    addGlobalOptions(child);
  }
}
