/** `wasme logout [registry]`: printing; the job is in src/logout.ts. */
import type { Command } from 'commander';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags {
  readonly registryConfig?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('[registry]', 'host, with a port if it has one (default: Docker Hub, or WASM_IMAGE_REGISTRY)')
    .option('--registry-config <file>', "file to use instead of docker's config.json")
    .addHelpText(
      'after',
      `
Examples:
  wasme logout registry.example`,
    )
    .action(async (host: string | undefined, { registryConfig }: Flags) => {
      const options = globalOptions(command);
      const { logout } = await import('../src/logout.ts');
      const result = await logout(
        { host, registryConfig },
        systemContextOf(context, reporterFor(context, options)),
      );
      writeResult(context, options.json, result, value =>
        value.loggedOut ? `logged out of ${value.host}` : `there was no login for ${value.host}`,
      );
    });
}
