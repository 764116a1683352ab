/** `wasme deploy <target>`: one sub-command per control plane, each in its own file. */
import type { Command } from 'commander';
import { WasmeError } from '../src/errors.ts';
import { declare as declareEnvoy } from './deploy/envoy.ts';
import type { Context } from './ui/context.ts';
import { addGlobalOptions } from './ui/options.ts';

const targets = [
  { name: 'envoy', summary: 'configuration for a plain Envoy', declare: declareEnvoy },
] as const;

export function declare(command: Command, context: Context): void {
  command
    .usage('<target> [operands] [flags]')
    .argument('[target]', 'envoy')
    .action((name?: string) => {
      throw new WasmeError('USAGE', name === undefined ? 'no target was named' : `unknown target "${name}"`, {
        hint: `targets: ${targets.map(target => target.name).join(', ')}; as in "wasme deploy envoy"`,
      });
    });
  for (const target of targets) {
    const child = command.command(target.name).description(target.summary);
    child.copyInheritedSettings(command);
    target.declare(child, context);
    addGlobalOptions(child);
  }
  command.addHelpText(
    'after',
    `
Examples:
  $ wasme deploy envoy > envoy.yaml
  $ wasme deploy envoy --help`,
  );
}
