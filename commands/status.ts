/** `wasme status <target>`: one sub-command for each target that can be asked, made from `commands/targets`. */
import type { Command } from 'commander';
import { targetsWith } from './targets/index.ts';
import { declareTargets } from './targets/target-command.ts';
import type { Context } from './ui/context.ts';

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'status', targetsWith('status'));
  command.addHelpText(
    'after',
    `
Examples:
  wasme status envoy --admin 127.0.0.1:9901
  wasme status istio -n bookinfo --id add-header`,
  );
}
