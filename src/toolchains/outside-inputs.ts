/** What lies outside of a project, where tools look for settings too. */
import { dirname, relative } from 'node:path';

/** The folders above `dir`, the nearest first. */
export function foldersAbove(dir: string): string[] {
  const above = dirname(dir);
  return above === dir ? [] : [above, ...foldersAbove(above)];
}

/** Whether an absolute path is neither `folder` nor below it. */
export function liesOutside(path: string, folder: string): boolean {
  return /^\.\.|^[A-Za-z]:|^\//.test(relative(folder, path));
}
