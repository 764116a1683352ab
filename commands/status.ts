/** `wasme status <target>`: one sub-command per control plane, each in its own file. */
import type { Command } from 'commander';
import { declare as declareEnvoy } from './status/envoy.ts';
import type { Context } from './ui/context.ts';
import { declareTargets } from './ui/targets.ts';

const targets = [
  { name: 'envoy', summary: 'of Envoys with an admin interface', declare: declareEnvoy },
] as const;

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'status', targets);
  command.addHelpText(
    'after',
    `
Examples:
  $ wasme status envoy --admin 127.0.0.1:9901`,
  );
}
