/** Where a program is. Apart from exec.ts, because asking must be quick: no library is loaded for it. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, win32 } from 'node:path';
import type { Edges } from './edges.ts';

/** Absolute path of a program as the system would find it on PATH, or undefined. `$NAME/…` is below that variable. */
export function findProgram(
  asked: string,
  { env, platform }: Pick<Edges, 'env' | 'platform'>,
): string | undefined {
  const variable = /^\$(\w+)/.exec(asked)?.[1];
  if (variable !== undefined && !env[variable]) return undefined;
  const program =
    variable === undefined ? asked : `${env[variable] ?? ''}${asked.slice(variable.length + 1)}`;
  const endings = platform === 'win32' ? (env['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';') : [''];
  const folders = isAbsolute(program)
    ? ['']
    : (env['PATH'] ?? env['Path'] ?? '')
        .split(platform === 'win32' ? win32.delimiter : delimiter)
        .filter(Boolean);
  for (const folder of folders) {
    for (const ending of ['', ...endings]) {
      const path = join(folder, program + ending);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
