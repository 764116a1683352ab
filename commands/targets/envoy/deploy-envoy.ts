/** `wasme deploy envoy`: flags of a plain Envoy. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { WasmeError } from '../../../src/errors.ts';
import type { DeployResult } from '../../../src/deploy.ts';
import type { EnvoyAddress, EnvoyOptions } from '../../../src/targets/envoy/options.ts';
import { type FilterKind, filterKinds } from '../../../src/project/names.ts';
import { address } from '../../ui/address.ts';
import { readInput, standardInput } from '../../ui/input.ts';
import { type Context, systemContextOf } from '../../ui/context.ts';
import { addOldFlags, oldStore } from '../../ui/deprecated-flags.ts';
import { globalOptions, keyValue } from '../../ui/options.ts';
import { reporterFor } from '../../ui/progress-line.ts';
import { continuation } from '../../run/run-output.ts';
import { type ConnectionFlags, addConnectionFlags, connectionOptions } from '../../ui/registry.ts';
import {
  type CommonFlags,
  addCommonFlags,
  commonOptions,
  outputFile,
  writeDeployment,
} from '../deploy-flags.ts';

interface EnvoyFlags extends CommonFlags, ConnectionFlags {
  readonly kind?: FilterKind;
  readonly port?: EnvoyAddress;
  readonly admin?: EnvoyAddress | 'none';
  readonly upstream?: string;
  readonly cluster?: Record<string, string>;
  readonly envoyVersion?: string;
  readonly in?: string;
  /** Not a flag: the name of `in` in messages. */
  readonly inName?: string;
  readonly listener?: string;
  readonly dynamic?: string;
  readonly diff?: true;
  readonly run?: true;
  readonly envoy?: string;
  readonly envoyImage?: string;
  readonly allowOnHeadersStopIteration?: boolean;
}

export function declareDeploy(command: Command, context: Context): void {
  command
    .argument('[source]', 'project folder, .wasm file, URL or image (default: the project here)')
    .addOption(
      new Option('--kind <kind>', "how the filter is used (default: the project's, or http)").choices(
        filterKinds,
      ),
    )
    .addOption(
      new Option('-p, --port <[host:]port>', 'where Envoy listens (default: 0.0.0.0:8080)').argParser(
        address('0.0.0.0'),
      ),
    )
    .addOption(
      new Option('--admin <[host:]port|none>', 'admin interface (default: 127.0.0.1:9901)').argParser(
        adminAddress,
      ),
    )
    .option('--in <file>', 'put the filter into your own Envoy file (-: standard input) instead of a new one')
    .option('--listener <name|port>', 'with --in: only into this listener (default: all)')
    .option('--dynamic <folder>', 'files that a running Envoy watches: run it again to swap the filter')
    .option('--diff', 'show what would change in the files of --in, -o or --dynamic, write nothing')
    .option('--run', 'start an Envoy with the result: envoy, func-e, docker or podman')
    .option('--envoy <path>', 'with --run: this Envoy')
    .option('-e, --envoy-image <image>', 'with --run: a container of this image')
    .option('--upstream <url>', 'backend that requests go to (default: Envoy answers itself)')
    .option('--cluster <name=url>', 'cluster for call-outs; may be repeated', keyValue)
    .option('--envoy-version <version>', 'use only fields that this Envoy has (default: 1.40)')
    .option('--allow-on-headers-stop-iteration', 'let a header callback stop the headers alone');
  addCommonFlags(command);
  addConnectionFlags(command, 'trust this certificate authority, also in https clusters');
  addOldFlags(command, context, {
    '-b, --bootstrap <file>': { now: '--in' },
    '--out <file>': { now: '--output' },
    '--docker-run-args <args>': 'is not used: start Envoy with what is printed, or with --run',
    '--envoy-run-args <args>': 'is not used: start Envoy with what is printed, or with --run',
    ...oldStore,
  });
  command.addHelpText(
    'after',
    `
Examples:
  wasme deploy envoy > envoy.yaml && envoy -c envoy.yaml
  wasme deploy envoy build/my-filter.wasm --upstream http://127.0.0.1:3000 -p 8080 -o envoy.yaml
  wasme deploy envoy --in my-envoy.yaml --listener https -o my-envoy.yaml
  wasme deploy envoy --run --upstream http://127.0.0.1:3000
  wasme deploy envoy --dynamic ./live && envoy -c ./live/envoy.yaml   # later: deploy again, no restart
  wasme deploy envoy --config '{"header":"x-team"}' --envoy-version 1.36 --explain`,
  );
  command.action(async (source: string | undefined, flags: EnvoyFlags) => {
    if (flags.in === '-' && flags.diff) {
      throw new WasmeError('USAGE', '--diff compares with a file, and --in - is standard input', {
        hint: 'name the file with --in',
      });
    }
    if (flags.in !== '-') return deployEnvoy(source, flags);
    await readInput(context, '-', file => deployEnvoy(source, { ...flags, in: file, inName: standardInput }));
  });

  async function deployEnvoy(source: string | undefined, flags: EnvoyFlags): Promise<void> {
    const { deploy } = await import('../../../src/deploy.ts');
    const reporter = reporterFor(context, globalOptions(command));
    refuseIdle(flags);
    if (!flags.run && (flags.envoyImage ?? flags.envoy) !== undefined) {
      reporter.info('note: the configuration is only printed; --run starts an Envoy with it');
    }
    const system = systemContextOf(context, reporter);
    const caFile = await certificates(flags, context);
    const result = await deploy(
      {
        ...commonOptions(flags),
        target: 'envoy',
        source,
        diff: flags.diff,
        dryRun: flags.dryRun === true || flags.diff,
        kind: flags.kind,
        allowOnHeadersStopIteration: flags.allowOnHeadersStopIteration,
        registry: { ...connectionOptions(flags), caFile: caFile?.here },
        targetOptions: { ...envoyOptions(flags, context), caFile: caFile?.path },
      },
      system,
    );
    // A comment above the entry would stay behind when undeploy takes it out.
    if (flags.explain && flags.in !== undefined) {
      for (const { field, reason } of result.explanations) reporter.info(`${field}: ${reason}`);
    }
    // --dry-run and --diff change nothing and start nothing.
    if (flags.run && flags.dryRun !== true && !flags.diff) await run(result, flags, command, context);
    else writeDeployment(context, command, result);
  }
}

