/** `wasme init`: creates a project from a template. */
import { readdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import { type CommandLine, exec, showCommand } from './io/process/exec.ts';
import { maxParsedBytes } from './io/files/file-limits.ts';
import { exists, kindOf, makeFolder, readText } from './io/files/files.ts';
import type { SystemContext } from './io/system-context.ts';
import { templatesDir } from './io/files/paths.ts';
import { projectParsing } from './project/load.ts';
import { parseFile } from './project/parse.ts';
import { type Kind, type Language, projectJsonSchema, projectSchema } from './project/schema.ts';
import { type Template, chooseTemplate, listTemplates, openTemplateFolder } from './scaffold/catalog.ts';
import { checkName, suggestName } from './scaffold/name.ts';
import { parseHost } from './wasm/hosts.ts';
import { publishFolder } from './scaffold/publish.ts';
import { renderTemplate } from './scaffold/render.ts';

export type { Template } from './scaffold/catalog.ts';

export interface InitOptions {
  /** Folder of the new project, relative to the system's cwd. */
  readonly dir: string;
  readonly language?: Language | undefined;
  readonly kind?: Kind | undefined;
  /** A template's name or use case, or the path of a folder (it contains a slash or starts with a dot). */
  readonly template?: string | undefined;
  /** Default: made from the folder's name. */
  readonly name?: string | undefined;
  /** Hosts the filter is meant for: `istio@1.30`. */
  readonly hosts?: readonly string[] | undefined;
  /** Allows a folder that is not empty; existing files are kept. */
  readonly force?: boolean | undefined;
  /** Run the template's install command (`npm install`) afterwards. */
  readonly install?: boolean | undefined;
}

export interface InitResult {
  readonly dir: string;
  readonly name: string;
  readonly language: Language;
  readonly kind: Kind;
  readonly template: string;
  /** Relative paths that were written. */
  readonly files: readonly string[];
  /** Relative paths of files that existed and were kept (--force). */
  readonly kept: readonly string[];
  /** Command that installs the project's packages, if it has any; `done`: it was run. */
  readonly install?: { readonly command: string; readonly done: boolean };
}

const schemaFile = '.wasme/wasme.schema.json';

/** Returns all templates that ship with wasme. */
export function initTemplates(): Promise<readonly Template[]> {
  return listTemplates(templatesDir());
}

/** Returns a valid project name, derived from the name of a folder. */
export function initName(dir: string, system: SystemContext): string {
  return suggestName(basename(resolve(system.cwd, dir)));
}

/**
 * Creates the project; if that fails, nothing is left of it. Fails with NAME_INVALID, TEMPLATE_UNKNOWN, TEMPLATE_INVALID,
 * FILE_EXISTS, FILE_ACCESS; with TOOL_FAILED if only the install command failed, and then the project stays.
 */
export async function init(options: InitOptions, system: SystemContext): Promise<InitResult> {
  const dir = resolve(system.cwd, options.dir);
  const name = checkName(options.name ?? initName(dir, system));
  const template = await findTemplate(options, system);
  await checkTarget(dir, options.force ?? false);
  const { written, kept } = await publishFolder(dir, async folder => {
    const files = await renderTemplate(template, folder, name);
    await completeProjectFile(folder, name, options.hosts ?? []);
    system.signal.throwIfAborted();
    return [...files, schemaFile].sort();
  });
  const { language, kind } = template;
  const result = { dir, name, language, kind, template: template.name, files: written, kept };
  const [program, ...args] = template.install ?? [];
  if (program === undefined) return result;
  const command: CommandLine = { program, args, cwd: dir };
  if (options.install) await runInstall(command, system);
  return { ...result, install: { command: showCommand(command), done: options.install ?? false } };
}

async function findTemplate(
  { template, language, kind }: InitOptions,
  system: SystemContext,
): Promise<Template> {
  if (template !== undefined && /^\.|[/\\]/.test(template)) {
    return openTemplateFolder(resolve(system.cwd, template));
  }
  return chooseTemplate(await initTemplates(), { name: template, language, kind });
}

async function checkTarget(dir: string, force: boolean): Promise<void> {
  const kind = await kindOf(dir);
  if (kind === undefined) return;
  if (kind !== 'dir') {
    throw new WasmeError('FILE_EXISTS', `${dir} is a file`, { hint: 'name another folder' });
  }
  if (await exists(join(dir, 'wasme.json'))) {
    throw new WasmeError('FILE_EXISTS', `${dir} is a project already: it has a wasme.json`, {
      hint: 'name another folder',
    });
  }
  // A new repository counts as empty.
  const names = (await readdir(dir)).filter(entry => entry !== '.git');
  if (names.length > 0 && !force) {
    throw new WasmeError(
      'FILE_EXISTS',
      `${dir} is not empty: it has ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`,
      {
        hint: 'name another folder, or add --force to add the new files to it (none is overwritten)',
      },
    );
  }
}

/** Adds `$schema`, name and hosts to wasme.json, keeping its formatting, and writes the schema for editors. */
async function completeProjectFile(folder: string, name: string, hosts: readonly string[]): Promise<void> {
  const file = join(folder, 'wasme.json');
  const text = await readText(file, maxParsedBytes).catch(() => undefined);
  if (text === undefined || !/^\{\s/.test(text)) {
    throw new WasmeError('TEMPLATE_INVALID', 'the template has no wasme.json, or it is not a JSON object');
  }
  const hostList = hosts.map(host => JSON.stringify(host)).join(', ');
  // Gloo loads only the layout of the old wasme, which the other hosts load too.
  const image = hosts.some(host => parseHost(host).name === 'gloo') ? ' "image": { "layout": "oci" },' : '';
  const complete = text
    .replace(/\n\s*"\$schema":[^\n]*,/, '')
    .replace(/"name":\s*"[^"]*"/, `"name": "${name}"`)
    .replace(/^\{/, `{\n  "$schema": "./${schemaFile}",`)
    .replace(
      /(\s*)"language":/,
      hosts.length === 0 ? '$&' : `$1"hosts": [${hostList}],${image.replace(' ', '$1')}$&`,
    );
  parseFile(complete, file, projectSchema, projectParsing);
  await writeFile(file, complete);
  await makeFolder(join(folder, '.wasme'));
  await writeFile(join(folder, schemaFile), `${JSON.stringify(projectJsonSchema(), null, 2)}\n`);
}

async function runInstall(command: CommandLine, system: SystemContext): Promise<void> {
  const task = system.reporter.task(showCommand(command));
  // With NODE_ENV=production, npm would omit the compiler.
  const withCompiler = { ...command, env: { npm_config_include: 'dev' } };
  const { exitCode, stderr } = await exec(withCompiler, system, {
    onLine: line => system.reporter.detail(line),
  });
  if (exitCode === 0) return task.done();
  task.fail();
  throw new WasmeError(
    'TOOL_FAILED',
    `${showCommand(command)} failed with exit code ${exitCode}:\n${stderr.trim().slice(-2000)}`,
    {
      hint: `the project is complete; run "${showCommand(command)}" in ${command.cwd ?? ''} again`,
    },
  );
}
