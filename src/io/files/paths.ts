/** Returns the folders of wasme: the store, caches, and the templates that ship with the package. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SystemContext } from '../system-context.ts';

/** The parts of the system that decide on the paths of the user's own folders. */
export type Places = Pick<SystemContext, 'env' | 'homeDir' | 'platform'>;

/** Folder of the image store: WASME_HOME, else the platform's data folder. */
export function dataDir({ env, homeDir, platform }: Places): string {
  if (env['WASME_HOME']) return env['WASME_HOME'];
  if (platform === 'darwin') return join(homeDir, 'Library', 'Application Support', 'wasme');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homeDir, 'AppData', 'Local'), 'wasme');
  return join(env['XDG_DATA_HOME'] || join(homeDir, '.local', 'share'), 'wasme');
}

/** Folder for what can be fetched or computed again: WASME_HOME/cache, else the platform's cache folder. */
export function cacheDir({ env, homeDir, platform }: Places): string {
  if (env['WASME_HOME']) return join(env['WASME_HOME'], 'cache');
  if (platform === 'darwin') return join(homeDir, 'Library', 'Caches', 'wasme');
  if (platform === 'win32')
    return join(env['LOCALAPPDATA'] ?? join(homeDir, 'AppData', 'Local'), 'wasme', 'cache');
  return join(env['XDG_CACHE_HOME'] || join(homeDir, '.cache'), 'wasme');
}

/** The package's own folder: the one with package.json above this file, built or not. */
function packageDir(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir);
  return dir;
}

/**
 * A built file that a thread or a process is started with, from its source's path (`src/runner/workers/worker`). The built one also
 * when this file is not: not every Node that we support reads TypeScript. What is named here is an entry of the bundle.
 */
export function builtFile(source: string): string {
  return join(packageDir(), 'dist', `${source}.cjs`);
}

export function templatesDir(): string {
  return join(packageDir(), 'templates');
}

/** A page of the documentation, which is shipped too: `project-file.md`. */
export function docsPage(name: string): string {
  return join(packageDir(), 'docs', name);
}

/** The version, typed once: in package.json. */
export function packageVersion(): string {
  const text = readFileSync(join(packageDir(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
