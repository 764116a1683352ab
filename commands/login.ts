/** `wasme login [registry]`: flags, questions and printing; the job is in src/login.ts. */
import { type Command, Option } from 'commander';
import { WasmeError } from '../src/errors.ts';
import type { LoginOptions, LoginResult } from '../src/login.ts';
import type { Reporter } from '../src/reporter.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { addOldFlags } from './ui/deprecated-flags.ts';
import { type GlobalOptions, globalOptions } from './ui/options.ts';
import { promptsFor } from './ui/prompts.ts';
import { type RegistryFlags, addConnectionFlags, connectionOptions, readSecret } from './ui/registry.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly password?: string;
  readonly identityToken?: string;
  readonly identityTokenStdin?: boolean;
  readonly server?: string;
}

export function declare(command: Command, context: Context): void {
  addOldFlags(command, context, {
    '--credentials-file <file>': { now: '--registry-config' },
    '--plaintext': { now: '--plain-http' },
  });
  command
    .argument('[registry]', 'host, with a port if it has one (default: Docker Hub, or WASM_IMAGE_REGISTRY)')
    .option('-u, --username <name>', 'user name (default: asks for it)')
    .option('--password-stdin', 'read the password or access token from standard input')
    .addOption(
      new Option(
        '--identity-token-stdin',
        'read an OAuth2 refresh token from standard input, instead of a password',
      ).conflicts(['password', 'passwordStdin']),
    )
    .addOption(new Option('-p, --password <password>').hideHelp())
    .addOption(
      new Option('--identity-token <token>')
        .hideHelp()
        .conflicts(['password', 'passwordStdin', 'identityTokenStdin']),
    )
    .addOption(new Option('-s, --server <registry>').hideHelp());
  addConnectionFlags(command)
    .addHelpText(
      'after',
      `
Checks the login with the registry first and stores nothing that it refuses. Logins are stored where
docker stores them: in its credential helper if one is configured, else in ~/.docker/config.json.

Examples:
  wasme login registry.example
  printf %s "$TOKEN" | wasme login registry.example -u me --password-stdin
  printf %s "$REFRESH_TOKEN" | wasme login registry.example --identity-token-stdin`,
    )
    .action(async (operand: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const reporter = reporterFor(context, options);
      const host = operand ?? flags.server;
      const who = await credentials(flags, context, options, reporter);
      const { login } = await import('../src/login.ts');
      const result = await login(
        { host, ...who, registry: connectionOptions(flags) },
        systemContextOf(context, reporter),
      );
      if (result.storedIn.kind === 'file') {
        reporter.warn(
          `the ${who.identityToken === undefined ? 'password' : 'token'} is stored unencrypted in ${result.storedIn.name}`,
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
): Promise<Pick<LoginOptions, 'username' | 'password' | 'identityToken'>> {
  if (flags.identityToken !== undefined || flags.identityTokenStdin === true) {
    const identityToken = await given(flags.identityToken, '--identity-token', context, reporter);
    return { username: flags.username, identityToken };
  }
  const prompts = promptsFor(context, options);
  const username = flags.username ?? (await prompts.input({ message: 'User name:', flag: '--username' }));
  if (flags.password !== undefined || flags.passwordStdin === true)
    return { username, password: await given(flags.password, '--password', context, reporter) };
  const password = await prompts.password({ message: 'Password or access token:', flag: '--password-stdin' });
  return { username, password: required(password, '--password') };
}

/** A secret from the command line, else from standard input. */
async function given(
  value: string | undefined,
  flag: string,
  context: Context,
  reporter: Reporter,
): Promise<string> {
  if (value === undefined) return required(await readSecret(context), flag);
  const what = flag === '--password' ? 'password' : 'token';
  reporter.warn(`a ${what} on the command line can be seen by others`, `use ${flag}-stdin`);
  return required(value, flag);
}

function required(secret: string, flag: string): string {
  if (secret !== '') return secret;
  const what = flag === '--password' ? 'password' : 'token';
  throw new WasmeError('USAGE', `the ${what} is empty`, {
    hint: `printf %s "$${what.toUpperCase()}" | wasme login … ${flag}-stdin`,
  });
}

function resultText({ host, username, storedIn, checked }: LoginResult): string {
  if (!checked) {
    return `${host} asks for no login, so it was not checked; ${username ?? 'the token'} is stored in ${storedIn.name}`;
  }
  return `${host} knows ${username ?? 'this token'}; stored in ${storedIn.name}`;
}
