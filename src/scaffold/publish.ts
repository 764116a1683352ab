/** Moves a finished folder to its place: completely or not at all, and without overwriting a file. */
import { randomBytes } from 'node:crypto';
import { constants, copyFile, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, isSystemError } from '../io/files/file-errors.ts';
import { kindOf, makeFolder } from '../io/files/files.ts';

/**
 * Runs `fill` on an empty folder next to `target` (inside it if it exists) and then moves the content to `target`.
 * Existing files are kept and returned by their relative names. If anything fails, `target` is left as it was.
 */
export async function publishFolder(
  target: string,
  fill: (folder: string) => Promise<readonly string[]>,
): Promise<{ readonly written: readonly string[]; readonly kept: readonly string[] }> {
  const isThere = (await kindOf(target)) !== undefined;
  const parent = isThere ? target : dirname(target);
  let firstMade: string | undefined;
  let temporary: string | undefined;
  let finished = false;
  try {
    firstMade = await makeFolder(parent);
    // Not mkdtemp: only the user can read its folders, and this one becomes the project.
    const name = join(parent, `.${basename(target)}.wasme-${randomBytes(6).toString('hex')}`);
    await mkdir(name);
    temporary = name;
    const files = await fill(temporary);
    const kept = isThere ? await moveFiles(temporary, target, files) : [];
    if (!isThere) await rename(temporary, target);
    finished = true;
    return { written: files.filter(file => !kept.includes(file)), kept };
  } catch (error) {
    throw fileError(error, target, 'write');
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    if (!finished && firstMade !== undefined) await removeEmpty(firstMade, parent);
  }
}

/** Copies the files one by one and removes them again if one fails. Returns the files that existed already. */
async function moveFiles(from: string, to: string, files: readonly string[]): Promise<string[]> {
  const kept: string[] = [];
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const file of files) {
      const path = join(to, file);
      const made = await makeFolder(dirname(path));
      if (made !== undefined) undo.push(() => removeEmpty(made, dirname(path)));
      try {
        await copyFile(join(from, file), path, constants.COPYFILE_EXCL);
        undo.push(() => rm(path, { force: true }));
      } catch (error) {
        if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
        kept.push(file);
      }
    }
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
  return kept;
}

/** Removes `last` and the folders above it up to `first`, as long as they are empty. */
async function removeEmpty(first: string, last: string): Promise<void> {
  for (let folder = last; folder.startsWith(first); folder = dirname(folder)) {
    if ((await readdir(folder).catch(() => ['unreadable'])).length > 0) return;
    await rmdir(folder).catch(() => undefined);
  }
}
