/** `wasme search <registry> [text]`: flags and printing; the job is in src/search.ts. */
import type { Command } from 'commander';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

export function declare(command: Command, context: Context): void {
  command
    .argument('<registry>', 'a registry, or a part of it: registry.example/team')
    .argument('[text]', 'only names that contain this text');
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  wasme search localhost:5000
  wasme search registry.example/team header --json | jq -r '.repositories[]'`,
    )
    .action(async (where: string, text: string | undefined, flags: RegistryFlags) => {
      const options = globalOptions(command);
      const { search } = await import('../src/search.ts');
      const registry = await registryOptions(flags, context);
      const system = systemContextOf(context, reporterFor(context, options));
      const result = await search({ where, text, registry }, system);
      writeResult(context, options.json, result, value => value.repositories.join('\n'));
    });
}
