/** The target `gloo`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GlooKind } from '../../src/targets/gloo/forms.ts';
import type { Context } from '../ui/context.ts';
import {
  type ClusterFlags,
  addClusterFlags,
  clusterOptions,
  deployToCluster,
  labels,
  list,
} from './cluster/cluster-flags.ts';
import { severalNamespaces } from './cluster/cluster-place.ts';
import { clusterStatus } from './cluster/cluster-status.ts';
import { clusterUndeploy } from './cluster/cluster-undeploy.ts';
import type { TargetCommand } from './target-command.ts';

interface GlooFlags extends ClusterFlags {
  readonly namespaces?: string[];
  readonly labels?: Record<string, string>;
  readonly kind?: GlooKind[];
  readonly filterStage?: string;
}

const place = severalNamespaces('only Gateways of these namespaces (default: all)');

export const gloo: TargetCommand<'gloo'> = {
  deploy: { summary: 'a filter in the Gateways of Gloo (Enterprise)', declare },
  status: clusterStatus('gloo', place, {
    summary: 'as Gloo reports it',
    note: 'Shows what Gloo says of its Gateways; what the proxies run cannot be seen this way.',
    examples: [
      'wasme status gloo --id add-header',
      'wasme status gloo registry.example/me/add-header:v1 --id add-header',
    ],
  }),
  undeploy: clusterUndeploy('gloo', place, {
    summary: 'out of the Gateways of Gloo',
    examples: [
      'wasme undeploy gloo --id add-header -n gloo-system',
      'wasme undeploy gloo --id add-header -n gloo-system --dry-run',
    ],
    unusedFlags: ['-l, --labels <key=value,…>', '--config <text>', '--root-id <id>'],
  }),
};

function declare(command: Command, context: Context): void {
  command
    .argument('[source]', "project folder, image or file:///path in the proxy (default: the project's image)")
    .option('-n, --namespaces <name,…>', 'namespaces whose Gateways get the filter (default: all)', list)
    .option('-l, --labels <key=value,…>', 'only Gateways with these labels', labels)
    .addOption(
      new Option(
        '--kind <kind>',
        'objects that get the filter; may be repeated (default: gateway and matchable-http-gateway)',
      ).argParser(kinds),
    )
    .option('--filter-stage <stage[:predicate]>', 'where in the chain, as AuthNStage:Before');
  addClusterFlags(command);
  command.addHelpText(
    'after',
    `
Examples:
  wasme deploy gloo registry.example/me/add-header:v1 --id add-header --root-id add_header
  wasme deploy gloo registry.example/me/add-header:v1 --id add-header -n gloo-system --diff
  wasme deploy gloo registry.example/me/add-header:v1 --id add-header -n gloo-system --apply`,
  );
  command.action(async (source: string | undefined, flags: GlooFlags) => {
    await deployToCluster(context, command, flags, {
      target: 'gloo',
      source,
      targetOptions: {
        ...clusterOptions(flags),
        namespaces: flags.namespaces,
        labels: flags.labels,
        kinds: flags.kind,
        filterStage: flags.filterStage,
      },
    });
  });
}

const known: readonly GlooKind[] = ['gateway', 'matchable-http-gateway', 'http-listener-option'];

/** commander parser for kinds: comma-separated, repeated or not. */
function kinds(text: string, previous: readonly GlooKind[] = []): GlooKind[] {
  const named = text.split(',').map(word => known.find(kind => kind === word.trim()));
  if (named.every(kind => kind !== undefined)) return [...previous, ...named];
  throw new InvalidArgumentError(`Allowed choices are ${known.join(', ')}.`);
}
