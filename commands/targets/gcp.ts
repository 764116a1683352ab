/** The target `gcp`: prints resources of Google Cloud Service Extensions; nothing there can be asked or taken back by wasme. */
import { type Command, Option } from 'commander';
import { loadBalancingSchemes } from '../../src/project/names.ts';
import type { GcpOptions } from '../../src/targets/gcp/options.ts';
import { type Context, systemContextOf } from '../ui/context.ts';
import { globalOptions } from '../ui/options.ts';
import { type ConnectionFlags, addConnectionFlags, connectionOptions } from '../ui/registry.ts';
import { reporterFor } from '../ui/progress-line.ts';
import { list } from './cluster/cluster-flags.ts';
import { type CommonFlags, addCommonFlags, commonOptions, writeDeployment } from './deploy-flags.ts';
import type { TargetCommand } from './target-command.ts';

interface GcpFlags extends CommonFlags, ConnectionFlags {
  readonly project?: string;
  readonly location?: string;
  readonly forwardingRule?: string[];
  readonly scheme?: GcpOptions['scheme'];
  readonly match?: string;
  readonly force?: boolean;
}

export const gcp: TargetCommand<'gcp'> = {
  deploy: { summary: 'resources of Google Cloud Service Extensions', declare },
};

function declare(command: Command, context: Context): void {
  command
    .argument('[source]', "project folder or image in Artifact Registry (default: the project's image)")
    .option('--project <id>', 'Google Cloud project')
    .option('--location <name>', 'global or a region (default: global)')
    .option('--forwarding-rule <path>', 'load balancer that gets the filter; may be repeated', list)
    .addOption(
      new Option('--scheme <scheme>', 'kind of those load balancers (default: external)').choices(
        loadBalancingSchemes,
      ),
    )
    .option('--match <cel>', 'only requests that this expression chooses (default: all)')
    .option('--force', 'deploy although the service would not load the image');
  addCommonFlags(command);
  addConnectionFlags(command);
  command.addHelpText(
    'after',
    `
Prints the resources of the API, and the gcloud lines that make them. Nothing is sent to Google Cloud.

Examples:
  wasme deploy gcp us-docker.pkg.dev/my-project/filters/add-header:v1 --project my-project
  wasme deploy gcp us-docker.pkg.dev/my-project/filters/add-header:v1 --project my-project \\
      --forwarding-rule projects/my-project/global/forwardingRules/web --json | jq '.documents[1].content'`,
  );
  command.action(async (source: string | undefined, flags: GcpFlags) => {
    const { deploy } = await import('../../src/deploy.ts');
    const { project, location, forwardingRule: forwardingRules, scheme, match, force } = flags;
    const result = await deploy(
      {
        ...commonOptions(flags),
        target: 'gcp',
        source,
        force,
        registry: connectionOptions(flags),
        targetOptions: { project, location, forwardingRules, scheme, match },
      },
      systemContextOf(context, reporterFor(context, globalOptions(command))),
    );
    writeDeployment(context, command, result);
  });
}
