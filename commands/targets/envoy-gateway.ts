/** The target `envoy-gateway`. */
import { type Command, Option } from 'commander';
import { mergeTypes, pullPolicies } from '../../src/project/names.ts';
import type { EnvoyGatewayOptions } from '../../src/targets/envoy-gateway/options.ts';
import type { Context } from '../ui/context.ts';
import { collect } from '../ui/options.ts';
import {
  type ClusterFlags,
  addClusterFlags,
  clusterOptions,
  deployToCluster,
  list,
} from './cluster/cluster-flags.ts';
import { oneNamespace } from './cluster/cluster-place.ts';
import { clusterStatus } from './cluster/cluster-status.ts';
import { clusterUndeploy } from './cluster/cluster-undeploy.ts';
import type { TargetCommand } from './target-command.ts';

interface EnvoyGatewayFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly gateway?: string[];
  readonly route?: string[];
  readonly targetRef?: string[];
  readonly targetSelector?: string[];
  readonly merge?: EnvoyGatewayOptions['merge'];
  readonly caCertificate?: string;
  readonly policy?: string;
  readonly pullSecret?: string;
  readonly pullPolicy?: EnvoyGatewayOptions['pullPolicy'];
  readonly envoyGatewayVersion?: string;
}

const place = oneNamespace('namespace it was deployed to (default: default)');

export const envoyGateway: TargetCommand<'envoy-gateway'> = {
  deploy: { summary: 'EnvoyExtensionPolicy of Envoy Gateway', declare },
  status: clusterStatus('envoy-gateway', place, {
    summary: 'as Envoy Gateway reports it',
    note: 'Shows what Envoy Gateway says of the policy; what the proxies run cannot be seen this way.',
    examples: [
      'wasme status envoy-gateway -n shop --id add-header',
      'wasme status envoy-gateway registry.example/me/add-header:v1 -n shop --id add-header',
    ],
  }),
  undeploy: clusterUndeploy('envoy-gateway', place, {
    summary: 'out of the policies of Envoy Gateway',
    examples: [
      'wasme undeploy envoy-gateway --id add-header -n shop',
      'wasme undeploy envoy-gateway --id add-header -n shop --dry-run',
    ],
  }),
};

function declare(command: Command, context: Context): void {
  command
    .argument('[source]', "project folder, image or URL (default: the project's image)")
    .option('-n, --namespace <name>', 'namespace of the Gateway or route (default: default)')
    .option('--gateway <name[:listener]>', 'Gateway that gets the filter; may be repeated', list)
    .option('--route <name[:rule]>', 'HTTPRoute that gets the filter; may be repeated', list)
    .option('--target-ref <kind/name>', 'Gateway, HTTPRoute or GRPCRoute; may be repeated', list)
    .option(
      '--target-selector <kind/label=value>',
      'every Gateway or route with these labels; may be repeated',
      collect,
    )
    .addOption(
      new Option(
        '--merge <how>',
        "join the policy of the route's Gateway instead of taking its place",
      ).choices(mergeTypes),
    )
    .option('--ca-certificate <kind/name>', 'Secret or ConfigMap that the registry is trusted by')
    .option('--policy <name>', 'put the filter into this policy')
    .option('--pull-secret <name>', 'docker-registry secret in the same namespace')
    .addOption(new Option('--pull-policy <policy>', 'when images are pulled').choices(pullPolicies))
    .option('--envoy-gateway-version <version>', "default: the cluster's with --apply, else the newest");
  addClusterFlags(command);
  command.addHelpText(
    'after',
    `
Examples:
  wasme deploy envoy-gateway registry.example/me/add-header:v1 --gateway eg > policy.yaml
  wasme deploy envoy-gateway registry.example/me/add-header:v1 -n shop --route checkout --apply
  wasme deploy envoy-gateway --gateway eg:https --config '{"header":"x-team"}' --explain`,
  );
  command.action(async (source: string | undefined, flags: EnvoyGatewayFlags) => {
    const refs = [
      ...(flags.gateway ?? []).map(name => `Gateway/${name}`),
      ...(flags.route ?? []).map(name => `HTTPRoute/${name}`),
      ...(flags.targetRef ?? []),
    ];
    await deployToCluster(context, command, flags, {
      target: 'envoy-gateway',
      source,
      targetOptions: {
        ...clusterOptions(flags),
        namespace: flags.namespace,
        version: flags.envoyGatewayVersion,
        targetRefs: refs.length === 0 ? undefined : refs,
        selectors: flags.targetSelector,
        merge: flags.merge,
        caCertificate: flags.caCertificate,
        policy: flags.policy,
        pullSecret: flags.pullSecret,
        pullPolicy: flags.pullPolicy,
      },
    });
  });
}
