/** `wasme status envoy`: asks the admin interface of one or more Envoys. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { digest } from '../deploy-flags.ts';
import { type Context, systemContextOf } from '../../ui/context.ts';
import { collect, globalOptions } from '../../ui/options.ts';
import { reporterFor } from '../../ui/progress-line.ts';
import { writeStatus } from '../write-status.ts';

interface Flags {
  readonly admin?: readonly string[];
  readonly id?: string;
  readonly all?: boolean;
  readonly digest?: string;
  readonly log?: string;
}

export function declareStatus(command: Command, context: Context): void {
  command
    .argument('[source]', 'what should run: project folder, .wasm file or image (default: the project here)')
    .option('--admin <url>', 'admin interface; may be repeated (default: 127.0.0.1:9901)', collect)
    .option('--id <name>', 'name of the filter (default: the project here)')
    .option('--all', 'every Wasm filter there')
    .option('--digest <sha256>', 'the digest that should run', digest)
    .option('--log <file>', "Envoy's log, where crashes of fail-open filters can be seen")
    .addHelpText(
      'after',
      `
Exit code 1 when the filter is not loaded, has another digest, or fails.

Examples:
  wasme status envoy
  wasme status envoy --all --admin 127.0.0.1:9902
  wasme status envoy build/my-filter.wasm --admin 10.0.0.5:9901 --admin 10.0.0.6:9901 --json`,
    )
    .action(async (source: string | undefined, flags: Flags) => {
      const { status } = await import('../../../src/status.ts');
      const result = await status(
        {
          target: 'envoy',
          source,
          id: flags.id,
          all: flags.all,
          digest: flags.digest,
          targetOptions: {
            admins: flags.admin,
            log: flags.log === undefined ? undefined : resolve(context.cwd, flags.log),
          },
        },
        systemContextOf(context, reporterFor(context, globalOptions(command))),
      );
      writeStatus(context, command, result);
    });
}
