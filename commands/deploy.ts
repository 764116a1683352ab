/** `wasme deploy <target>`: one sub-command per control plane, each in its own file. */
import type { Command } from 'commander';
import { declare as declareEnvoyGateway } from './deploy/envoy-gateway.ts';
import { declare as declareEnvoy } from './deploy/envoy.ts';
import { declare as declareGcp } from './deploy/gcp.ts';
import { declare as declareGloo } from './deploy/gloo.ts';
import { declare as declareHigress } from './deploy/higress.ts';
import { declare as declareHttp } from './serve.ts';
import { declare as declareIstio } from './deploy/istio.ts';
import type { Context } from './ui/context.ts';
import { declareTargets } from './ui/targets.ts';

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
  { name: 'higress', summary: 'WasmPlugin of Higress', declare: declareHigress },
  { name: 'gcp', summary: 'resources of Google Cloud Service Extensions', declare: declareGcp },
  {
    name: 'http',
    summary: 'serve modules by digest, for proxies that fetch code by URL',
    declare: declareHttp,
  },
] as const;

export function declare(command: Command, context: Context): void {
  declareTargets(command, context, 'deploy', targets);
  command.addHelpText(
    'after',
    `
Examples:
  wasme deploy envoy > envoy.yaml
  wasme deploy istio registry.example/me/add-header:v1 -n bookinfo --apply
  wasme deploy envoy --help`,
  );
}
