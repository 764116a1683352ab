/** `wasme tags <repository>`: flags and printing; the job is in src/tags.ts. */
import type { Command } from 'commander';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly all?: boolean;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('<repository>', 'repository, e.g. registry.example/team/filter')
    .option('--all', 'include tags of signatures and other attachments');
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  wasme tags registry.example/team/filter
  wasme tags registry.example/team/filter --json | jq -r '.tags[0]'`,
    )
    .action(async (reference: string, flags: Flags) => {
      const options = globalOptions(command);
      const { tags } = await import('../src/tags.ts');
      const registry = await registryOptions(flags, context);
      const result = await tags(
        { reference, all: flags.all, registry },
        systemContextOf(context, reporterFor(context, options)),
      );
      writeResult(context, options.json, result, value => value.tags.join('\n'));
    });
}
