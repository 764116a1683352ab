/** Asks for what the flags of `wasme init` do not say. */
import type { InitOptions, Template } from '../../src/init.ts';
import type { Kind, Language } from '../../src/project/names.ts';
import type { Prompts } from '../ui/prompts.ts';

/** The flags of `wasme init` as commander gives them. */
export interface InitFlags {
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

/** Returns the options of `init`: from the flags, otherwise asked for on a terminal, otherwise USAGE_NO_PROMPT names the flag. */
export async function initAnswers(
  dir: string | undefined,
  flags: InitFlags,
  prompts: Prompts,
  ask: boolean,
  templates: readonly Template[],
  nameOf: (dir: string) => string,
): Promise<InitOptions> {
  const own = flags.template;
  const offered = templates.filter(
    ({ name, useCase }) => own === undefined || own === name || own === useCase,
  );
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
      ? await prompts.select(
          { message: 'What does the filter work on?', flag: '--kind' },
          named(possible, kindTexts),
        )
      : undefined);
  const name =
    flags.name ??
    (ask || dir === undefined
      ? await prompts.input(
          { message: 'Name of the project?', flag: 'a folder or --name' },
          nameOf(dir ?? 'my-filter'),
        )
      : undefined);
  const install =
    flags.install ??
    (ask && offered.some(item => item.language === language && item.install !== undefined)
      ? await prompts.confirm({ message: 'Install its packages now (npm install)?', flag: '--install' }, true)
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

function named(
  values: readonly string[],
  texts: Readonly<Record<string, string>> = {},
): { value: string; name: string }[] {
  return values.map(value => ({ value, name: texts[value] ?? value }));
}
