/** Declares `wasme undeploy envoy`, which removes a filter from the user's own Envoy file. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { outputFile } from '../deploy-flags.ts';
import { type Context, systemContextOf } from '../../ui/context.ts';
import { readInput, standardInput } from '../../ui/input.ts';
import { globalOptions } from '../../ui/options.ts';
import { reporterFor } from '../../ui/progress-line.ts';
import { writeResult } from '../../ui/result.ts';

interface Flags {
  readonly id?: string;
  readonly in?: string;
  readonly dynamic?: string;
  readonly listener?: string;
  readonly output?: string;
  readonly dryRun?: boolean;
}

export function declareUndeploy(command: Command, context: Context): void {
  command
    .option('--in <file>', 'the Envoy file the filter is in (-: standard input)')
    .option('--dynamic <folder>', 'the folder of "deploy envoy --dynamic" that it is in')
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('--listener <name|port>', 'only out of this listener (default: all)')
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .option('--dry-run', 'write nothing')
    .addHelpText(
      'after',
      `
Examples:
  wasme undeploy envoy --in envoy.yaml -o envoy.yaml
  wasme undeploy envoy --in envoy.yaml --id add-header | diff envoy.yaml -
  wasme undeploy envoy --dynamic ./live --id add-header`,
    )
    .action((flags: Flags) =>
      flags.in === '-'
        ? readInput(context, '-', file => undeployEnvoy({ ...flags, in: file }, standardInput))
        : undeployEnvoy(flags),
    );

  async function undeployEnvoy(flags: Flags, inName?: string): Promise<void> {
    const output = outputFile(flags.output);
    const { undeploy } = await import('../../../src/undeploy.ts');
    const reporter = reporterFor(context, globalOptions(command));
    const result = await undeploy(
      {
        target: 'envoy',
        id: flags.id,
        output,
        dryRun: flags.dryRun,
        targetOptions: {
          in: flags.in === undefined ? undefined : resolve(context.cwd, flags.in),
          inName,
          dynamic: flags.dynamic === undefined ? undefined : resolve(context.cwd, flags.dynamic),
          listener: flags.listener,
        },
      },
      systemContextOf(context, reporter),
    );
    writeResult(context, globalOptions(command).json, result, ({ changed, text }) => {
      const gone = changed
        .filter(({ result: what }) => what === 'deleted')
        .map(({ name }) => `${flags.dryRun ? 'would delete' : 'deleted'} ${name}`);
      if (text === undefined) return gone.join('\n');
      if (output !== undefined) {
        const written = `${flags.dryRun ? 'would write' : 'wrote'} ${resolve(context.cwd, output)}`;
        return [written, ...gone].join('\n');
      }
      for (const line of gone) reporter.info(line);
      // Byte for byte, so not through the result's text, which ends with a newline.
      context.stdout.writeDocument(text);
      return '';
    });
  }
}
