/** `wasme run [target…]`: flags and printing; the job is in src/run.ts. */
import { type Command, Option } from 'commander';
import type { RunOptions, RunResult } from '../src/run.ts';
import { type Address, address } from './ui/address.ts';
import { type Context, edgesOf } from './ui/context.ts';
import { collect, globalOptions, integer, keyValue } from './ui/options.ts';
import { reporterFor } from './ui/reporter.ts';
import { writeResult } from './ui/result.ts';
import { runPrinter } from './ui/run-output.ts';

interface Flags {
  readonly port?: Address;
  readonly admin?: Address;
  readonly upstream?: string;
  readonly cluster?: Record<string, string>;
  readonly config?: string[];
  readonly rootId?: string;
  readonly vmId?: string;
  readonly vmConfig?: string;
  readonly env?: string[];
  readonly failPolicy?: 'open' | 'closed' | 'reload';
  readonly kind?: 'http' | 'network';
  readonly host?: string;
  readonly watch?: true;
  readonly trace?: true;
  readonly logLevel?: NonNullable<RunOptions['logLevel']>;
  readonly tls?: true;
  readonly timeout?: number;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('[target...]', 'project folders or .wasm files, in the order of the request')
    .option(
      '-p, --port <[host:]port>',
      "where it listens (default: the project's, or 8080)",
      address('127.0.0.1'),
    )
    .option('--admin <[host:]port>', 'admin interface with /stats, /ready, /logging …', address('127.0.0.1'))
    .option('--upstream <url|echo>', 'where requests go (default: echo, which answers with what it received)')
    .option('--cluster <name=url>', 'cluster for call-outs; repeatable', keyValue)
    .option('--config <text|@file>', 'plugin configuration; repeatable, in the order of the targets', collect)
    .option('--root-id <id>', 'root context of the module')
    .option('--vm-id <id>', 'filters with equal id, code and VM configuration share a VM')
    .option('--vm-config <text|@file>', 'VM configuration')
    .option('--env <name[=value]>', 'variable for the module; without value, from here; repeatable', collect)
    .addOption(
      new Option('--fail-policy <policy>', 'what happens to traffic when the filter traps').choices([
        'open',
        'closed',
        'reload',
      ]),
    )
    .addOption(
      new Option('--kind <kind>', "place of the filters (default: the project's)").choices([
        'http',
        'network',
      ]),
    )
    .option(
      '--host <host@version>',
      'behave as this host, e.g. envoy@1.36 or istio@1.30 (default: newest Envoy)',
    )
    .option('--watch', 'load again when a module or its configuration changes')
    .option('--trace', 'show each callback and host call')
    .addOption(
      new Option('--log-level <level>', "filters' log lines from this level on (default: info)").choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'critical',
        'off',
      ]),
    )
    .option('--tls', 'speak TLS, with a certificate made on the spot')
    .option(
      '--timeout <ms>',
      "limit of a response (default: Envoy's 15000; 0: none)",
      integer(0, 2_147_483_647),
    )
    .addHelpText(
      'after',
      `
Examples:
  wasme run                                  the project here, in front of the echo upstream
  wasme run --upstream http://127.0.0.1:3000 -p 8000 --watch
  wasme run auth.wasm build/headers.wasm     a chain of two
  wasme run --config '{"header":"x-team"}' --cluster auth=http://127.0.0.1:9000 --trace
  curl -v http://127.0.0.1:8080/             in a second terminal`,
    )
    .action(async (targets: string[], flags: Flags) => {
      const options = globalOptions(command);
      const edges = edgesOf(context, reporterFor(context, options));
      const { run } = await import('../src/run.ts');
      const { port, cluster, config, timeout, vmConfig, ...rest } = flags;
      const job: RunOptions = {
        ...rest,
        targets,
        listen: port,
        clusters: cluster,
        configurations: config,
        vmConfiguration: vmConfig,
        timeoutMs: timeout,
        onEvent: runPrinter(context, options.color),
      };
      await run(job, edges, result => writeResult(context, options.json, shown(result), runText));
    });
}

/** The stable part of a running proxy. */
function shown({ url, port, admin, upstream, host, filters }: RunResult): RunResult {
  return { url, port, admin, upstream, host, filters };
}

function runText({ url, admin, upstream, host, filters }: RunResult): string {
  const chain = filters.map(filter => filter.name).join(' → ');
  const lines = [
    `${url} → ${chain} → ${upstream}`,
    `as ${host}${admin === null ? '' : `; admin ${admin}`}; Ctrl-C ends it`,
  ];
  return lines.join('\n');
}
