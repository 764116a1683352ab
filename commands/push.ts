/** `wasme push [reference]`: flags and printing; the job is in src/push.ts. */
import { type Command, Option } from 'commander';
import type { PushOptions, PushResult } from '../src/push.ts';
import { packagingNames } from '../src/project/names.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { addOldFlags, oldRegistryFlags } from './ui/deprecated-flags.ts';
import { collect, globalOptions, integer, keyValue } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { formatBytes, reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly file?: string;
  readonly layout?: PushOptions['layout'];
  readonly tag?: string[];
  readonly annotation?: Record<string, string>;
  readonly created?: string;
  readonly force?: boolean;
  readonly sign?: string;
  readonly concurrency?: number;
  readonly chunkSize?: number;
}

/** Each piece is a request: smaller pieces of a filter are more requests than registries allow. */
const minChunkBytes = 64 * 1024;
/** A piece is held in memory. */
const maxChunkBytes = 1024 * 1024 * 1024;

export function declare(command: Command, context: Context): void {
  addOldFlags(command, context, oldRegistryFlags);
  command
    .argument(
      '[reference]',
      "image to write: registry.example/team/filter:v1 (default: the project's image.reference)",
    )
    .option(
      '-f, --file <module>',
      ".wasm file to push instead of the project's build or the image in the store",
    )
    .addOption(
      new Option('--layout <layout>', "layout of the image (default: the project's, else compat)").choices(
        packagingNames,
      ),
    )
    .option('-t, --tag <tag>', 'additional tag for the same image (repeatable)', collect)
    .option('--annotation <key=value>', 'add or replace an annotation (repeatable)', keyValue)
    .option('--created <time>', 'date of the image; without it, the same module always gives the same image')
    .option('--sign <key>', 'sign it with this private key, as cosign does (password: COSIGN_PASSWORD)')
    .option(
      '--force',
      'push a file that is not a core module, or an image that a host of the project would not load',
    )
    .option('--concurrency <n>', 'number of parallel transfers (default: 3)', integer(1, 32))
    .option(
      '--chunk-size <bytes>',
      'upload blobs in pieces of this size, 64 KiB or more (default: in one piece)',
      integer(minChunkBytes, maxChunkBytes),
    );
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Pushes the file of --file; else the image that the store has under that name (wasme build -t);
else the project's build. For the project's own image.reference it pushes the project's build.

Examples:
  wasme push registry.example/team/filter:v1
  wasme push registry.example/team/filter:v1 --file filter.wasm --layout oci
  wasme push registry.example/team/filter:v1.2.0 -t v1.2 -t v1
  wasme push localhost:5000/filter:v1 --json | jq -r .pinned`,
    )
    .action(async (reference: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const { push } = await import('../src/push.ts');
      const { file, layout, tag: tags, annotation: annotations, created, force, sign, concurrency } = flags;
      const registry = { ...(await registryOptions(flags, context)), chunkBytes: flags.chunkSize };
      const result = await push(
        { reference, file, layout, tags, annotations, created, force, signKey: sign, concurrency, registry },
        systemContextOf(context, reporterFor(context, options)),
      );
      writeResult(context, options.json, result, resultText);
    });
}

function resultText({ reference, tags, copied, skipped, signed, pinned }: PushResult): string {
  const there = skipped.blobs === 0 ? '' : `, ${skipped.blobs} there already`;
  return [
    `pushed ${reference}${tags.length > 1 ? ` (and ${tags.slice(1).join(', ')})` : ''}: ${formatBytes(copied.bytes)} in ${copied.blobs} blobs${there}`,
    ...(signed ? ['signed'] : []),
    pinned,
  ].join('\n');
}
