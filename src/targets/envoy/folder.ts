/** The folder that a running Envoy watches: which modules in it are in use, and what goes when they are not. */
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { sha256Hex } from '../../io/sha256.ts';
import { WasmeError } from '../../errors.ts';
import { printable } from '../../io/printable.ts';
import { exists, readBytes, readText } from '../../io/files/files.ts';
import { maxParsedBytes } from '../../io/files/file-limits.ts';
import { bootstrapPath, discoveryPath } from './discovery.ts';

/** `add-header-0123456789abcdef.wasm`: named by the content, so that Envoy never sees a file change that it has loaded. */
const modulePattern = /^(.+)-([0-9a-f]{16})\.wasm$/;

/**
 * Takes modules out that nothing names any more, but for the one that was written last: it is the way back. Only files of
 * the name `name-<digest>.wasm` that hold what their name says. Gives the paths that are gone.
 */
export async function pruneModules(folder: string, name: string): Promise<readonly string[]> {
  const [, ...old] = await unusedModules(folder, new Set([name]));
  for (const path of old) await rm(path, { force: true });
  return old;
}

/** Everything in the folder that is there for filter `id` alone. Fails with DEPLOY_NOT_FOUND when the filter is not there. */
export async function filesOf(folder: string, id: string): Promise<readonly string[]> {
  const discovery = discoveryPath(folder, id);
  if (!(await exists(discovery))) {
    throw new WasmeError(
      'DEPLOY_NOT_FOUND',
      `${folder} has no filter named "${id}": no ${basename(discovery)}`,
      {
        hint: 'name the folder and the --id that it was deployed with',
      },
    );
  }
  const names = (await modulesNamedIn(discovery)).map(file => modulePattern.exec(basename(file))?.[1]);
  const modules = await unusedModules(folder, new Set(names.filter(name => name !== undefined)), discovery);
  const start = bootstrapPath(folder);
  return [discovery, ...modules, ...((await startsFor(start, id)) ? [start] : [])];
}

/** Modules of these names that no discovery file (but `except`) uses, the newest first. */
async function unusedModules(folder: string, names: ReadonlySet<string>, except?: string): Promise<string[]> {
  const files = await readdir(folder);
  const discoveries = files.filter(file => file.endsWith('.ecds.yaml')).map(file => join(folder, file));
  const used = new Set<string>();
  for (const path of discoveries) {
    if (path !== except) for (const file of await modulesNamedIn(path)) used.add(file);
  }
  const found: { path: string; writtenAt: number }[] = [];
  for (const file of files) {
    const [, name = '', digest = ''] = modulePattern.exec(file) ?? [];
    const path = join(folder, file);
    if (!names.has(name) || used.has(path) || !(await holds(path, digest))) continue;
    found.push({ path, writtenAt: (await stat(path)).mtimeMs });
  }
  return found.sort((a, b) => b.writtenAt - a.writtenAt).map(({ path }) => path);
}

/** Files that a discovery file names as code. Fails with DEPLOY_FILE: what is not understood is not cleaned up after. */
async function modulesNamedIn(path: string): Promise<string[]> {
  const names: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      if (key === 'filename' && typeof item === 'string') names.push(item);
      else visit(item);
    }
  };
  try {
    visit(parse(await readText(path, maxParsedBytes)));
  } catch (error) {
    if (error instanceof WasmeError) throw error;
    throw new WasmeError(
      'DEPLOY_FILE',
      `${path} cannot be read: ${printable((error as Error).message.split('\n')[0] ?? '', 120)}`,
      {
        hint: 'correct it or take it out of the folder',
        cause: error,
      },
    );
  }
  return names;
}

async function holds(path: string, digest: string): Promise<boolean> {
  return sha256Hex(await readBytes(path)).startsWith(digest);
}

/** A bootstrap that `deploy` made for this filter, by the node that it gives to no other. */
async function startsFor(path: string, id: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  const text = await readText(path, maxParsedBytes);
  try {
    const { node } = (parse(text) ?? {}) as { node?: { id?: unknown; cluster?: unknown } };
    return node?.cluster === 'wasme' && node.id === id;
  } catch {
    return false;
  }
}
