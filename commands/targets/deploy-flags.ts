/** Flags that every deploy target has, and how a deployment is shown. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DeployOptions, DeployResult } from '../../src/deploy.ts';
import { type FailPolicy, failPolicies } from '../../src/project/names.ts';
import type { Context } from '../ui/context.ts';
import { capabilityList, collect, globalOptions } from '../ui/options.ts';
import { writeDiff, writeResult } from '../ui/result.ts';

export interface CommonFlags {
  readonly id?: string;
  readonly rootId?: string;
  readonly vmId?: string;
  readonly config?: string;
  readonly vmConfig?: string;
  readonly env?: string[];
  readonly failPolicy?: FailPolicy;
  readonly runtime?: string;
  readonly digest?: string | boolean;
  readonly allowCapabilities?: string;
  readonly output?: string;
  readonly dryRun?: boolean | string;
  readonly explain?: boolean;
}

/** Adds the common flags; a target's own come before them in the help. */
export function addCommonFlags(command: Command, target: 'files' | 'cluster' = 'files'): void {
  command.optionsGroup('Filter options:');
  command
    .option('--id <name>', 'name of the filter (default: the project, file or image name)')
    .option('--root-id <id>', 'root context of the module')
    .option('--vm-id <id>', 'filters with equal id, code and VM configuration share a VM')
    .option('--config <text|@file>', "plugin configuration (default: the project's)")
    .option('--vm-config <text|@file>', 'VM configuration')
    .option('--env <name[=value]>', 'variable for the module; without value, from the proxy', collect)
    .addOption(
      new Option('--fail-policy <policy>', 'what happens to traffic when the filter fails').choices(
        failPolicies,
      ),
    )
    .option('--runtime <name>', 'Wasm runtime of the proxy (default: v8)')
    .option('--allow-capabilities <auto|list>', 'only these functions; auto: what the module uses');
  command.optionsGroup('Output options:');
  command
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .option('--digest [sha256]', 'pin the code to its digest (default), or to this one', digest)
    .option('--no-digest', 'do not pin the code')
    .addOption(
      target === 'files'
        ? new Option('--dry-run', 'write nothing')
        : new Option(
            '--dry-run [server]',
            'write and apply nothing; server: let the API server try everything',
          ),
    )
    .option('--explain', 'say of each field why it has its value');
}

/** The library's options for the common flags. */
export function commonOptions(
  flags: CommonFlags,
): Omit<DeployOptions, 'target' | 'source' | 'targetOptions' | 'apply'> {
  return {
    id: flags.id,
    rootId: flags.rootId,
    vmId: flags.vmId,
    configuration: flags.config,
    vmConfiguration: flags.vmConfig,
    env: flags.env,
    failPolicy: flags.failPolicy,
    runtime: flags.runtime,
    allowCapabilities: capabilityList(flags.allowCapabilities),
    digest: flags.digest,
    output: outputFile(flags.output),
    dryRun: flags.dryRun === true,
    explain: flags.explain,
  };
}

/** Documents on stdout, or one line per file that was written instead. */
export function writeDeployment(context: Context, command: Command, result: DeployResult): void {
  writeResult(context, globalOptions(command).json, result, ({ text, files, removed, applied, diff }) => {
    if (diff !== undefined) return diff === '' ? 'nothing would change' : writeDiff(context, diff);
    const documents = files.filter(({ kind }) => kind === 'document');
    const lines = [
      ...documents.map(({ path, written }) => `${written ? 'wrote' : 'would write'} ${path}`),
      ...removed.map(path => `removed ${path}`),
      ...applied.map(({ name, result: what }) => `${name} ${what}`),
    ];
    if (lines.length > 0) return lines.join('\n');
    // As it is: an edited file may end without a newline.
    context.stdout.writeDocument(text);
    return '';
  });
}

/** `-` is stdout, as everywhere, and stdout is where documents go anyway. */
export function outputFile(output: string | undefined): string | undefined {
  return output === '-' ? undefined : output;
}

export function digest(text: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be sha256: and 64 lower-case hexadecimal digits.');
}
