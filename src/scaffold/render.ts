/** Copies a template to a new project: fills in placeholders, renames `_gitignore`. Writes only into `target`. */
import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from '../io/files/file-errors.ts';
import { makeFolder, readBytes, safeJoin } from '../io/files/files.ts';
import type { Template } from './catalog.ts';

/** Describes a template, or is left by work on it; never copied. */
const neverCopied = new Set(['template.json', 'node_modules', 'build', 'target', '.git']);

/** npm omits these from a package, or gives them a meaning, so in templates their names start with `_`. */
const hidden = new Set([
  '_gitignore',
  '_github',
  '_cargo',
  '_clang-format',
  '_prettierrc',
  '_editorconfig',
  '_npmrc',
  '_vscode',
]);

/** Copies the template into the existing folder `target`. Returns the files written, relative and sorted. */
export async function renderTemplate(
  template: Template,
  target: string,
  name: string,
): Promise<readonly string[]> {
  const sources = new Map<string, string>();
  for (const { folder, without } of template.layers) {
    for (const file of sources.keys()) {
      if (without.some(left => file === left || file.startsWith(`${left}/`))) sources.delete(file);
    }
    for (const file of await filesBelow(folder)) {
      const parts = file.split('/').map(part => outputName(part, name));
      sources.set(parts.join('/'), join(folder, file));
    }
  }
  const files = [...sources].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [file, source] of files) {
    const path = safeJoin(target, file);
    try {
      await makeFolder(dirname(path));
      await writeFile(path, fill(await readBytes(source), name), { flag: 'wx' });
      await chmod(path, ((await stat(source)).mode & 0o111) === 0 ? 0o644 : 0o755);
    } catch (error) {
      throw fileError(error, path, 'write');
    }
  }
  return files.map(([file]) => file);
}

async function filesBelow(folder: string, below = ''): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    if (below === '' && neverCopied.has(entry.name)) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await filesBelow(folder, path)));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

function outputName(part: string, name: string): string {
  const shown = hidden.has(part) ? `.${part.slice(1)}` : part;
  return shown.replaceAll('{{name}}', name);
}

/** Fills in the placeholders of a text; returns other files unchanged. */
function fill(bytes: Buffer, name: string): Buffer | string {
  if (bytes.includes(0)) return bytes;
  const text = bytes.toString('utf8');
  return text.includes('{{name}}') ? text.replaceAll('{{name}}', name) : bytes;
}
