/** `wasme deploy gloo`: flags of Gloo. */
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
} from './cluster.ts';

interface GlooFlags extends ClusterFlags {
  readonly namespaces?: string[];
  readonly labels?: Record<string, string>;
  readonly kind?: GlooKind[];
  readonly filterStage?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('[target]', "project folder, image or file:///path in the proxy (default: the project's image)")
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
