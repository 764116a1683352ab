/** Finds programs on PATH. Separate from exec.ts, which loads a library: a search has to be quick. */
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join, posix, resolve, win32 } from 'node:path';
import type { SystemContext } from '../system-context.ts';

type Place = Pick<SystemContext, 'cwd' | 'env' | 'platform'>;

/** Absolute path of a program as the system would find it on PATH, or undefined. `$NAME/…` is below that variable. */
export function findProgram(asked: string, system: Place): string | undefined {
  const { cwd, env, platform } = system;
  const variable = /^\$(\w+)/.exec(asked)?.[1];
  if (variable !== undefined && !env[variable]) return undefined;
  const program =
    variable === undefined
      ? asked
      : resolve(cwd, `${env[variable] ?? ''}${asked.slice(variable.length + 1)}`);
  const endings = platform === 'win32' ? (env['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';') : [''];
  const folders = isAbsolute(program) ? [''] : searchPath(system).split(separator(system)).filter(Boolean);
  for (const folder of folders) {
    for (const ending of ['', ...endings]) {
      const path = join(folder, program + ending);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** PATH with absolute folders alone: programs are started in other folders than the one it was set for. */
export function searchPath(system: Place): string {
  const { cwd, env } = system;
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(separator(system)).filter(Boolean);
  return folders.map(folder => resolve(cwd, folder)).join(separator(system));
}

function separator({ platform }: Pick<SystemContext, 'platform'>): string {
  return platform === 'win32' ? win32.delimiter : posix.delimiter;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
