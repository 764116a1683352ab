/** Paths outside a project, where tools read settings and sources too. */
import { dirname, relative } from 'node:path';

/** Returns the folders above `dir`, the nearest first. */
export function foldersAbove(dir: string): string[] {
  const above = dirname(dir);
  return above === dir ? [] : [above, ...foldersAbove(above)];
}

/** Returns whether an absolute path is neither `folder` nor below it. */
export function liesOutside(path: string, folder: string): boolean {
  return /^\.\.|^[A-Za-z]:|^\//.test(relative(folder, path));
}
