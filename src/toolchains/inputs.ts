/** Hashes the files that the result of a build depends on, and identifies programs without starting them. */
import { readFileSync } from 'node:fs';
import { sha256Hex } from '../io/sha256.ts';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { glob } from 'tinyglobby';

/** File (relative to the project) → sha256 of its content. */
export type InputHashes = ReadonlyMap<string, string>;

/** Matches results and downloads. The lock file in node_modules is an input: it changes when a package there does. */
const neverInputs = ['**/.git/**', '**/node_modules/*/**', '**/.wasme/**', 'build/**', 'target/**'];

/** Returns whether a path below the project (with `/`) lies among results or downloads, which are not watched either. */
export function isNeverInput(path: string): boolean {
  return /(^|\/)(\.git|node_modules|\.wasme)(\/|$)|^(build|target)(\/|$)/.test(path);
}

/** Compilers write these during a build: that is not a change of the sources. */
const lockFiles = new Set(['Cargo.lock', 'go.mod', 'go.sum', 'package-lock.json', '.package-lock.json']);

/** Hashes all matching files below the project, or outside it for globs that begin with `../`. */
export async function hashInputs(
  projectDir: string,
  globs: readonly string[],
  wanted: (file: string) => boolean = () => true,
): Promise<InputHashes> {
  const files = await glob([...globs], {
    cwd: projectDir,
    ignore: neverInputs,
    dot: true,
    expandDirectories: false,
  });
  const hashes = new Map<string, string>();
  // Read synchronously: these files are small, and an async read costs more than the read itself.
  for (const file of files.filter(wanted).sort())
    hashes.set(file, sha256Hex(readFileSync(join(projectDir, file))));
  return hashes;
}

/** Hashes those inputs that the build itself may have written. */
export async function hashLockFiles(projectDir: string, globs: readonly string[]): Promise<InputHashes> {
  return hashInputs(projectDir, globs, file => lockFiles.has(basename(file)));
}

/** Returns the inputs of a build: as they were before it, but lock files as they were after it. */
export function inputsOfBuild(before: InputHashes, lockFilesAfter: InputHashes): InputHashes {
  return new Map([...before, ...lockFilesAfter].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Returns one hash of all inputs. */
export function digestInputs(hashes: InputHashes): string {
  return sha256Hex(JSON.stringify([...hashes]));
}

/** Returns the size and time of change of a file, which stand for its content. */
export async function fileIdentity(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 'absent' : `${found.size} ${found.mtimeMs}`;
}

/** Returns the folders above `dir`, the nearest first. */
export function foldersAbove(dir: string): string[] {
  const above = dirname(dir);
  return above === dir ? [] : [above, ...foldersAbove(above)];
}

/** Returns whether an absolute path is neither `folder` nor below it. */
export function liesOutside(path: string, folder: string): boolean {
  return /^\.\.|^[A-Za-z]:|^\//.test(relative(folder, path));
}
