/** The target `istio`: flags, those of the first wasme included. */
import { type Command, Option } from 'commander';
import {
  type FilterKind,
  filterKinds,
  istioKinds,
  patchContexts,
  pluginPhases,
  pullPolicies,
} from '../../src/project/names.ts';
import type { IstioOptions } from '../../src/targets/istio/options.ts';
import type { Context } from '../ui/context.ts';
import { addOldFlags } from '../ui/deprecated-flags.ts';
import { integer } from '../ui/options.ts';
import {
  type ClusterFlags,
  addClusterFlags,
  clusterOptions,
  deployToCluster,
  labels,
  list,
  priority,
} from './cluster/cluster-flags.ts';
import { oneNamespace } from './cluster/cluster-place.ts';
import { clusterStatus } from './cluster/cluster-status.ts';
import { clusterUndeploy } from './cluster/cluster-undeploy.ts';
import type { TargetCommand } from './target-command.ts';

interface IstioFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly gateway?: string[];
  readonly targetRef?: string[];
  readonly phase?: IstioOptions['phase'];
  readonly priority?: number;
  readonly patchContext?: IstioOptions['patchContext'];
  readonly matchPort?: number[];
  readonly istioVersion?: string;
  readonly kind?: IstioOptions['kind'];
  readonly filterKind?: FilterKind;
  readonly pullSecret?: string;
  readonly pullPolicy?: IstioOptions['pullPolicy'];
  readonly allowOnHeadersStopIteration?: boolean;
}

const place = oneNamespace('namespace it was deployed to (default: default)');

export const istio: TargetCommand<'istio'> = {
  deploy: { summary: 'TrafficExtension, WasmPlugin or EnvoyFilter of an Istio mesh', declare },
  status: clusterStatus('istio', place, {
    summary: 'in the proxies of an Istio mesh',
    note: 'Asks every chosen proxy through kubectl exec, which needs that right.',
    examples: [
      'wasme status istio -n bookinfo --id add-header',
      'wasme status istio registry.example/me/add-header:v1 -n bookinfo --id add-header',
    ],
  }),
  undeploy: clusterUndeploy('istio', place, {
    summary: 'out of an Istio mesh',
    examples: [
      'wasme undeploy istio --id add-header -n bookinfo',
      'wasme undeploy istio --id add-header -n bookinfo --dry-run',
    ],
    unusedFlags: [
      '-l, --labels <key=value,…>',
      '--config <text>',
      '--root-id <id>',
      '-t, --workload-type <type>',
      '--patch-context <where>',
      '--istio-namespace <name>',
      '--cache-timeout <time>',
      '--ignore-version-check',
    ],
  }),
};

function declare(command: Command, context: Context): void {
  command
    .argument(
      '[source]',
      "project folder, image, URL or file:///path in the proxy (default: the project's image)",
    )
    .option('-n, --namespace <name>', 'namespace of the workloads (default: default)')
    .option('-l, --labels <key=value,…>', 'only pods with these labels', labels)
    .option('--gateway <name>', 'a Gateway API gateway or a waypoint; may be repeated', list)
    .option(
      '--target-ref <kind/name>',
      'Service, ServiceEntry, Gateway or GatewayClass; may be repeated',
      list,
    )
    .addOption(new Option('--phase <phase>', 'where in the chain').choices(pluginPhases))
    .option('--priority <n>', 'higher runs earlier in its phase', priority)
    .addOption(
      new Option('--patch-context <where>', 'direction of the traffic (default: any)').choices(patchContexts),
    )
    .option('--match-port <n>', 'only traffic to this port; may be repeated', ports)
    .option('--istio-version <version>', "default: the cluster's with --apply, else the newest")
    .addOption(
      new Option('--kind <kind>', 'kind of object (default: the plainest that can say it)').choices(
        istioKinds,
      ),
    )
    .addOption(
      new Option('--filter-kind <kind>', "how the filter is used (default: the project's, or http)").choices(
        filterKinds,
      ),
    )
    .option('--pull-secret <name>', 'docker-registry secret in the same namespace')
    .addOption(new Option('--pull-policy <policy>', 'when proxies pull').choices(pullPolicies))
    .option('--allow-on-headers-stop-iteration', 'let a header callback stop the headers alone');
  addClusterFlags(command);
  const pulled = 'is not used: proxies pull images themselves';
  addOldFlags(command, context, {
    '-t, --workload-type <type>': 'is not used: --labels choose pods of any workload',
    '--ignore-version-check': 'is not used: --force deploys an image that Istio would not load',
    '--istio-namespace <name>': 'is not used',
    '--istiod-name <name>': 'is not used',
    '--cache-timeout <time>': pulled,
    '--cache-name <name>': pulled,
    '--cache-namespace <name>': pulled,
    '--cache-repo <image>': pulled,
    '--cache-tag <tag>': pulled,
    '--cache-custom-command <command>': pulled,
    '--cache-image-pull-policy <policy>': 'is now --pull-policy',
  });
  command.addHelpText(
    'after',
    `
Examples:
  wasme deploy istio registry.example/me/add-header:v1 -n bookinfo -l app=details > add-header.yaml
  wasme deploy istio registry.example/me/add-header:v1 -n bookinfo --apply
  wasme deploy istio --gateway ingress -n istio-ingress --istio-version 1.27 --explain
  wasme deploy istio registry.example/me/add-header:v2 -n bookinfo --diff`,
  );
  command.action(async (source: string | undefined, flags: IstioFlags) => {
    await deployToCluster(context, command, flags, {
      target: 'istio',
      source,
      kind: flags.filterKind,
      allowOnHeadersStopIteration: flags.allowOnHeadersStopIteration,
      targetOptions: istioOptions(flags),
    });
  });
}

function istioOptions(flags: IstioFlags): IstioOptions {
  const refs = [...(flags.gateway ?? []).map(name => `Gateway/${name}`), ...(flags.targetRef ?? [])];
  return {
    ...clusterOptions(flags),
    namespace: flags.namespace,
    version: flags.istioVersion,
    kind: flags.kind,
    labels: flags.labels,
    targetRefs: refs.length === 0 ? undefined : refs,
    phase: flags.phase,
    priority: flags.priority,
    patchContext: flags.patchContext,
    ports: flags.matchPort,
    pullSecret: flags.pullSecret,
    pullPolicy: flags.pullPolicy,
  };
}

function ports(text: string, previous: readonly number[] = []): number[] {
  return [...previous, ...text.split(',').map(integer(1, 65_535))];
}
