/** A wasme.json that was found right need not be checked again while it is the same: that spares two large libraries. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeAtomic } from '../io/files.ts';
import { packageVersion } from '../io/paths.ts';
import type { Project } from './schema.ts';

/** What builds keep for themselves in a project. */
export function stateDir(projectDir: string): string {
  return join(projectDir, 'build', '.wasme');
}

function memoryFile(projectDir: string): string {
  return join(stateDir(projectDir), 'project.json');
}

/**
 * The project of this text, when this version of wasme has checked the very same text before. Only that is kept, not what
 * was made of it: a file that somebody else has put there cannot say anything that wasme.json does not.
 */
export async function rememberedProject(projectDir: string, text: string): Promise<Project | undefined> {
  try {
    const memory = JSON.parse(await readFile(memoryFile(projectDir), 'utf8')) as unknown;
    return isDeepStrictEqual(memory, { version: packageVersion(), text })
      ? (JSON.parse(text) as Project)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps in mind that `text` is a right wasme.json, where plain JSON gives the same project. */
export async function rememberProject(projectDir: string, text: string, project: Project): Promise<void> {
  if (!isDeepStrictEqual(plainJson(text), project)) return;
  if ((await rememberedProject(projectDir, text)) !== undefined) return;
  await writeAtomic(memoryFile(projectDir), JSON.stringify({ version: packageVersion(), text }));
}

function plainJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
