/** `wasme inspect`: flags and printing; the job is in src/inspect.ts. */
import type { Command } from 'commander';
import type { ImageReport, InspectResult, ModuleReport } from '../src/inspect.ts';
import { printable } from '../src/io/printable.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { formatBytes, reporterFor } from './ui/progress-line.ts';
import { table, writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly remote?: boolean;
  readonly platform?: string;
  readonly all?: boolean;
}

export function declare(command: Command, context: Context): void {
  command
    .argument(
      '[target]',
      '.wasm file, project folder, image archive or image (default: the project in this folder)',
    )
    .option('--all', 'show every import, export and section')
    .option('--remote', 'read from the registry even if the local store has the image')
    .option('--platform <os/arch>', 'platform of the image to take from an index');
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  wasme inspect                                      the module of the project in this folder
  wasme inspect build/add-header.wasm --all
  wasme inspect registry.example/team/add-header:v1
  wasme inspect registry.example/team/add-header:v1 --json | jq -r .image.digest`,
    )
    .action(async (target: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const { inspect } = await import('../src/inspect.ts');
      const registry = await registryOptions(flags, context);
      const result = await inspect(
        { target, remote: flags.remote, platform: flags.platform, registry },
        system,
      );
      writeResult(context, options.json, result, value => resultText(value, target, flags.all === true));
    });
}

function resultText(
  { target, module, problem, image, verdicts }: InspectResult,
  operand: string | undefined,
  all: boolean,
): string {
  const loads = (ok: boolean): string =>
    verdicts
      .filter(verdict => verdict.ok === ok)
      .map(verdict => verdict.host)
      .join(', ') || 'none';
  return [
    `${printable(target)}\n`,
    image === null ? '' : imageText(image),
    module === null ? `\nno module: ${printable(problem ?? 'unknown')}\n` : moduleText(module, all),
    `\n${table([
      ['loaded by', loads(true)],
      ['refused by', loads(false)],
    ])}`,
    verdicts.every(verdict => verdict.ok)
      ? ''
      : `why: wasme verify ${printable(operand ?? '')}`.trimEnd() + '\n',
  ].join('');
}

function imageText(image: ImageReport): string {
  const { index, runtimeConfig: runtime } = image;
  const rows = [
    ['image', `${image.digest} (${image.place})`],
    ['layout', `${image.layout}: ${printable(image.layoutText)}`],
    ...(index === null
      ? []
      : [['index', `${index.digest}, child ${printable(index.platform)} of ${index.children}`]]),
    ['size', formatBytes(image.sizeBytes)],
    ['config', blobText(image.config)],
    ...image.layers.map((layer, number) => [`layer ${number + 1}`, blobText(layer)]),
    ...(image.modulePath === null ? [] : [['module in', printable(image.modulePath)]]),
    ...(runtime === null
      ? []
      : [
          ['abi versions', printable(runtime.abiVersions.join(', ')) || '-'],
          ['root ids', printable(runtime.rootIds.join(', ')) || '-'],
        ]),
    ...Object.entries(image.annotations).map(([key, value]) => [printable(key), printable(value)]),
    ...image.documents.map(name => ['document', printable(name)]),
    ['signatures', String(image.signatures)],
    ...image.referrers.map(item => ['referrer', `${printable(item.artifactType)} ${item.digest}`]),
    ...image.warnings.map(text => ['warning', printable(text)]),
  ];
  return table(rows);
}

function blobText({ mediaType, digest, sizeBytes, title }: ImageReport['config']): string {
  return `${mediaType} ${digest.slice(0, 19)} ${formatBytes(sizeBytes)}${title === null ? '' : ` ${printable(title)}`}`;
}

function moduleText(module: ModuleReport, all: boolean): string {
  const { memory } = module;
  const families = new Map<string, number>();
  for (const item of module.imports) families.set(item.module, (families.get(item.module) ?? 0) + 1);
  const rows = [
    ['module', `sha256:${module.sha256}`],
    ['module size', formatBytes(module.sizeBytes)],
    ['abi', module.abi ?? (module.kind === 'component' ? 'a component, not a filter' : 'no marker')],
    ...[...families].map(([name, count]) => [`imports ${printable(name)}`, String(count)]),
    ['exports', String(module.exports.length)],
    ['callbacks', module.callbacks.join(' ') || 'none'],
    ...(memory === null
      ? []
      : [
          [
            'memory',
            `${formatBytes(memory.minimum)} at start, ${memory.maximum === null ? 'no limit of its own' : `at most ${formatBytes(memory.maximum)}`}`,
          ],
        ]),
    ...module.sections
      .slice(0, all ? undefined : 4)
      .map(item => [`section ${printable(item.name)}`, formatBytes(item.sizeBytes)]),
    ...module.findings.map(text => ['finding', printable(text)]),
    ...(all
      ? module.imports.map(item => [
          'import',
          `${printable(item.module)}.${printable(item.name)}: ${item.type}`,
        ])
      : []),
    ...(all
      ? module.exports.map(item => ['export', `${printable(item.name)}: ${item.type ?? item.kind}`])
      : []),
  ];
  return `\n${table(rows)}`;
}
