/** `wasme init [dir]`: declares the flags, asks and prints; src/init.ts does the work. */
import { type Command, Option } from 'commander';
import { kinds, languages } from '../src/project/names.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { type InitFlags, initAnswers } from './init/init-questions.ts';
import { initText, listedTemplate, templatesText } from './init/init-text.ts';
import { globalOptions, hosts as hostList } from './ui/options.ts';
import { mayPrompt, promptsFor } from './ui/prompts.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

export function declare(command: Command, context: Context): void {
  command
    .argument('[dir]', 'folder of the new project')
    .addOption(new Option('-l, --language <language>', 'language of the filter').choices(languages))
    .addOption(new Option('-k, --kind <kind>', 'what the filter works on').choices(kinds))
    .option('--template <name|path>', 'a template by name, or a folder of your own')
    .option('-n, --name <name>', 'name of the project (default: from the folder)')
    .option('--host <host@version>', 'host that the filter is for, e.g. istio@1.30 (repeatable)', hostList)
    .option('--list', 'show the templates and exit')
    .option('-f, --force', 'allow a folder that is not empty; no file is overwritten')
    .option('--install', 'install the packages of the project afterwards (npm install)')
    .option('--no-install', 'do not install them and do not ask')
    .option('--disable-prompt', 'the same as --yes')
    .addOption(new Option('--platform <platform>').hideHelp())
    .addOption(new Option('--platform-version <version>').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  wasme init                                     ask for everything
  wasme init my-filter --language assemblyscript --install
  wasme init my-filter -l rust --kind network
  wasme init my-filter -l rust --template jwt-check --host istio@1.30
  wasme init my-filter --template ../our-template`,
    )
    .action(async (dir: string | undefined, flags: InitFlags) => {
      const options = globalOptions(command);
      const reporter = reporterFor(context, options);
      const system = systemContextOf(context, reporter);
      const { init, initName, initTemplates } = await import('../src/init.ts');
      if (flags.list)
        return writeResult(context, options.json, (await initTemplates()).map(listedTemplate), templatesText);
      const quiet = { ...options, ...(flags.disablePrompt ? { yes: true as const } : {}) };
      const ask = mayPrompt(context, quiet);
      const prompts = promptsFor(context, quiet);
      const answers = await initAnswers(dir, flags, prompts, ask, await initTemplates(), path =>
        initName(path, system),
      );
      const hosts = [...(flags.host ?? []), ...oldPlatform(flags, message => reporter.info(message))];
      const result = await init({ ...answers, hosts, force: flags.force }, system);
      writeResult(context, options.json, result, value => initText(value, context.cwd));
    });
}

/** Converts the old wasme's --platform istio --platform-version 1.9.x to a host. */
function oldPlatform({ platform, platformVersion }: InitFlags, say: (message: string) => void): string[] {
  if (platform === undefined) return [];
  const host = platformVersion === undefined ? platform : `${platform}@${platformVersion}`;
  say(`note: --platform is now --host ${host}`);
  return [host];
}
