/** `wasme status` of the targets that are asked through kubectl. */
import { Option } from 'commander';
import type { StatusTargetName } from '../../../src/targets/index.ts';
import { systemContextOf } from '../../ui/context.ts';
import { globalOptions } from '../../ui/options.ts';
import { reporterFor } from '../../ui/progress-line.ts';
import { digest } from '../deploy-flags.ts';
import type { TargetVerb } from '../target-command.ts';
import { writeStatus } from '../write-status.ts';
import type { ClusterPlace, PlaceFlags } from './cluster-place.ts';

interface StatusFlags extends PlaceFlags {
  readonly id?: string;
  readonly all?: boolean;
  readonly context?: string;
  readonly digest?: string;
}

export interface ClusterStatus {
  readonly summary: string;
  /** A sentence of the help: who is asked, and what the answer does not show. */
  readonly note: string;
  readonly examples: readonly string[];
}

export function clusterStatus<Name extends StatusTargetName>(
  target: Name,
  place: ClusterPlace<Name>,
  { summary, note, examples }: ClusterStatus,
): TargetVerb {
  return {
    summary,
    declare(command, context) {
      command
        .argument('[source]', 'what should run: project folder or image (default: what was deployed)')
        .addOption(place.option())
        .option('--id <name>', 'name of the filter (default: the project here)')
        .option('--all', 'every filter of wasme there')
        .option('--digest <sha256>', 'the digest that should run', digest)
        .addOption(contextOption())
        .addHelpText(
          'after',
          `
${note}
Exit code 1 when the filter is not loaded, has another digest, or fails.

Examples:
${examples.map(line => `  ${line}`).join('\n')}`,
        )
        .action(async (source: string | undefined, flags: StatusFlags) => {
          const { status } = await import('../../../src/status.ts');
          const result = await status(
            {
              target,
              source,
              id: flags.id,
              all: flags.all,
              digest: flags.digest,
              targetOptions: { ...place.options(flags), context: flags.context, useCluster: true },
            },
            systemContextOf(context, reporterFor(context, globalOptions(command))),
          );
          writeStatus(context, command, result);
        });
    },
  };
}

export function contextOption(): Option {
  return new Option('--context <name>', "kubectl's context (default: the current one)");
}
