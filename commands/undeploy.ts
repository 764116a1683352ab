/** `wasme undeploy <target>`: one sub-command per control plane, each in its own file. */
import type { Command } from 'commander';
import type { Context } from './ui/context.ts';
import { declareTargets } from './ui/targets.ts';
import { declareEnvoyGateway, declareGloo, declareHigress, declareIstio } from './undeploy/cluster.ts';
import { declare as declareEnvoy } from './undeploy/envoy.ts';

const targets = [
  { name: 'envoy', summary: 'out of your own Envoy file', declare: declareEnvoy },
  { name: 'istio', summary: 'out of an Istio mesh', declare: declareIstio },
  { name: 'gloo', summary: 'out of the Gateways of Gloo', declare: declareGloo },
  { name: 'envoy-gateway', summary: 'out of the policies of Envoy Gateway', declare: declareEnvoyGateway },
  { name: 'higress', summary: 'out of Higress', declare: declareHigress },
] as const;

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'undeploy', targets);
  command.addHelpText(
    'after',
    `
Examples:
  wasme undeploy envoy --in envoy.yaml -o envoy.yaml
  wasme undeploy istio --id add-header -n bookinfo`,
  );
}
