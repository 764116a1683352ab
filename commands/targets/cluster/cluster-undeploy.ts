/** `wasme undeploy` of the targets whose objects are in a cluster. */
import type { UndeployTargetName } from '../../../src/targets/index.ts';
import { confirmDiff } from '../../ui/confirm-diff.ts';
import { systemContextOf } from '../../ui/context.ts';
import { addOldFlags } from '../../ui/deprecated-flags.ts';
import { globalOptions } from '../../ui/options.ts';
import { reporterFor } from '../../ui/progress-line.ts';
import { writeDiff, writeResult } from '../../ui/result.ts';
import type { TargetVerb } from '../target-command.ts';
import type { ClusterPlace, PlaceFlags } from './cluster-place.ts';
import { contextOption } from './cluster-status.ts';

interface UndeployFlags extends PlaceFlags {
  readonly id?: string;
  readonly context?: string;
  readonly dryRun?: boolean;
}

export interface ClusterUndeploy {
  readonly summary: string;
  readonly examples: readonly string[];
  /** Flags of the first wasme, which had to be given what was deployed again. */
  readonly unusedFlags?: readonly string[];
}

export function clusterUndeploy<Name extends UndeployTargetName>(
  target: Name,
  place: ClusterPlace<Name>,
  { summary, examples, unusedFlags = [] }: ClusterUndeploy,
): TargetVerb {
  return {
    summary,
    declare(command, context) {
      command
        .option('--id <name>', 'name of the filter (default: the project here)')
        .addOption(place.option());
      const unused = unusedFlags.map(flag => [flag, 'is not used: the filter is found by --id'] as const);
      addOldFlags(command, context, Object.fromEntries(unused));
      command
        .addOption(contextOption())
        .option('--dry-run', 'show what would go, and change nothing')
        .addHelpText('after', `\nExamples:\n${examples.map(line => `  ${line}`).join('\n')}`)
        .action(async (flags: UndeployFlags) => {
          const { undeploy } = await import('../../../src/undeploy.ts');
          const result = await undeploy(
            {
              target,
              id: flags.id,
              dryRun: flags.dryRun,
              confirm: confirmDiff(context, globalOptions(command)),
              targetOptions: { ...place.options(flags), context: flags.context, useCluster: true },
            },
            systemContextOf(context, reporterFor(context, globalOptions(command))),
          );
          writeResult(context, globalOptions(command).json, result, ({ changed, diff = '' }) =>
            flags.dryRun
              ? writeDiff(context, diff)
              : changed.map(({ name, result: what }) => `${name} ${what}`).join('\n'),
          );
        });
    },
  };
}
