/** `wasme list`: flags and printing; the job is in src/list.ts. */
import { type Command, Option } from 'commander';
import type { ListResult } from '../src/list.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { addOldFlags, oldStore } from './ui/deprecated-flags.ts';
import { globalOptions } from './ui/options.ts';
import { formatBytes, reporterFor } from './ui/progress-line.ts';
import { table, writeResult } from './ui/result.ts';

interface Flags {
  readonly wide?: boolean;
  readonly digests?: boolean;
  readonly search?: string;
  readonly published?: boolean;
}

export function declare(command: Command, context: Context): void {
  addOldFlags(command, context, {
    '-d, --show-dir': 'is not used: all images are in one store',
    '-s, --server <registry>': 'is not used: wasme search lists the repositories of a registry',
    ...oldStore,
  });
  command
    .option('-w, --wide', 'show ABI, root ids and version')
    .option('--digests', 'show full digests')
    .option('--search <text>', 'only names that contain this text')
    .addOption(new Option('--published').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  wasme list
  wasme list --search team/ --digests
  wasme list --json | jq -r '.images[].reference'`,
    )
    .action(async (flags: Flags) => {
      const options = globalOptions(command);
      const reporter = reporterFor(context, options);
      if (flags.published) {
        reporter.warn(
          'the catalogue that --published listed no longer exists',
          'wasme tags NAME lists the tags in a registry',
        );
      }
      const { list } = await import('../src/list.ts');
      const result = await list({ search: flags.search }, systemContextOf(context, reporter));
      writeResult(context, options.json, result, value => resultText(value, flags));
    });
}

function resultText({ images }: ListResult, { wide, digests }: Flags): string {
  if (images.length === 0) return '';
  return table([
    ['REFERENCE', 'DIGEST', 'SIZE', 'LAYOUT', ...(wide ? ['ABI', 'ROOT IDS', 'VERSION'] : [])],
    ...images.map(image => [
      image.reference,
      digests ? image.digest : image.digest.slice(7, 19),
      formatBytes(image.sizeBytes),
      image.layout,
      ...(wide ? [image.abiVersions.join(','), image.rootIds.join(','), image.version ?? ''] : []),
    ]),
  ]);
}