/** Runs an Envoy until it ends or Ctrl-C comes; its log goes to stderr. */
async function run(
  result: DeployResult,
  flags: EnvoyFlags,
  command: Command,
  context: Context,
): Promise<void> {
  const { runDeployed } = await import('../../../src/targets/envoy/run-deployed.ts');
  const reporter = reporterFor(context, globalOptions(command));
  const exitCode = await runDeployed(
    result,
    {
      path: flags.envoy,
      image: flags.envoyImage,
      onLine: (line, continued) => context.stderr.write(`${continued ? continuation : ''}${line}\n`),
      onReady: () => reporter.info('Envoy is ready; Ctrl-C ends it'),
    },
    systemContextOf(context, reporter),
  );
  if (exitCode !== 0) {
    throw new WasmeError('TOOL_FAILED', `Envoy ended with code ${exitCode}`, {
      hint: 'its own lines above say why',
    });
  }
}

/** Refuses a flag that would change nothing in the result. Fails with USAGE. */
function refuseIdle(flags: EnvoyFlags): void {
  const own = flags.in !== undefined;
  const rows: readonly (readonly [boolean, string, string, string])[] = [
    [
      !own && flags.listener !== undefined,
      '--listener',
      'chooses among the listeners of your own file',
      'add --in',
    ],
    [own && flags.port !== undefined, '--port', 'is for a new file', 'your own says where Envoy listens'],
    [own && flags.admin !== undefined, '--admin', 'is for a new file', 'your own has its admin interface'],
    [own && flags.upstream !== undefined, '--upstream', 'is for a new file', 'your own has its routes'],
    [
      !own && flags.dynamic !== undefined && outputFile(flags.output) !== undefined,
      '--output',
      'is not for --dynamic, which writes the files of its folder',
      'leave one of them out',
    ],
  ];
  const row = rows.find(([idle]) => idle);
  if (row !== undefined) throw new WasmeError('USAGE', `${row[1]} ${row[2]}`, { hint: row[3] });
}

function envoyOptions(flags: EnvoyFlags, { cwd }: Context): EnvoyOptions {
  const file = flags.in === undefined ? undefined : resolve(cwd, flags.in);
  const output = outputFile(flags.output);
  return {
    in: file,
    inName: flags.inName,
    compareWith: file ?? (output && resolve(cwd, output)),
    listener: flags.listener,
    version: flags.envoyVersion,
    dynamic: flags.dynamic === undefined ? undefined : resolve(cwd, flags.dynamic),
    // An Envoy that is started to try a filter is for this machine only.
    listen: flags.port ?? (flags.run ? { address: '127.0.0.1', port: 8080 } : undefined),
    admin: flags.admin,
    upstream: flags.upstream,
    clusters: flags.cluster,
  };
}

/** `--ca-file` as Envoy opens it, and as it can be read here; where Envoy runs elsewhere it may be there only. */
async function certificates(
  { caFile }: EnvoyFlags,
  { cwd }: Context,
): Promise<{ readonly path: string; readonly here?: string } | undefined> {
  if (caFile === undefined) return undefined;
  const { exists } = await import('../../../src/io/files/files.ts');
  const path = resolve(cwd, caFile);
  return (await exists(path)) ? { path, here: path } : { path: caFile };
}

function adminAddress(text: string): EnvoyAddress | 'none' {
  return text === 'none' ? 'none' : address('127.0.0.1')(text);
}
