/** Text output of `init`: the list of templates, and the next steps in the new project. */
import { relative } from 'node:path';
import type { InitResult, Template } from '../../src/init.ts';
import { table } from '../ui/result.ts';

/** Selects the fields of a template that `init --list --json` prints. */
export function listedTemplate({
  name,
  language,
  kind,
  useCase,
  description,
}: Template): Record<string, string | undefined> {
  return { name, language, kind, useCase, description };
}

export function templatesText(templates: readonly Record<string, string | undefined>[]): string {
  const rows = templates.map(item => [
    item['name'] ?? '',
    item['language'] ?? '',
    item['kind'] ?? '',
    item['description'] ?? '',
  ]);
  return table([['NAME', 'LANGUAGE', 'KIND', 'DESCRIPTION'], ...rows]);
}

export function initText({ dir, name, kept, install }: InitResult, cwd: string): string {
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
