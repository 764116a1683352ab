/** `wasme load`: flags and printing; the job is in src/load.ts. */
import type { Command } from 'commander';
import { type Context, systemContextOf } from './ui/context.ts';
import { readInput } from './ui/input.ts';
import { globalOptions } from './ui/options.ts';
import { reporterFor } from './ui/progress-line.ts';
import { table, writeResult } from './ui/result.ts';

interface Flags {
  readonly tag?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('<file>', 'archive that "wasme save" or skopeo (oci-archive:) wrote (- is standard input)')
    .option(
      '-t, --tag <reference>',
      'name for the image: required when the archive has none, else instead of it',
    )
    .addHelpText(
      'after',
      `
Examples:
  wasme load filters.tar
  wasme load - < filters.tar
  wasme load from-skopeo.tar --tag registry.example/team/add-header:v1`,
    )
    .action(async (file: string, { tag }: Flags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const { load } = await import('../src/load.ts');
      const result = await readInput(context, file, path => load({ file: path, tag }, system));
      writeResult(context, options.json, result, ({ images }) =>
        table(images.map(({ reference, digest }) => [reference, digest])),
      );
    });
}
