/** `wasme save`: flags and printing; the job is in src/save.ts. */
import { relative } from 'node:path';
import type { Command } from 'commander';
import type { SaveResult } from '../src/save.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { writeOutput } from './ui/output.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { formatBytes, reporterFor } from './ui/progress-line.ts';
import { table } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly output: string;
  readonly force?: boolean;
  readonly remote?: boolean;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('<reference...>', 'images in the local store or in a registry')
    .requiredOption('-o, --output <file>', 'archive to write (- is standard output)')
    .option('-f, --force', 'replace an existing file')
    .option('--remote', 'read from the registry even if the local store has the image');
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
The archive is an OCI archive, which podman, ctr and skopeo (oci-archive:) also read.

Examples:
  wasme save registry.example/team/add-header:v1 -o filters.tar
  wasme save registry.example/team/a:v1 -o - | ssh far-away wasme load -
  wasme save registry.example/team/a:v1 registry.example/team/b:v2 -o filters.tar`,
    )
    .action(async (references: string[], flags: Flags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const { save } = await import('../src/save.ts');
      const registry = await registryOptions(flags, context);
      const { output, force, remote } = flags;
      const run = (file: string) => save({ references, output: file, force, remote, registry }, system);
      await writeOutput(context, options, output, run, value => resultText(value, context.cwd));
    });
}

function resultText({ file, sizeBytes, images }: SaveResult, cwd: string): string {
  const rows = images.map(({ reference, digest }) => [reference, digest]);
  return `${relative(cwd, file) || file} (${formatBytes(sizeBytes)})\n${table(rows)}`;
}
