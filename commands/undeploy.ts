/** `wasme undeploy <target>`: one sub-command per control plane, each in its own file. */
import type { Command } from 'commander';
import type { Context } from './ui/context.ts';
import { declareTargets } from './ui/targets.ts';
import { declare as declareEnvoy } from './undeploy/envoy.ts';

const targets = [{ name: 'envoy', summary: 'out of your own Envoy file', declare: declareEnvoy }] as const;

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'undeploy', targets);
  command.addHelpText(
    'after',
    `
Examples:
  $ wasme undeploy envoy --in envoy.yaml -o envoy.yaml`,
  );
}
