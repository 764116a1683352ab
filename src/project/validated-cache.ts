/**
 * Caches the validated project of the last build. The cache is the user's and never in the project: files that a
 * repository ships are not trusted.
 */
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { sha256Hex } from '../io/sha256.ts';
import { readText, writeAtomic } from '../io/files/files.ts';
import { type Places, cacheDir, packageVersion } from '../io/files/paths.ts';
import type { Project } from './schema.ts';

/** Folder for what is known of the project in `projectDir`; one of the user's, for each place of a project its own. */
export function memoryDir(projectDir: string, places: Places): string {
  return join(cacheDir(places), 'projects', sha256Hex(resolve(projectDir)));
}

/** Writes such a file: only the user may read or change it. */
export function writeMemory(file: string, content: unknown): Promise<void> {
  return writeAtomic(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

function memoryFile(projectDir: string, places: Places): string {
  return join(memoryDir(projectDir, places), 'project.json');
}

/** Returns the project of this text when this version of wasme has checked the very same text before: that spares two large libraries. */
export async function rememberedProject(
  projectDir: string,
  text: string,
  places: Places,
): Promise<Project | undefined> {
  try {
    const memory = JSON.parse(await readText(memoryFile(projectDir, places))) as unknown;
    return isDeepStrictEqual(memory, memoryOf(text)) ? (JSON.parse(text) as Project) : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps in mind that `text` is a right wasme.json, where plain JSON gives the same project. */
export async function rememberProject(
  projectDir: string,
  text: string,
  project: Project,
  places: Places,
): Promise<void> {
  if (!isDeepStrictEqual(plainJson(text), project)) return;
  if ((await rememberedProject(projectDir, text, places)) !== undefined) return;
  await writeMemory(memoryFile(projectDir, places), memoryOf(text));
}

function memoryOf(text: string): object {
  return { version: packageVersion(), text: sha256Hex(text) };
}

function plainJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
