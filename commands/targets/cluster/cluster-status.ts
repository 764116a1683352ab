/** `wasme status istio|gloo|envoy-gateway`: asks a cluster through kubectl. */
import type { Command } from 'commander';
import type { TargetName, TargetOptions } from '../../src/targets/index.ts';
import { list } from '../deploy/cluster.ts';
import { digest } from '../deploy/deploy-flags.ts';
import { type Context, systemContextOf } from '../ui/context.ts';
import { globalOptions } from '../ui/options.ts';
import { reporterFor } from '../ui/progress-line.ts';
import { writeStatus } from './write-status.ts';

interface Flags {
  readonly id?: string;
  readonly all?: boolean;
  readonly namespace?: string;
  readonly namespaces?: string[];
  readonly context?: string;
  readonly digest?: string;
}

export function declareIstio(command: Command, context: Context): void {
  declareFor(command, context, {
    target: 'istio',
    place: ['-n, --namespace <name>', 'namespace it was deployed to (default: default)'],
    options: ({ namespace }) => ({ namespace }),
    note: 'Asks every chosen proxy through kubectl exec, which needs that right.',
    example: '-n bookinfo --id add-header',
  });
}

export function declareGloo(command: Command, context: Context): void {
  declareFor(command, context, {
    target: 'gloo',
    place: ['-n, --namespaces <name,…>', 'only Gateways of these namespaces (default: all)'],
    options: ({ namespaces }) => ({ namespaces }),
    note: 'Shows what Gloo says of its Gateways; what the proxies run cannot be seen this way.',
    example: '--id add-header',
  });
}

export function declareEnvoyGateway(command: Command, context: Context): void {
  declareFor(command, context, {
    target: 'envoy-gateway',
    place: ['-n, --namespace <name>', 'namespace it was deployed to (default: default)'],
    options: ({ namespace }) => ({ namespace }),
    note: 'Shows what Envoy Gateway says of the policy; what the proxies run cannot be seen this way.',
    example: '-n shop --id add-header',
  });
}

export function declareHigress(command: Command, context: Context): void {
  declareFor(command, context, {
    target: 'higress',
    place: ['-n, --namespace <name>', "Higress' own namespace (default: higress-system)"],
    options: ({ namespace }) => ({ namespace }),
    note: 'Asks every pod of the gateway through kubectl exec, which needs that right.',
    example: '--id add-header',
  });
}

function declareFor<Name extends TargetName>(
  command: Command,
  context: Context,
  words: {
    readonly target: Name;
    readonly place: readonly [flags: string, description: string];
    readonly options: (flags: Flags) => TargetOptions[Name];
    readonly note: string;
    readonly example: string;
  },
): void {
  const [flags, description] = words.place;
  command.argument('[target]', 'what should run: project folder or image (default: what was deployed)');
  if (flags.includes('…')) command.option(flags, description, list);
  else command.option(flags, description);
  command
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('--all', 'every filter of wasme there')
    .option('--digest <sha256>', 'the digest that should run', digest)
    .option('--context <name>', "kubectl's context (default: the current one)")
    .addHelpText(
      'after',
      `
${words.note}
Exit code 1 when the filter is not loaded, has another digest, or fails.

Examples:
  wasme status ${words.target} ${words.example}
  wasme status ${words.target} registry.example/me/add-header:v1 ${words.example}`,
    )
    .action(async (source: string | undefined, given: Flags) => {
      const { status } = await import('../../src/status.ts');
      const result = await status(
        {
          target: words.target,
          source,
          id: given.id,
          all: given.all,
          digest: given.digest,
          targetOptions: { ...words.options(given), context: given.context, useCluster: true },
        },
        systemContextOf(context, reporterFor(context, globalOptions(command))),
      );
      writeStatus(context, command, result);
    });
}
