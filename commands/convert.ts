/** `wasme convert`: flags and printing; the job is in src/convert.ts. */
import { type Command, Option } from 'commander';
import type { ConvertResult } from '../src/convert.ts';
import { type PackagingName, packagingNames } from '../src/project/names.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions, keyValue } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { reporterFor } from './ui/progress-line.ts';
import { table, writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly layout: PackagingName;
  readonly push?: boolean;
  readonly annotation?: Record<string, string>;
  readonly created?: string;
  readonly force?: boolean;
  readonly remote?: boolean;
  readonly platform?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('<source>', 'image, image archive, .wasm file or project folder')
    .argument('[target]', "name of the new image (default: the source's, with -<layout> appended to the tag)")
    .addOption(
      new Option('--layout <layout>', 'layout of the new image').choices(packagingNames).default('compat'),
    )
    .option('--push', 'write to the registry of the new name instead of the local store')
    .option('--annotation <key=value>', 'add or replace an annotation (repeatable)', keyValue)
    .option('--created <time>', 'date of the image; without it, the date of the source, if it has one')
    .option('--force', 'pack a file that is not a core module')
    .option('--remote', 'read from the registry even if the local store has the image')
    .option('--platform <os/arch>', 'platform of the image to take from an index');
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Layouts:
  compat      ordinary OCI image with plugin.wasm: Istio, Envoy Gateway, Higress, Google Cloud
  docker      the same in Docker media types
  oci         bare module and runtime config, as the old wasme pushed: Gloo Edge Enterprise, Istio, Envoy Gateway
  hybrid      compat and oci in one image
  higress     compat with README.md and spec.yaml in layers before it
  cncf, raw, kubewarden   for Wasm tools other than proxies

Examples:
  wasme convert registry.example/team/filter:v1                          to compat, stored locally as :v1-compat
  wasme convert registry.example/team/filter:v1 registry.example/team/filter:v1-gloo --layout oci --push
  wasme convert build/filter.wasm registry.example/team/filter:v1 --layout cncf --push`,
    )
    .action(async (source: string, target: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const reporter = reporterFor(context, options);
      const { convert } = await import('../src/convert.ts');
      const registry = await registryOptions(flags, context);
      const { layout, push, annotation: annotations, created, force, remote, platform } = flags;
      const result = await convert(
        { source, target, layout, push, annotations, created, force, remote, platform, registry },
        systemContextOf(context, reporter),
      );
      for (const warning of result.warnings) reporter.warn(warning);
      writeResult(context, options.json, result, resultText);
    });
}

function resultText({ reference, digest, from, layout, place, loadedBy }: ConvertResult): string {
  return table([
    ['image', reference],
    ['digest', digest],
    ['layout', from === null ? layout : `${from} -> ${layout}`],
    ['in', place === 'store' ? 'the local store' : 'its registry'],
    ['loaded by', loadedBy.join(', ') || 'none of the hosts'],
  ]);
}
