/** `wasme undeploy envoy`: back out of a person's own Envoy file. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Context, edgesOf } from '../ui/context.ts';
import { globalOptions } from '../ui/options.ts';
import { reporterFor } from '../ui/reporter.ts';
import { writeResult } from '../ui/result.ts';

interface Flags {
  readonly id?: string;
  readonly in?: string;
  readonly listener?: string;
  readonly output?: string;
  readonly dryRun?: boolean;
}

export function declare(command: Command, context: Context): void {
  command
    .option('--in <file>', 'the Envoy file the filter is in')
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('--listener <name|port>', 'only out of this listener (default: all)')
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .option('--dry-run', 'write nothing')
    .addHelpText(
      'after',
      `
Examples:
  $ wasme undeploy envoy --in envoy.yaml -o envoy.yaml
  $ wasme undeploy envoy --in envoy.yaml --id add-header | diff envoy.yaml -`,
    )
    .action(async (flags: Flags) => {
      const { undeploy } = await import('../../src/undeploy.ts');
      const result = await undeploy(
        {
          target: 'envoy',
          id: flags.id,
          output: flags.output,
          dryRun: flags.dryRun,
          targetOptions: {
            in: flags.in === undefined ? undefined : resolve(context.cwd, flags.in),
            listener: flags.listener,
          },
        },
        edgesOf(context, reporterFor(context, globalOptions(command))),
      );
      writeResult(context, globalOptions(command).json, result, ({ text = '' }) => {
        if (flags.output !== undefined) {
          return `${flags.dryRun ? 'would write' : 'wrote'} ${resolve(context.cwd, flags.output)}`;
        }
        // Byte for byte, so not through the result's text, which ends with a newline.
        context.stdout.write(text);
        return '';
      });
    });
}
