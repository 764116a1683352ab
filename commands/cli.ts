/** argv → exit code: builds the command tree, catches everything, and is the one way out. */
import { Command, CommanderError, Option } from 'commander';
import { type Context, type ProcessContext, commandContext } from './ui/context.ts';
import { packageVersion } from '../src/io/files/paths.ts';
import type { Verb } from './ui/verb.ts';
import { verbs } from './verbs.ts';

/** Runs one command line (without the program's name) and gives the exit code. Never throws, never ends the process. */
export async function run(argv: readonly string[], own: ProcessContext): Promise<number> {
  const context = commandContext(own);
  const program = buildProgram(context);
  try {
    // Beside the loading of the verb.
    const handling = leavesNothing(argv) ? undefined : own.handleSignals?.();
    await declareVerbs(program, context, operandsOf(argv));
    await handling;
    if (argv.length === 0) {
      context.stderr.write(`${program.helpInformation()}${epilogue}\n`);
      return 2;
    }
    await program.parseAsync(withoutHelpVerb(argv, program), { from: 'user' });
    return context.signal.aborted ? 130 : exitCodeOf(program);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { showFailure } = await import('./ui/failure.ts');
    return showFailure(error, context, argv, calledCommand(program, argv));
  }
}

/** Returns true for a command line that a signal may end at any moment: help, versions, and verbs that say so. */
function leavesNothing(argv: readonly string[]): boolean {
  const verb = verbs.find(({ name }) => name === operandsOf(argv)[0]);
  const isHelp = argv.includes('--help') || argv.includes('-h');
  return isHelp || verb === undefined || verb.leavesNothing === true;
}

/** Returns the words that are neither a flag nor the value of a global flag. */
function operandsOf(argv: readonly string[]): string[] {
  return argv.filter((word, index) => !word.startsWith('-') && argv[index - 1] !== '--color');
}

/** Turns `help deploy istio` into `deploy istio --help`: commander's own `help` knows one level only. Leaves an unknown verb to its parser. */
function withoutHelpVerb(argv: readonly string[], program: Command): readonly string[] {
  const [first, verb, target] = operandsOf(argv);
  if (first !== 'help') return argv;
  if (verb === undefined) return ['--help'];
  const called = program.commands.find(command => command.name() === verb);
  if (called === undefined) return [verb];
  return called.commands.some(child => child.name() === target)
    ? [verb, target ?? '', '--help']
    : [verb, '--help'];
}

/** The words of the deepest command that was named: "deploy istio". */
function calledCommand(program: Command, argv: readonly string[]): string {
  const words: string[] = [];
  let command: Command | undefined = program;
  for (const word of operandsOf(argv)) {
    command = command.commands.find(child => child.name() === word);
    if (command === undefined) break;
    words.push(word);
  }
  return words.join(' ');
}

/** The end of the help of `wasme` itself. */
const epilogue = `
Environment:
  WASME_HOME                          where images and downloads are kept
  WASM_IMAGE_REGISTRY                 registry of images that name none (default: Docker Hub)
  DOCKER_CONFIG, REGISTRY_AUTH_FILE   where credentials are
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY   proxies; SSL_CERT_FILE, NODE_EXTRA_CA_CERTS: authorities
  CI                                  set: never prompt, plain progress
  NO_COLOR, FORCE_COLOR               colours

Run "wasme <verb> --help" for flags and examples.`;

function buildProgram(context: Context): Command {
  return new Command('wasme')
    .description('Write, build, run, test, publish and deploy Proxy-Wasm filters.')
    .usage('<verb> [operands] [flags]')
    .version(packageVersion(), '-V, --version')
    .option('--json', 'print the result as one JSON document')
    .option('-q, --quiet', 'print less status')
    .option('-v, --verbose', 'print each command line and request')
    .option('--yes', 'never prompt')
    .addOption(
      new Option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']).default('auto'),
    )
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .addHelpText('after', epilogue)
    .exitOverride()
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: () => undefined, // failure.ts prints it
      getOutHelpWidth: () => helpWidth(context),
      getErrHelpWidth: () => helpWidth(context),
    });
}

/** As wide as the terminal, but no wider than one can read. */
function helpWidth({ stdout }: Context): number {
  return Math.min(100, stdout.isTTY ? (stdout.columns ?? 100) : 100);
}

/** Every verb by name and summary; only the one that is called is loaded. */
async function declareVerbs(program: Command, context: Context, operands: readonly string[]): Promise<void> {
  const called = operands[0] === 'help' ? operands[1] : operands[0];
  for (const verb of verbs) {
    const command = program.command(verb.name).description(verb.summary);
    command.copyInheritedSettings(program);
    if (verb.name === called) await declareVerb(command, verb, context);
  }
}

async function declareVerb(command: Command, verb: Verb, context: Context): Promise<void> {
  const { declare } = await verb.load();
  declare(command, context, verbs);
  const { addGlobalOptions } = await import('./ui/options.ts');
  addGlobalOptions(command);
}

/** A verb that ran to its end but found something wrong (a failed test, an unhealthy proxy) says so in its command. */
function exitCodeOf(program: Command): number {
  return Number(program.getOptionValue('exitCode') ?? 0);
}
