/** Finds templates: those that ship with the package, and folders of the user. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WasmeError } from '../errors.ts';
import { maxParsedBytes } from '../io/files/file-limits.ts';
import { exists, kindOf, readText } from '../io/files/files.ts';
import { docsPage } from '../io/files/paths.ts';
import { parseFile } from '../project/parse.ts';
import type { Kind, Language } from '../project/schema.ts';
import { type TemplateInfo, templateProjectSchema, templateSchema } from './schema.ts';

export interface Template extends TemplateInfo {
  /** Folder name: `rust`, `rust-network`, `rust-jwt-check`. */
  readonly name: string;
  /** The base comes first. */
  readonly layers: readonly TemplateLayer[];
}

/** One folder of a template: removes paths of the layers before it, then adds its files, which replace theirs. */
export interface TemplateLayer {
  /** Absolute. */
  readonly folder: string;
  readonly without: readonly string[];
}

/** Criteria for choosing a template; an undefined one matches all. */
export interface TemplateWish {
  readonly language?: Language | undefined;
  readonly kind?: Kind | undefined;
  /** Folder name or use case: `rust-jwt-check` or `jwt-check`. */
  readonly name?: string | undefined;
}

const parsing = {
  format: 'json',
  code: 'TEMPLATE_INVALID',
  hint: 'templates/README.md of the wasme package describes template.json',
} as const;

/** Returns all templates below `root`, by language, defaults before use cases. Fails with TEMPLATE_INVALID. */
export async function listTemplates(root: string): Promise<readonly Template[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const found: Template[] = [];
  for (const entry of entries.filter(item => item.isDirectory())) {
    if (await exists(join(root, entry.name, 'template.json')))
      found.push(await readTemplate(root, entry.name));
  }
  return found.sort((a, b) => sortKey(a).localeCompare(sortKey(b)));
}

/** Opens a folder of the user as a template: it needs a template.json or a wasme.json. Fails with TEMPLATE_UNKNOWN, TEMPLATE_INVALID. */
export async function openTemplateFolder(folder: string): Promise<Template> {
  if ((await kindOf(folder)) !== 'dir') {
    throw new WasmeError('TEMPLATE_UNKNOWN', `no such template folder: ${folder}`, {
      hint: '"wasme init --list" shows the templates that come with wasme',
    });
  }
  if (await exists(join(folder, 'template.json'))) return readTemplate(join(folder, '..'), basename(folder));
  const file = join(folder, 'wasme.json');
  if (!(await exists(file))) {
    throw new WasmeError('TEMPLATE_INVALID', `${folder} has neither template.json nor wasme.json`, {
      hint: `put a wasme.json there, at least { "name": "{{name}}", "language": "rust" } (${docsPage('project-file.md')})`,
    });
  }
  const { language, kind } = parseFile(
    await readText(file, maxParsedBytes),
    file,
    templateProjectSchema,
    parsing,
  );
  return { name: basename(folder), layers: [{ folder, without: [] }], language, kind, description: folder };
}

/** The one template that fits. Fails with TEMPLATE_UNKNOWN, naming what there is. */
export function chooseTemplate(templates: readonly Template[], wish: TemplateWish): Template {
  const fitting = templates.filter(
    template =>
      (wish.language === undefined || template.language === wish.language) &&
      (wish.kind === undefined || template.kind === wish.kind) &&
      (wish.name === undefined
        ? template.useCase === undefined
        : template.name === wish.name || template.useCase === wish.name),
  );
  const exact = fitting.filter(template => template.name === wish.name);
  const [only, second] = exact.length > 0 ? exact : fitting;
  if (only !== undefined && (second === undefined || wish.kind === undefined)) {
    return fitting.find(template => template.kind === 'http') ?? only;
  }
  throw new WasmeError('TEMPLATE_UNKNOWN', `no template ${describe(wish)}`, {
    hint: `there is: ${templates.map(template => template.name).join(', ')} ("wasme init --list" describes them)`,
  });
}

/** `depth` counts the templates that extend this one; a chain longer than four is taken for a cycle. */
async function readTemplate(root: string, name: string, depth = 0): Promise<Template> {
  const file = join(root, name, 'template.json');
  if (depth > 4 || !(await exists(file))) {
    throw new WasmeError(
      'TEMPLATE_INVALID',
      `the template ${name} in ${root} does not exist or extends itself`,
    );
  }
  const info = parseFile(await readText(file, maxParsedBytes), file, templateSchema, parsing);
  const base = info.extends === undefined ? undefined : await readTemplate(root, info.extends, depth + 1);
  const inherited = base?.install === undefined ? {} : { install: base.install };
  const layer: TemplateLayer = { folder: join(root, name), without: info.without ?? [] };
  return { ...inherited, ...info, name, layers: [...(base?.layers ?? []), layer] };
}

function sortKey({ language, kind, useCase }: TemplateInfo): string {
  return `${language} ${useCase ?? ''} ${kind}`;
}

function describe({ language, kind, name }: TemplateWish): string {
  return [
    name === undefined ? undefined : `"${name}"`,
    language === undefined ? undefined : `for the language ${language}`,
    kind === undefined ? undefined : `of the kind ${kind}`,
  ]
    .filter(part => part !== undefined)
    .join(' ');
}
