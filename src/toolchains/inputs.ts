/** What a build's result depends on: the files that its globs name, as hashes, and programs by identity. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { glob } from 'tinyglobby';

/** File (relative to the project) → sha256 of its content. */
export type InputHashes = ReadonlyMap<string, string>;

/** Results and downloads, never sources. What lies in node_modules is told by the lock file there. */
const neverInputs = ['**/.git/**', '**/node_modules/*/**', '**/.wasme/**', 'build/**', 'target/**'];

/** Whether a path below the project (with `/`) is a folder of results or downloads: it is not even watched. */
export function isNeverInput(path: string): boolean {
  return /(^|\/)(\.git|node_modules|\.wasme)(\/|$)|^(build|target)(\/|$)/.test(path);
}

/** Compilers write these during a build; that is no change by a person. */
const lockFiles = new Set(['Cargo.lock', 'go.mod', 'go.sum', 'package-lock.json', '.package-lock.json']);

/** Hashes of all files below (or beside, `../`) the project that match. */
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
  // Not in turns of the event loop: small files, which take less time than going there and back.
  for (const file of files.filter(wanted).sort())
    hashes.set(file, sha256(readFileSync(join(projectDir, file))));
  return hashes;
}

/** Hashes of those inputs that the build itself may have written. */
export async function hashLockFiles(projectDir: string, globs: readonly string[]): Promise<InputHashes> {
  return hashInputs(projectDir, globs, file => lockFiles.has(basename(file)));
}

/** The inputs a build used: as they were before it, except lock files. */
export function inputsOfBuild(before: InputHashes, lockFilesAfter: InputHashes): InputHashes {
  return new Map([...before, ...lockFilesAfter].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One hash of all. */
export function digestInputs(hashes: InputHashes): string {
  return sha256(JSON.stringify([...hashes]));
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Identity of a program on disk without starting it: size and time of change. */
export async function fileIdentity(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 'absent' : `${found.size} ${found.mtimeMs}`;
}
