/** `wasme serve`: serves modules of this machine to proxies that fetch code by URL. `deploy http` is its old spelling. */
import type { Command } from 'commander';
import { type FlagAddress, address } from './ui/address.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { type ConnectionFlags, addConnectionFlags, connectionOptions } from './ui/registry.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface ServeFlags extends ConnectionFlags {
  readonly port?: FlagAddress;
}

export function declare(command: Command, context: Context): void {
  command
    .argument(
      '[source...]',
      'project folders, .wasm files or images (default: the project in this folder and the whole local store)',
    )
    .option(
      '-p, --port <[host:]port>',
      'address to listen on (default: 127.0.0.1:8085)',
      address('127.0.0.1'),
    );
  addConnectionFlags(command);
  command.addHelpText(
    'after',
    `
Each module has the path /<sha256>.wasm, and / lists them. Ctrl-C ends the server.

Examples:
  wasme serve
  wasme serve build/my-filter.wasm -p 0.0.0.0:8085
  wasme deploy envoy http://10.0.0.5:8085/<sha256>.wasm --id my-filter > envoy.yaml   # in a second terminal`,
  );
  command.action(async (sources: string[], flags: ServeFlags) => {
    const options = globalOptions(command);
    const { serve } = await import('../src/serve.ts');
    const system = systemContextOf(context, reporterFor(context, options));
    await serve({ sources, listen: flags.port, registry: connectionOptions(flags) }, system, result =>
      writeResult(context, options.json, result, ({ modules }) =>
        modules.map(({ url, name, source }) => `${url}  ${name}  ${source}`).join('\n'),
      ),
    );
  });
}
