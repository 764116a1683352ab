/** Declares the flags about registries, the same for every verb that uses one, and turns them into options. */
import type { Command } from 'commander';
import { WasmeError } from '../../src/errors.ts';
import type { RegistryOptions } from '../../src/oci/registry/session.ts';
import type { Context } from './context.ts';

/** Flags that say how to reach a registry. */
export interface ConnectionFlags {
  readonly plainHttp?: boolean;
  readonly insecure?: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly registryConfig?: string;
}

export interface RegistryFlags extends ConnectionFlags {
  readonly username?: string;
  readonly passwordStdin?: boolean;
  /** Of the old wasme. */
  readonly password?: string;
}

/** Passwords and tokens have a few kB; more is a file piped in by mistake. */
const maxSecretBytes = 64 * 1024;

/** Adds them as a group of their own. */
export function addRegistryFlags(command: Command): Command {
  return addConnectionFlags(command)
    .option('-u, --username <name>', 'user name, instead of stored credentials')
    .option('--password-stdin', 'read the password from standard input');
}

/** Adds the flags without credentials. `trusted` replaces a help text for verbs whose result trusts the same certificate. */
export function addConnectionFlags(
  command: Command,
  trusted = 'also trust this certificate authority',
): Command {
  command.optionsGroup('Registry options:');
  return command
    .option('--plain-http', 'use HTTP for the registry (default for this machine only)')
    .option('--no-plain-http', 'use HTTPS, also for this machine')
    .option('--insecure', 'do not verify the certificate of the registry')
    .option('--ca-file <file>', trusted)
    .option('--cert-file <file>', 'client certificate')
    .option('--key-file <file>', 'key of the client certificate (default: in the same file)')
    .option('--registry-config <file>', "file with credentials, instead of docker's config.json");
}

/** Fails with USAGE for a name without a password, or the other way round. */
export async function registryOptions(flags: RegistryFlags, context: Context): Promise<RegistryOptions> {
  const { username, passwordStdin } = flags;
  if ((username === undefined) !== (passwordStdin !== true && flags.password === undefined)) {
    throw new WasmeError('USAGE', '--username and --password-stdin belong together', {
      hint: 'printf %s "$PASSWORD" | wasme … --username NAME --password-stdin',
    });
  }
  const password = passwordStdin === true ? await readSecret(context) : flags.password;
  return { ...connectionOptions(flags), username, password };
}

export function connectionOptions(flags: ConnectionFlags): RegistryOptions {
  const { plainHttp, insecure, caFile, certFile, keyFile, registryConfig } = flags;
  return { plainHttp, insecure, caFile, certFile, keyFile, registryConfig };
}

/** Reads all of standard input, without the line break at its end. */
export async function readSecret({ stdin }: Context): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > maxSecretBytes) throw new WasmeError('USAGE', 'standard input is too long for a password');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
