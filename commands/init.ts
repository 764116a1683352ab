/** `wasme init [dir]`: flags, questions and printing; the job is in src/init.ts. */
import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import type { InitOptions, InitResult, Template } from '../src/init.ts';
import { type Kind, type Language, kinds, languages } from '../src/project/names.ts';
import { type Context, edgesOf } from './ui/context.ts';
import { collect, globalOptions } from './ui/options.ts';
import { type Prompts, mayPrompt, promptsFor } from './ui/prompts.ts';
import { reporterFor } from './ui/reporter.ts';
import { table, writeResult } from './ui/result.ts';

interface Flags {
  readonly language?: Language;
  readonly kind?: Kind;
  readonly template?: string;
  readonly name?: string;
  readonly host?: string[];
  readonly platform?: string;
  readonly platformVersion?: string;
  readonly list?: true;
  readonly force?: true;
  readonly install?: boolean;
  readonly disablePrompt?: true;
}

export function declare(command: Command, context: Context): void {
  command
    .argument('[dir]', 'folder of the new project')
    .addOption(new Option('-l, --language <language>', 'language of the filter').choices(languages))
    .addOption(new Option('-k, --kind <kind>', 'what it filters').choices(kinds))
    .option('--template <name|path>', 'a template by name, or your own folder')
    .option('-n, --name <name>', 'name of the project (default: from the folder)')
    .option('--host <host@version>', 'host it is meant for, e.g. istio@1.30 (repeatable)', collect)
    .option('--list', 'show the templates and end')
    .option('-f, --force', 'also into a folder that is not empty; nothing is overwritten')
    .option('--install', 'get the packages of the project afterwards (npm install)')
    .option('--no-install', 'do not get them')
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
    .action(async (dir: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const reporter = reporterFor(context, options);
      const edges = edgesOf(context, reporter);
      const { init, initName, initTemplates } = await import('../src/init.ts');
      if (flags.list) return writeResult(context, options.json, (await initTemplates()).map(listed), listText);
      const quiet = { ...options, ...(flags.disablePrompt ? { yes: true as const } : {}) };
      const ask = mayPrompt(context, quiet);
      const prompts = promptsFor(context, quiet);
      const answers = await complete(dir, flags, prompts, ask, await initTemplates(), path => initName(path, edges));
      const hosts = [...(flags.host ?? []), ...oldPlatform(flags, message => reporter.info(message))];
      const result = await init({ ...answers, hosts, force: flags.force }, edges);
      writeResult(context, options.json, result, value => resultText(value, context.cwd));
    });
}

/** The answers that flags do not give: asked for on a terminal, otherwise USAGE_NO_PROMPT names the flag. */
async function complete(
  dir: string | undefined,
  flags: Flags,
  prompts: Prompts,
  ask: boolean,
  templates: readonly Template[],
  nameOf: (dir: string) => string,
): Promise<InitOptions> {
  const own = flags.template;
  const offered = templates.filter(({ name, useCase }) => own === undefined || own === name || own === useCase);
  const choices = [...new Set(offered.map(template => template.language))];
  const language =
    flags.language ??
    (own !== undefined && choices.length < 2
      ? undefined
      : await prompts.select({ message: 'Which language?', flag: '--language' }, named(choices)));
  const possible = [...new Set(offered.filter(item => item.language === language).map(item => item.kind))];
  const kind =
    flags.kind ??
    (ask && own === undefined && possible.length > 1
      ? await prompts.select({ message: 'What does it filter?', flag: '--kind' }, named(possible, kindTexts))
      : undefined);
  const name =
    flags.name ??
    (ask || dir === undefined
      ? await prompts.input({ message: 'Name of the project?', flag: 'a folder or --name' }, nameOf(dir ?? 'my-filter'))
      : undefined);
  const install =
    flags.install ??
    (ask && offered.some(item => item.language === language && item.install !== undefined)
      ? await prompts.confirm({ message: 'Get its packages now (npm install)?', flag: '--install' }, true)
      : false);
  return {
    dir: dir ?? name ?? '.',
    language: language as Language | undefined,
    kind: (kind ?? (own === undefined ? 'http' : undefined)) as Kind | undefined,
    template: own,
    name,
    install,
  };
}

const kindTexts: Readonly<Record<string, string>> = {
  http: 'http     HTTP requests and responses',
  network: 'network  TCP connections',
  service: 'service  nothing: it runs beside the traffic (timers, queues, logs)',
};

function named(values: readonly string[], texts: Readonly<Record<string, string>> = {}): { value: string; name: string }[] {
  return values.map(value => ({ value, name: texts[value] ?? value }));
}

/** The old tool's --platform istio --platform-version 1.9.x is a host now. */
function oldPlatform({ platform, platformVersion }: Flags, say: (message: string) => void): string[] {
  if (platform === undefined) return [];
  const host = platformVersion === undefined ? platform : `${platform}@${platformVersion}`;
  say(`note: --platform is now --host ${host}`);
  return [host];
}

function listed({ name, language, kind, useCase, description }: Template): Record<string, string | undefined> {
  return { name, language, kind, useCase, description };
}

function listText(templates: readonly Record<string, string | undefined>[]): string {
  const rows = templates.map(item => [item['name'] ?? '', item['language'] ?? '', item['kind'] ?? '', item['description'] ?? '']);
  return table([['NAME', 'LANGUAGE', 'KIND', 'DESCRIPTION'], ...rows]);
}

function resultText({ dir, name, kept, install }: InitResult, cwd: string): string {
  const place = relative(cwd, dir);
  const steps = [
    ...(place === '' ? [] : [`cd ${/[^\w./-]/.test(place) ? JSON.stringify(place) : place}`]),
    ...(install !== undefined && !install.done ? [install.command] : []),
    'wasme build',
    'wasme run',
  ];
  return [
    `Created ${name} in ${dir}`,
    ...kept.map(file => `  kept ${file}`),
    'Next:',
    ...steps.map(step => `  ${step}`),
  ].join('\n');
}
