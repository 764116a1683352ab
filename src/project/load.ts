/** Finds, parses and explains wasme.json. Every complaint names the file, line, column and field. */
import { dirname, join, resolve } from 'node:path';
import { WasmeError } from '../errors.ts';
import { maxParsedBytes } from '../io/files/file-limits.ts';
import { exists, readText } from '../io/files/files.ts';
import { type Places, docsPage } from '../io/files/paths.ts';
import { rememberedProject } from './validated-cache.ts';
import type { Project } from './schema.ts';

export interface LoadedProject {
  /** Absolute folder of wasme.json. */
  readonly dir: string;
  readonly file: string;
  /** Content of wasme.json. */
  readonly text: string;
  readonly project: Project;
}

/** Configures the parser for wasme.json: the format, and the code of its errors. */
export const projectParsing = {
  format: 'json',
  code: 'PROJECT_INVALID',
  hint: `every field: ${docsPage('project-file.md')}`,
} as const;

/**
 * The project in `dir` or the nearest folder above. Fails with PROJECT_NOT_FOUND or PROJECT_INVALID.
 * @param places where it may be remembered as checked; without them it is checked.
 */
export async function loadProject(dir: string, places?: Places): Promise<LoadedProject> {
  const found = await findProject(dir, places);
  if (found === undefined) {
    throw new WasmeError('PROJECT_NOT_FOUND', `no wasme.json in ${dir} or above it`, {
      hint: 'run "wasme init" to make a project, or name its folder',
    });
  }
  return found;
}

/** Works as `loadProject` does, but returns undefined if there is no project. */
export async function findProject(dir: string, places?: Places): Promise<LoadedProject | undefined> {
  for (let folder = resolve(dir); ; folder = dirname(folder)) {
    const file = join(folder, 'wasme.json');
    if (await exists(file)) {
      const text = await readText(file, maxParsedBytes);
      const remembered = places && (await rememberedProject(folder, text, places));
      if (remembered !== undefined) return { dir: folder, file, text, project: remembered };
      // Two large libraries, which a verb outside any project does without.
      const [{ parseFile }, { projectSchema }] = await Promise.all([
        import('./parse.ts'),
        import('./schema.ts'),
      ]);
      const project = parseFile(text, file, projectSchema, projectParsing);
      return { dir: folder, file, text, project };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** Returns the absolute path of the project's module, which need not exist yet. */
export function outputPath({ dir, project }: LoadedProject): string {
  return resolve(dir, project.build?.output ?? join('build', `${project.name}.wasm`));
}
