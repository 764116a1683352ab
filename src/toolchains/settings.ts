/** Where tools look for settings outside of a project. */
import { dirname } from 'node:path';

/** The folders above `dir`, the nearest first. */
export function foldersAbove(dir: string): string[] {
  const above = dirname(dir);
  return above === dir ? [] : [above, ...foldersAbove(above)];
}
