/** `wasme deploy <target>`: one sub-command per control plane, each in its own file. */
import type { Command } from 'commander';
import { WasmeError } from '../src/errors.ts';
import { declare as declareEnvoyGateway } from './deploy/envoy-gateway.ts';
import { declare as declareEnvoy } from './deploy/envoy.ts';
import { declare as declareGloo } from './deploy/gloo.ts';
import { declare as declareIstio } from './deploy/istio.ts';
import type { Context } from './ui/context.ts';
import { addGlobalOptions } from './ui/options.ts';

const targets = [
  { name: 'envoy', summary: 'configuration for a plain Envoy', declare: declareEnvoy },
  {
    name: 'istio',
    summary: 'TrafficExtension, WasmPlugin or EnvoyFilter of an Istio mesh',
    declare: declareIstio,
  },
  { name: 'gloo', summary: 'a filter in the Gateways of Gloo (Enterprise)', declare: declareGloo },
  {
    name: 'envoy-gateway',
    summary: 'EnvoyExtensionPolicy of Envoy Gateway',
    declare: declareEnvoyGateway,
  },
] as const;

export function declare(command: Command, context: Context): void {
  command
    .usage('<target> [operands] [flags]')
    .argument('[target]', targets.map(({ name }) => name).join(', '))
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
  $ wasme deploy istio ghcr.io/me/add-header:v1 -n bookinfo --apply
  $ wasme deploy envoy --help`,
  );
}
