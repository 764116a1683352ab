/** `wasme tag <source> <target>`: printing; the job is in src/tag.ts. */
import type { Command } from 'commander';
import { type Context, systemContextOf } from './ui/context.ts';
import { addOldFlags, oldStore } from './ui/deprecated-flags.ts';
import { globalOptions } from './ui/options.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

export function declare(command: Command, context: Context): void {
  addOldFlags(command, context, oldStore);
  command
    .argument('<source>', 'image in the local store')
    .argument('<target>', 'its new name')
    .addHelpText(
      'after',
      `
Examples:
  wasme tag registry.example/team/filter:v1 registry.example/team/filter:stable`,
    )
    .action(async (source: string, target: string) => {
      const options = globalOptions(command);
      const { tag } = await import('../src/tag.ts');
      const result = await tag({ source, target }, systemContextOf(context, reporterFor(context, options)));
      writeResult(context, options.json, result, value => `${value.target} is ${value.digest}`);
    });
}
