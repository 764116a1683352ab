/** Flags of the targets that are in a Kubernetes cluster, and running a deployment with them. */
import { type Command, InvalidArgumentError } from 'commander';
import type { DeployOptions } from '../../../src/deploy.ts';
import { WasmeError } from '../../../src/errors.ts';
import type { TargetName } from '../../../src/targets/index.ts';
import type { KubernetesOptions } from '../../../src/targets/kubernetes/objects.ts';
import { confirmDiff } from '../../ui/confirm-diff.ts';
import { type Context, systemContextOf } from '../../ui/context.ts';
import { collect, globalOptions } from '../../ui/options.ts';
import { type ConnectionFlags, addConnectionFlags, connectionOptions } from '../../ui/registry.ts';
import { reporterFor } from '../../ui/progress-line.ts';
import { type CommonFlags, addCommonFlags, commonOptions, writeDeployment } from '../deploy-flags.ts';

export interface ClusterFlags extends CommonFlags, ConnectionFlags {
  readonly apply?: boolean;
  readonly diff?: boolean;
  readonly context?: string;
  readonly wait?: number | true;
  readonly force?: boolean;
  readonly forceConflicts?: boolean;
}

/** Adds the flags that all clusters have, then those that all targets have. */
export function addClusterFlags(command: Command): void {
  command.optionsGroup('Cluster options:');
  command
    .option('--apply', 'give the documents to the cluster through kubectl')
    .option('--diff', 'show what --apply would change, and change nothing')
    .option('--context <name>', "kubectl's context (default: the current one)")
    .option('--wait [seconds]', 'with --apply: until it runs, or has failed (default: 60)', seconds)
    .option('--force', 'deploy although the target would not load the image')
    .option('--force-conflicts', 'take over objects and fields that another tool owns');
  addCommonFlags(command, 'cluster');
  addConnectionFlags(command);
}

/** The library's options that say where the cluster is and what may be done there. */
export function clusterOptions(flags: ClusterFlags): KubernetesOptions {
  const server = dryRunOnServer(flags);
  if (flags.wait !== undefined && flags.apply !== true) {
    throw new WasmeError('USAGE', '--wait is for what --apply gives to the cluster', {
      hint: 'add --apply, or ask with "wasme status"',
    });
  }
  return {
    context: flags.context,
    useCluster: flags.apply === true || flags.diff === true || server,
    dryRun: server,
    forceConflicts: flags.forceConflicts,
  };
}

/** Deploys and prints. */
export async function deployToCluster<Name extends TargetName>(
  context: Context,
  command: Command,
  flags: ClusterFlags,
  options: Pick<DeployOptions<Name>, 'target' | 'source' | 'targetOptions'> & Partial<DeployOptions<Name>>,
): Promise<void> {
  const { deploy } = await import('../../../src/deploy.ts');
  const system = systemContextOf(context, reporterFor(context, globalOptions(command)));
  const trial = dryRunOnServer(flags);
  const apply = (flags.apply === true || trial) && flags.diff !== true;
  const waitMs =
    flags.wait === undefined || !apply || trial ? undefined : 1000 * (flags.wait === true ? 60 : flags.wait);
  const { diff, force } = flags;
  // A trial on the server changes nothing, so it needs no consent.
  const confirm = trial ? undefined : confirmDiff(context, globalOptions(command));
  const registry = connectionOptions(flags);
  const result = await deploy(
    { ...commonOptions(flags), ...options, apply, diff, force, waitMs, registry, confirm },
    system,
  );
  writeDeployment(context, command, result);
}

function dryRunOnServer({ dryRun }: ClusterFlags): boolean {
  if (typeof dryRun !== 'string') return false;
  if (dryRun === 'server') return true;
  throw new WasmeError('USAGE', `--dry-run=${dryRun} is not known`, {
    hint: 'use --dry-run to write nothing, or --dry-run=server to let the API server try it',
  });
}

/** commander parser for labels: `app=details`, `app=details,version=v1`, repeated or not. */
export function labels(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const pairs = text.split(',').map(pair => pair.trim());
  const wrong = pairs.find(pair => pair.indexOf('=') < 1);
  if (wrong !== undefined) {
    throw new WasmeError('USAGE', `${JSON.stringify(wrong)} is not a label`, {
      hint: 'labels look like app=details',
    });
  }
  return {
    ...previous,
    ...Object.fromEntries(
      pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
  };
}

/** commander parser for lists: comma-separated, repeated or not. */
export function list(text: string, previous: readonly string[] = []): string[] {
  return text.split(',').reduce((all: string[], item) => collect(item.trim(), all), [...previous]);
}

/** commander parser for a place among others: a whole number, also below zero. */
export function priority(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function seconds(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number of seconds.');
}
