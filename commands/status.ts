/** `wasme status <target>`: one sub-command per control plane, each in its own file. */
import type { Command } from 'commander';
import { declareEnvoyGateway, declareGloo, declareHigress, declareIstio } from './status/cluster.ts';
import { declare as declareEnvoy } from './status/envoy.ts';
import type { Context } from './ui/context.ts';
import { declareTargets } from './ui/targets.ts';

const targets = [
  { name: 'envoy', summary: 'of Envoys with an admin interface', declare: declareEnvoy },
  { name: 'istio', summary: 'in the proxies of an Istio mesh', declare: declareIstio },
  { name: 'gloo', summary: 'as Gloo reports it', declare: declareGloo },
  { name: 'envoy-gateway', summary: 'as Envoy Gateway reports it', declare: declareEnvoyGateway },
  { name: 'higress', summary: 'in the gateway of Higress', declare: declareHigress },
] as const;

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'status', targets);
  command.addHelpText(
    'after',
    `
Examples:
  wasme status envoy --admin 127.0.0.1:9901
  wasme status istio -n bookinfo --id add-header`,
  );
}
