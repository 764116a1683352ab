/** The target `higress`. */
import { type Command, Option } from 'commander';
import { pluginPhases, pullPolicies } from '../../src/project/names.ts';
import type { HigressOptions } from '../../src/targets/higress/options.ts';
import type { Context } from '../ui/context.ts';
import {
  type ClusterFlags,
  addClusterFlags,
  clusterOptions,
  deployToCluster,
  list,
  priority,
} from './cluster/cluster-flags.ts';
import { oneNamespace } from './cluster/cluster-place.ts';
import { clusterStatus } from './cluster/cluster-status.ts';
import { clusterUndeploy } from './cluster/cluster-undeploy.ts';
import type { TargetCommand } from './target-command.ts';

interface HigressFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly phase?: HigressOptions['phase'];
  readonly priority?: number;
  readonly pullSecret?: string;
  readonly pullPolicy?: HigressOptions['pullPolicy'];
  readonly ingress?: string[];
  readonly domain?: string[];
  readonly service?: string[];
  readonly higressSdk?: boolean;
}

const place = oneNamespace("Higress' own namespace (default: higress-system)");

export const higress: TargetCommand<'higress'> = {
  deploy: { summary: 'WasmPlugin of Higress', declare },
  status: clusterStatus('higress', place, {
    summary: 'in the gateway of Higress',
    note: 'Asks every pod of the gateway through kubectl exec, which needs that right.',
    examples: [
      'wasme status higress --id add-header',
      'wasme status higress registry.example/me/add-header:v1 --id add-header',
    ],
  }),
  undeploy: clusterUndeploy('higress', place, {
    summary: 'out of Higress',
    examples: ['wasme undeploy higress --id add-header', 'wasme undeploy higress --id add-header --dry-run'],
  }),
};

function declare(command: Command, context: Context): void {
  command
    .argument(
      '[source]',
      "project folder, image, URL or file:///path in the gateway (default: the project's image)",
    )
    .option('-n, --namespace <name>', "Higress' own namespace (default: higress-system)")
    .addOption(new Option('--phase <phase>', 'where in the chain').choices(pluginPhases))
    .option('--priority <n>', 'higher runs earlier in its phase', priority)
    .option('--pull-secret <name>', 'docker-registry secret in the same namespace')
    .addOption(new Option('--pull-policy <policy>', 'when the gateway pulls').choices(pullPolicies))
    .option('--ingress <name>', 'only this Ingress; may be repeated', list)
    .option('--domain <name>', 'only this domain, as shop.example or *.example; may be repeated', list)
    .option('--service <name>', 'only this service; may be repeated', list)
    .option(
      '--higress-sdk',
      "the module was built with Higress' SDK, which reads --ingress, --domain, --service",
    );
  addClusterFlags(command);
  command.addHelpText(
    'after',
    `
Examples:
  wasme deploy higress registry.example/me/add-header:v1 > plugin.yaml
  wasme deploy higress registry.example/me/add-header:v1 --config '{"header":"x-team"}' --apply
  wasme deploy higress registry.example/me/auth:v1 --domain shop.example --higress-sdk --diff`,
  );
  command.action(async (source: string | undefined, flags: HigressFlags) => {
    await deployToCluster(context, command, flags, {
      target: 'higress',
      source,
      targetOptions: {
        ...clusterOptions(flags),
        namespace: flags.namespace,
        phase: flags.phase,
        priority: flags.priority,
        pullSecret: flags.pullSecret,
        pullPolicy: flags.pullPolicy,
        ingresses: flags.ingress,
        domains: flags.domain,
        services: flags.service,
        higressSdk: flags.higressSdk,
      },
    });
  });
}
