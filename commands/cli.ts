/** argv → exit code: builds the command tree, catches everything, and is the one way out. */
import { Command, CommanderError, Option } from 'commander';
import type { Context } from './ui/context.ts';
import { packageVersion } from '../src/io/paths.ts';
import { type Verb, verbs } from './verbs.ts';

/** Runs one command line (without the program's name) and gives the exit code. Never throws, never ends the process. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  const program = buildProgram(context);
  try {
    const name = argv.find((word, index) => !word.startsWith('-') && argv[index - 1] !== '--color');
    await declareVerbs(program, context, name === 'help' ? argv.at(-1) : name);
    if (argv.length === 0) {
      context.stderr.write(program.helpInformation());
      return 2;
    }
    await program.parseAsync(argv, { from: 'user' });
    return context.signal.aborted ? 130 : exitCodeOf(program);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { showFailure } = await import('./ui/failure.ts');
    return showFailure(error, context, argv);
  }
}

function buildProgram(context: Context): Command {
  return new Command('wasme')
    .description('Write, build, run, test, publish and deploy Proxy-Wasm filters.')
    .usage('<verb> [operands] [flags]')
    .version(packageVersion(), '-V, --version')
    .option('--json', 'print the result as one JSON document')
    .option('-q, --quiet', 'less status')
    .option('-v, --verbose', 'more status: each command line and request')
    .option('--yes', 'never prompt')
    .addOption(
      new Option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']).default('auto'),
    )
    .helpCommand('help [verb]', 'show the help of a verb')
    .addHelpText('after', '\nRun "wasme <verb> --help" for flags and examples.')
    .exitOverride()
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: () => undefined, // told by failure.ts
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    });
}

/** Every verb by name and summary; only the one that is called is loaded. */
async function declareVerbs(program: Command, context: Context, called: string | undefined): Promise<void> {
  for (const verb of verbs) {
    const command = program.command(verb.name).description(verb.summary);
    command.copyInheritedSettings(program);
    if (verb.name === called) await declareVerb(command, verb, context);
  }
}

async function declareVerb(command: Command, verb: Verb, context: Context): Promise<void> {
  const { declare } = await verb.load();
  declare(command, context);
  const { addGlobalOptions } = await import('./ui/options.ts');
  addGlobalOptions(command);
}

/** A verb that ran to its end but found something wrong (a failed test, an unhealthy proxy) says so in its command. */
function exitCodeOf(program: Command): number {
  return Number(program.getOptionValue('exitCode') ?? 0);
}
