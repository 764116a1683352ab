/** `wasme pull <reference>`: flags and printing; the job is in src/pull.ts. */
import type { Command } from 'commander';
import type { PullResult } from '../src/pull.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { addOldFlags, oldRegistryFlags } from './ui/deprecated-flags.ts';
import { globalOptions, integer } from './ui/options.ts';
import { writeOutput } from './ui/output.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { formatBytes, reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly output?: string;
  readonly force?: boolean;
  readonly platform?: string;
  readonly concurrency?: number;
}

export function declare(command: Command, context: Context): void {
  addOldFlags(command, context, oldRegistryFlags);
  command
    .argument('<reference>', 'image: registry.example/team/filter:v1, or …@sha256:…')
    .option(
      '-o, --output <file>',
      'write the module to this file or folder (- is standard output) instead of the image to the store',
    )
    .option('--force', 'replace an existing file')
    .option('--platform <os/arch>', 'platform of the image to take from an index, with -o')
    .option('--concurrency <n>', 'number of parallel transfers (default: 3)', integer(1, 32));
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  wasme pull registry.example/team/filter:v1
  wasme pull registry.example/team/filter:v1 -o filter.wasm
  wasme pull registry.example/team/filter:v1 -o - | wasm-objdump -x -
  wasme pull registry.example/team/filter@sha256:… --json`,
    )
    .action(async (reference: string, flags: Flags) => {
      const options = globalOptions(command);
      const { pull } = await import('../src/pull.ts');
      const { output, force, platform, concurrency } = flags;
      const registry = await registryOptions(flags, context);
      const system = systemContextOf(context, reporterFor(context, options));
      const run = (file?: string) =>
        pull({ reference, output: file, force, platform, concurrency, registry }, system);
      if (output === undefined) writeResult(context, options.json, await run(), resultText);
      else await writeOutput(context, options, output, run, resultText);
    });
}

function resultText({ reference, pinned, copied, skipped, file, sizeBytes, layout }: PullResult): string {
  const there = skipped.blobs === 0 ? '' : `, ${skipped.blobs} there already`;
  const what =
    file === undefined
      ? `pulled ${reference}: ${formatBytes(copied.bytes)} in ${copied.blobs} blobs${there}`
      : `${file}: ${formatBytes(sizeBytes ?? 0)} out of ${reference} (layout ${layout ?? 'unknown'})`;
  return [what, pinned].join('\n');
}
