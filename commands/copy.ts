/** `wasme copy <source> <target>`: flags and printing; the job is in src/copy.ts. */
import type { Command } from 'commander';
import type { CopyImageResult } from '../src/copy.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions, integer } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { formatBytes, reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly signatures: boolean;
  readonly recursive?: boolean;
  readonly concurrency?: number;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('<source>', 'image in a registry')
    .argument('<target>', 'its new name, in the same or another registry')
    .option('--no-signatures', 'do not copy its signatures')
    .option(
      '-r, --recursive',
      'also artifacts that refer to it (SBOMs, attestations), and those that refer to them',
    )
    .option('--concurrency <n>', 'number of parallel transfers (default: 3)', integer(1, 32));
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
The copy has the same digest. Within one registry blobs are mounted, not transferred. Credentials of both
registries come from "wasme login"; the registry options apply to both.

Examples:
  wasme copy registry.example/team/filter:v1 mirror.example/filter:v1
  wasme copy --recursive registry.example/team/filter:v1 mirror.example/filter:v1   with its SBOM
  wasme copy registry.example/dev/filter@sha256:… registry.example/prod/filter:v1`,
    )
    .action(async (source: string, target: string, flags: Flags) => {
      const options = globalOptions(command);
      const { copy } = await import('../src/copy.ts');
      const registry = await registryOptions(flags, context);
      const { signatures, recursive, concurrency } = flags;
      const result = await copy(
        { source, target, signatures, recursive, concurrency, from: registry, to: registry },
        systemContextOf(context, reporterFor(context, options)),
      );
      writeResult(context, options.json, result, resultText);
    });
}

function resultText({ source, target, copied, referrers, pinned }: CopyImageResult): string {
  return [
    `copied ${source} to ${target}: ${formatBytes(copied.bytes)} in ${copied.blobs} blobs`,
    ...(referrers === 0 ? [] : [`with ${referrers} artifacts that refer to it`]),
    pinned,
  ].join('\n');
}
