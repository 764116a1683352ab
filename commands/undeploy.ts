/** `wasme undeploy <target>`: one sub-command for each target that a filter can be taken out of, made from `commands/targets`. */
import type { Command } from 'commander';
import { targetsWith } from './targets/index.ts';
import { declareTargets } from './targets/target-command.ts';
import type { Context } from './ui/context.ts';

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'undeploy', targetsWith('undeploy'));
  command.addHelpText(
    'after',
    `
Examples:
  wasme undeploy envoy --in envoy.yaml -o envoy.yaml
  wasme undeploy istio --id add-header -n bookinfo`,
  );
}
