/** `wasme rm <reference…>`: flags and printing; the job is in src/rm.ts. */
import type { Command } from 'commander';
import { WasmeError } from '../src/errors.ts';
import type { RmResult } from '../src/rm.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { formatBytes, reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags {
  readonly all?: boolean;
  readonly force?: boolean;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('[reference...]', 'images in the local store')
    .option('--all', 'remove every image')
    .option('-f, --force', 'ignore names that do not exist')
    .addHelpText(
      'after',
      `
Changes the local store only. Blobs that no other name needs are deleted with the name.

Examples:
  wasme rm registry.example/team/filter:v1
  wasme rm --all`,
    )
    .action(async (references: string[], flags: Flags) => {
      if (references.length === 0 && !flags.all) {
        throw new WasmeError('USAGE', 'no image was named', {
          hint: 'wasme list shows them; --all removes all',
        });
      }
      if (references.length > 0 && flags.all) {
        throw new WasmeError('USAGE', `--all cannot be combined with ${references.join(', ')}`, {
          hint: 'name the images, or use --all alone',
        });
      }
      const options = globalOptions(command);
      const { rm } = await import('../src/rm.ts');
      const result = await rm(
        { references, ...flags },
        systemContextOf(context, reporterFor(context, options)),
      );
      writeResult(context, options.json, result, resultText);
    });
}

function resultText({ removed, freed }: RmResult): string {
  return [...removed.map(name => `removed ${name}`), `freed ${formatBytes(freed.bytes)}`].join('\n');
}
