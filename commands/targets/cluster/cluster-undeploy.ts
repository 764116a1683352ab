/** `wasme undeploy istio|gloo|envoy-gateway`: what is ours out of a cluster. */
import type { Command } from 'commander';
import type { TargetName, TargetOptions } from '../../src/targets/index.ts';
import { list } from '../deploy/cluster.ts';
import { confirmDiff } from '../ui/confirm-diff.ts';
import { type Context, systemContextOf } from '../ui/context.ts';
import { addOldFlags } from '../ui/deprecated-flags.ts';
import { globalOptions } from '../ui/options.ts';
import { reporterFor } from '../ui/progress-line.ts';
import { writeDiff, writeResult } from '../ui/result.ts';

interface Flags {
  readonly id?: string;
  readonly namespace?: string;
  readonly namespaces?: string[];
  readonly context?: string;
  readonly dryRun?: boolean;
  readonly diff?: boolean;
}

const notUsed = 'is not used: the filter is found by --id';

/** The old tool had to be told again what was deployed, and to what. */
const toldAgain = {
  '-l, --labels <key=value,…>': notUsed,
  '--config <text>': notUsed,
  '--root-id <id>': notUsed,
};

export function declareIstio(command: Command, context: Context): void {
  command
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('-n, --namespace <name>', 'namespace it was deployed to (default: default)');
  addOldFlags(command, context, {
    ...toldAgain,
    '-t, --workload-type <type>': notUsed,
    '--patch-context <where>': notUsed,
    '--istio-namespace <name>': notUsed,
    '--cache-timeout <time>': notUsed,
    '--ignore-version-check': notUsed,
  });
  declareRest(command, context, 'istio', ({ namespace }) => ({ namespace }), [
    'wasme undeploy istio --id add-header -n bookinfo',
    'wasme undeploy istio --id add-header -n bookinfo --dry-run',
  ]);
}

export function declareGloo(command: Command, context: Context): void {
  command
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('-n, --namespaces <name,…>', 'only Gateways of these namespaces (default: all)', list);
  addOldFlags(command, context, toldAgain);
  declareRest(command, context, 'gloo', ({ namespaces }) => ({ namespaces }), [
    'wasme undeploy gloo --id add-header',
    'wasme undeploy gloo --id add-header -n gloo-system --dry-run',
  ]);
}

export function declareEnvoyGateway(command: Command, context: Context): void {
  command
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('-n, --namespace <name>', 'namespace it was deployed to (default: default)');
  declareRest(command, context, 'envoy-gateway', ({ namespace }) => ({ namespace }), [
    'wasme undeploy envoy-gateway --id add-header -n shop',
    'wasme undeploy envoy-gateway --id add-header -n shop --dry-run',
  ]);
}

export function declareHigress(command: Command, context: Context): void {
  command
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('-n, --namespace <name>', "Higress' own namespace (default: higress-system)");
  declareRest(command, context, 'higress', ({ namespace }) => ({ namespace }), [
    'wasme undeploy higress --id add-header',
    'wasme undeploy higress --id add-header --dry-run',
  ]);
}

function declareRest<Name extends TargetName>(
  command: Command,
  context: Context,
  target: Name,
  place: (flags: Flags) => TargetOptions[Name],
  examples: readonly string[],
): void {
  command
    .option('--context <name>', "kubectl's context (default: the current one)")
    .option('--dry-run', 'show what would go, and change nothing')
    .addHelpText('after', `\nExamples:\n${examples.map(line => `  ${line}`).join('\n')}`)
    .action(async (flags: Flags) => {
      const { undeploy } = await import('../../src/undeploy.ts');
      const result = await undeploy(
        {
          target,
          id: flags.id,
          dryRun: flags.dryRun,
          confirm: confirmDiff(context, globalOptions(command)),
          targetOptions: { ...place(flags), context: flags.context, useCluster: true },
        },
        systemContextOf(context, reporterFor(context, globalOptions(command))),
      );
      writeResult(context, globalOptions(command).json, result, ({ changed, diff = '' }) =>
        flags.dryRun
          ? writeDiff(context, diff)
          : changed.map(({ name, result: what }) => `${name} ${what}`).join('\n'),
      );
    });
}
