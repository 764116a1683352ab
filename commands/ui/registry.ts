/** Flags about registries, the same for every verb that talks to one, and what they become in the library. */
import type { Command } from 'commander';
import { WasmeError } from '../../src/errors.ts';
import type { RegistryOptions } from '../../src/oci/session.ts';
import type { Context } from './context.ts';

export interface RegistryFlags {
  readonly plainHttp?: boolean;
  readonly insecure?: boolean;
  readonly caFile?: string;
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** Adds them as a group of their own. */
export function addRegistryFlags(command: Command): Command {
  command.optionsGroup('Registry options:');
  return command
    .option('--plain-http', 'talk HTTP to the registry (default for this machine only)')
    .option('--insecure', 'do not check its certificate')
    .option('--ca-file <file>', 'trust this certificate authority too')
    .option('-u, --username <name>', 'instead of stored credentials')
    .option('--password-stdin', 'read the password from standard input');
}

/** Fails with USAGE for a name without a password, or the other way round. */
export async function registryOptions(flags: RegistryFlags, context: Context): Promise<RegistryOptions> {
  const { username, passwordStdin } = flags;
  if ((username === undefined) !== (passwordStdin !== true)) {
    throw new WasmeError('USAGE', '--username and --password-stdin belong together', {
      hint: 'printf %s "$PASSWORD" | wasme … --username NAME --password-stdin',
    });
  }
  return {
    plainHttp: flags.plainHttp,
    insecure: flags.insecure,
    caFile: flags.caFile,
    username,
    password: passwordStdin === true ? await readLine(context) : undefined,
  };
}

async function readLine({ stdin }: Context): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
