/** The flags of `run`, and what they become in the library. */
import { type Command, Option } from 'commander';
import { logLevels } from '../../src/host/status.ts';
import { type FailPolicy, type StreamKind, failPolicies, streamKinds } from '../../src/project/names.ts';
import type { RunOptions } from '../../src/run.ts';
import { type FlagAddress, address } from '../ui/address.ts';
import { capabilityList, collect, integer, keyValue, valueAfterEquals } from '../ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from '../ui/registry.ts';
import type { Context } from '../ui/context.ts';

export interface RunFlags extends RegistryFlags {
  readonly port?: FlagAddress;
  readonly admin?: FlagAddress;
  readonly upstream?: string;
  readonly cluster?: Record<string, string>;
  readonly config?: string[];
  readonly rootId?: string;
  readonly vmId?: string;
  readonly vmConfig?: string;
  readonly env?: string[];
  readonly failPolicy?: FailPolicy;
  readonly allowCapabilities?: string;
  readonly allowOnHeadersStopIteration?: true;
  readonly kind?: StreamKind;
  readonly host?: string;
  readonly concurrency?: number;
  readonly envoy?: string | true;
  readonly watch?: true;
  readonly trace?: true;
  readonly logLevel?: NonNullable<RunOptions['logLevel']>;
  readonly tls?: true;
  readonly timeout?: number;
}

export function addRunFlags(command: Command): void {
  command
    .option(
      '-p, --port <[host:]port>',
      "address to listen on (default: the project's, or 8080)",
      address('127.0.0.1'),
    )
    .option('--admin <[host:]port>', 'admin interface with /stats, /ready, /logging …', address('127.0.0.1'))
    .option(
      '--upstream <url|echo>',
      'upstream of the requests (default: echo, which answers with the request)',
    )
    .option('--cluster <name=url>', 'cluster for HTTP and gRPC calls of the filter; repeatable', keyValue)
    .option('--config <text|@file>', 'plugin configuration; repeatable, in the order of the targets', collect)
    .option('--root-id <id>', 'root context of the module')
    .option('--vm-id <id>', 'filters with equal id, code and VM configuration share a VM')
    .option('--vm-config <text|@file>', 'VM configuration')
    .option(
      '--env <name[=value]>',
      'variable of the module (default value: from the environment); repeatable',
      collect,
    )
    .addOption(
      new Option('--fail-policy <policy>', 'handling of traffic after the filter has trapped').choices(
        failPolicies,
      ),
    )
    .option(
      '--allow-capabilities <auto|list>',
      'allow only these functions; auto: those that each module uses',
    )
    .option(
      '--allow-on-headers-stop-iteration',
      'a header callback that stops iteration stops only the headers',
    )
    .addOption(
      new Option('--kind <kind>', "place of the filters (default: the project's)").choices(streamKinds),
    )
    .option(
      '--host <host@version>',
      'reproduce this host, e.g. envoy@1.36 or istio@1.30 (default: newest Envoy)',
    )
    .option(
      '--concurrency <n>',
      "number of worker threads, each with its own VMs (default: the project's, or 1)",
      integer(1, 128),
    )
    .option('--watch', 'build and load again when sources, modules or configurations change')
    .option('--trace', 'show each callback and host call')
    .addOption(
      new Option(
        '--log-level <level>',
        "lowest level of the filters' log lines to print (default: info)",
      ).choices([...logLevels, 'off']),
    )
    .option('--tls', 'use TLS with a self-signed certificate')
    .option(
      '--timeout <ms>',
      'time limit of a response (default: 15000, as Envoy; 0: none)',
      integer(0, 2_147_483_647),
    );
  valueAfterEquals(command, '--envoy', 'path', 'use a real Envoy: this program, or the one on PATH');
  addRegistryFlags(command);
}

/** Turns the flags into the options of `startRun`. Fails as `registryOptions` does. */
export async function runOptions(
  targets: readonly string[],
  flags: RunFlags,
  context: Context,
): Promise<RunOptions> {
  const { rootId, vmId, env, failPolicy, kind, host, envoy, watch, trace, logLevel, tls, upstream } = flags;
  const { allowCapabilities, allowOnHeadersStopIteration } = flags;
  return {
    ...{ rootId, vmId, env, failPolicy, kind, host, envoy, watch, trace, logLevel, tls, upstream },
    targets,
    allowCapabilities: capabilityList(allowCapabilities),
    allowOnHeadersStopIteration,
    listen: flags.port,
    admin: flags.admin,
    clusters: flags.cluster,
    configurations: flags.config,
    vmConfiguration: flags.vmConfig,
    concurrency: flags.concurrency,
    timeoutMs: flags.timeout,
    registry: await registryOptions(flags, context),
  };
}
