/** `wasme bench`: flags and printing; the job is in src/bench.ts. */
import { type Command, Option } from 'commander';
import type { BenchResult } from '../src/bench.ts';
import { type StreamKind, streamKinds } from '../src/project/names.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { fileToWrite, globalOptions, integer, keyValue, positiveNumber } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly baseline?: string;
  readonly save?: string;
  readonly maxUs?: number;
  readonly soak?: number;
  readonly streams?: number;
  readonly config?: string;
  readonly rootId?: string;
  readonly kind?: StreamKind;
  readonly host?: string;
  readonly path?: string;
  readonly header?: Record<string, string>;
  readonly body?: number;
}

export function declare(command: Command, context: Context): void {
  command
    .argument(
      '[target]',
      '.wasm file, project folder, image archive or image (default: the project in this folder)',
    )
    .option('--baseline <file>', 'compare with a result that --save wrote')
    .option('--save <file>', 'write the result as JSON, for --baseline', fileToWrite)
    .option('--max-us <n>', 'exit code 1 when the median stream costs more microseconds', positiveNumber)
    .option('--soak <n>', 'play n more streams and report memory growth', integer(100, 100_000_000))
    .option(
      '--streams <n>',
      'measure exactly n streams (default: 10000, or as many as fit into 10 s)',
      integer(100, 1_000_000),
    )
    .option('--config <text|@file>', "plugin configuration (default: the project's)")
    .option('--root-id <id>', 'root context of the module')
    .addOption(
      new Option('--kind <kind>', "place of the filter (default: the project's)").choices(streamKinds),
    )
    .option('--host <host@version>', 'reproduce this host, e.g. envoy@1.36 (default: newest Envoy)')
    .option('--path <path>', 'path of the requests (default: /)')
    .option('--header <name=value>', 'request header; repeatable', keyValue)
    .option('--body <bytes>', 'size of both bodies (default: 1024)', integer(0, 1_048_576));
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  wasme bench
  wasme bench --save baseline.json                     then change the filter, build, and
  wasme bench --baseline baseline.json --max-us 50
  wasme bench build/auth.wasm --config @auth.json --header authorization=token
  wasme bench --soak 100000                            look for a leak`,
    )
    .action(async (target: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const { bench } = await import('../src/bench.ts');
      const { benchText } = await import('./bench/bench-text.ts');
      const registry = await registryOptions(flags, context);
      const { config: configuration, path, header, body, ...rest } = flags;
      const workload = {
        ...(path === undefined ? {} : { path }),
        ...(header === undefined ? {} : { headers: Object.entries(header).map(lowerName) }),
        ...(body === undefined ? {} : { bodyBytes: body }),
      };
      const onResult = (result: BenchResult): void => writeResult(context, options.json, result, benchText);
      const { ok } = await bench({ ...rest, target, configuration, workload, registry, onResult }, system);
      if (!ok) command.parent?.setOptionValue('exitCode', 1);
    });
}

/** Header names are in lower case inside a proxy. */
function lowerName([name, value]: [string, string]): [string, string] {
  return [name.toLowerCase(), value];
}
