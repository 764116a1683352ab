/** A deploy target on the command line, and the verbs with one sub-command for each target that has them. */
import type { Command } from 'commander';
import { WasmeError } from '../../src/errors.ts';
import type { StatusTargetName, TargetName, UndeployTargetName } from '../../src/targets/index.ts';
import type { Context } from '../ui/context.ts';
import { addGlobalOptions } from '../ui/options.ts';

/** One verb of one target. */
export interface TargetVerb {
  /** One line for the help of the verb and for completion. */
  readonly summary: string;
  /** Adds operands, flags, examples and the action to the empty sub-command. */
  readonly declare: (command: Command, context: Context) => void;
}

/** The verbs of a target. A verb that the library has for the target and that is missing here is a type error. */
export type TargetCommand<Name extends TargetName> = {
  readonly deploy: TargetVerb;
} & (Name extends StatusTargetName ? { readonly status: TargetVerb } : { readonly status?: undefined }) &
  (Name extends UndeployTargetName ? { readonly undeploy: TargetVerb } : { readonly undeploy?: undefined });

/** Adds one sub-command for each name. `verb` is the name of `command`. */
export function declareTargets(
  command: Command,
  context: Context,
  verb: string,
  targets: Readonly<Record<string, TargetVerb>>,
): void {
  const names = Object.keys(targets).join(', ');
  command
    .usage('<target> [operands] [options]')
    .argument('[target]', names)
    .action((name?: string) => {
      throw new WasmeError('USAGE', name === undefined ? 'no target was named' : `unknown target "${name}"`, {
        hint: `targets: ${names}; as in "wasme ${verb} envoy"`,
      });
    });
  for (const [name, { summary, declare }] of Object.entries(targets)) {
    const child = command.command(name).description(summary);
    child.copyInheritedSettings(command);
    declare(child, context);
    addGlobalOptions(child);
  }
}
