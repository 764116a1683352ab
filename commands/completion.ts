/** `wasme completion <shell>`: collects the command tree; the scripts are in src/completion.ts. */
import { Argument, Command } from 'commander';
import {
  type CompletionCommand,
  type CompletionResult,
  completionScript,
  shells,
} from '../src/completion.ts';
import { targetCommands } from './targets/index.ts';
import type { Context } from './ui/context.ts';
import { addGlobalOptions, globalOptions } from './ui/options.ts';
import { writeResult } from './ui/result.ts';
import type { Verb } from './ui/verb.ts';

export function declare(command: Command, context: Context, verbs: readonly Verb[]): void {
  command
    .addArgument(new Argument('<shell>', 'name of the shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  eval "$(wasme completion bash)"                                       in ~/.bashrc
  eval "$(wasme completion zsh)"                                        in ~/.zshrc, after compinit
  wasme completion fish > ~/.config/fish/completions/wasme.fish
  wasme completion powershell | Out-String | Invoke-Expression          in $PROFILE`,
    )
    .action(async (shell: string) => {
      const root = new Command('wasme');
      for (const { name, summary, load } of verbs) {
        const child = root.command(name).description(summary);
        (await load()).declare(child, context, verbs);
      }
      const result: CompletionResult = { shell, script: completionScript(shell, describeTree(root, '')) };
      writeResult(context, globalOptions(command).json, result, ({ script }) => script);
    });
}

/** Commands of which an operand may be an image of the local store. */
const takesImages: ReadonlySet<string> = new Set([
  ...['run', 'bench', 'inspect', 'verify', 'tag', 'rm', 'push', 'save', 'convert', 'serve', 'deploy http'],
  ...Object.keys(targetCommands).map(name => `deploy ${name}`),
]);

/** The command and all below it. */
function describeTree(command: Command, path: string): CompletionCommand[] {
  // A verb of a verb (deploy envoy) has them already.
  if (!command.options.some(option => option.long === '--json')) addGlobalOptions(command);
  const flags = command.options
    .filter(option => !option.hidden && option.long !== undefined)
    .map(option => ({
      long: option.long ?? '',
      ...(option.short === undefined ? {} : { short: option.short }),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    }));
  const help = { long: '--help', short: '-h', description: 'show help', takesValue: false, choices: [] };
  const operands = command.registeredArguments.flatMap(argument => argument.argChoices ?? []);
  const own: CompletionCommand = {
    path,
    summary: command.description(),
    flags: [...flags, help],
    operands,
    images: takesImages.has(path),
  };
  return [own, ...command.commands.flatMap(child => describeTree(child, `${path} ${child.name()}`.trim()))];
}
