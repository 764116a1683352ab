/** `wasme login [registry]`: flags, questions and printing; the job is in src/login.ts. */
import { type Command, Option } from 'commander';
import { WasmeError } from '../src/errors.ts';
import type { LoginResult } from '../src/login.ts';
import type { Reporter } from '../src/reporter.ts';
import { type Context, edgesOf } from './ui/context.ts';
import { type GlobalOptions, globalOptions } from './ui/options.ts';
import { promptsFor } from './ui/prompts.ts';
import { type RegistryFlags, addConnectionFlags, connectionOptions, readSecret } from './ui/registry.ts';
import { reporterFor } from './ui/reporter.ts';
import { writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly password?: string;
  readonly server?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('[registry]', 'host, with a port if it has one (default: Docker Hub, or WASM_IMAGE_REGISTRY)')
    .option('-u, --username <name>', 'asked for when missing')
    .option('--password-stdin', 'read the password or access token from standard input')
    .addOption(new Option('-p, --password <password>').hideHelp())
    .addOption(new Option('-s, --server <registry>').hideHelp());
  addConnectionFlags(command)
    .addHelpText(
      'after',
      `
The registry is asked first; what it refuses is not stored. Logins are kept where docker keeps
them: in its credential helper if one is configured, else in ~/.docker/config.json.

Examples:
  wasme login registry.example
  printf %s "$TOKEN" | wasme login registry.example -u me --password-stdin`,
    )
    .action(async (operand: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const reporter = reporterFor(context, options);
      const host = operand ?? flags.server;
      const { username, password } = await credentials(flags, context, options, reporter);
      const { login } = await import('../src/login.ts');
      const result = await login(
        { host, username, password, registry: connectionOptions(flags) },
        edgesOf(context, reporter),
      );
      if (result.storedIn.kind === 'file') {
        reporter.warn(
          `the password is stored unencrypted in ${result.storedIn.name}`,
          'a credential helper (credsStore in that file) keeps it in the keychain of the system',
        );
      }
      writeResult(context, options.json, result, resultText);
    });
}

async function credentials(
  flags: Flags,
  context: Context,
  options: GlobalOptions,
  reporter: Reporter,
): Promise<{ username: string; password: string }> {
  const prompts = promptsFor(context, options);
  const username = flags.username ?? (await prompts.input({ message: 'User name:', flag: '--username' }));
  if (flags.password !== undefined) {
    reporter.warn(
      'a password on the command line can be seen by others',
      'use --password-stdin, or be asked',
    );
    return { username, password: flags.password };
  }
  const password = flags.passwordStdin
    ? await readSecret(context)
    : await prompts.password({ message: 'Password or access token:', flag: '--password-stdin' });
  if (password !== '') return { username, password };
  throw new WasmeError('USAGE', 'the password is empty', {
    hint: 'printf %s "$PASSWORD" | wasme login … --password-stdin',
  });
}

function resultText({ host, username, storedIn }: LoginResult): string {
  return `${host} knows ${username}; stored in ${storedIn.name}`;
}
