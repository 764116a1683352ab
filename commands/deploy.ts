/** `wasme deploy <target>`: one sub-command for each target, made from `commands/targets`. */
import type { Command } from 'commander';
import { declare as declareServe } from './serve.ts';
import { targetsWith } from './targets/index.ts';
import { declareTargets } from './targets/target-command.ts';
import type { Context } from './ui/context.ts';

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'deploy', {
    ...targetsWith('deploy'),
    // The server of modules was called so before it had a verb of its own.
    http: { summary: 'same as "wasme serve"', declare: declareServe },
  });
  command.addHelpText(
    'after',
    `
Examples:
  wasme deploy envoy > envoy.yaml
  wasme deploy istio registry.example/me/add-header:v1 -n bookinfo --apply
  wasme deploy envoy --help`,
  );
}
