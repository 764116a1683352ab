/** Finds suite files: those that are named, those in named folders, or all of the project. */
import { resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { WasmeError } from '../../errors.ts';
import { kindOf } from '../../io/files/files.ts';
import { docsPage } from '../../io/files/paths.ts';
import type { LoadedProject } from '../../project/load.ts';

const defaultInclude = ['**/*.test.yaml', '**/*.test.yml', '**/*.test.json'];

/** Returns absolute paths. Fails with FILE_NOT_FOUND for a name without a file or when there is no suite, with USAGE for a module. */
export async function findSuites(
  named: readonly string[],
  project: LoadedProject | undefined,
  cwd: string,
): Promise<readonly string[]> {
  const root = project?.dir ?? cwd;
  const found: string[] = [];
  for (const name of named) {
    const path = resolve(cwd, name);
    const kind = await kindOf(path);
    if (kind === undefined) {
      throw new WasmeError('FILE_NOT_FOUND', `no such suite: ${name}`, {
        hint: 'name a file or folder; without one, all suites of the project are played',
      });
    }
    if (name.endsWith('.wasm')) {
      throw new WasmeError('USAGE', `${name} is a module; a test is a suite that is played against one`, {
        hint: `write a suite with the line "module: ${name}", as in ${docsPage('test-suites.md')}`,
      });
    }
    found.push(...(kind === 'dir' ? await suitesIn(path, defaultInclude) : [path]));
  }
  if (named.length === 0)
    found.push(...(await suitesIn(root, project?.project.test?.include ?? defaultInclude)));
  if (found.length === 0) {
    throw new WasmeError(
      'FILE_NOT_FOUND',
      `no test suite in ${named.length > 0 ? named.join(' or ') : root}`,
      {
        hint: `write one as something.test.yaml, as in ${docsPage('test-suites.md')}`,
      },
    );
  }
  return found;
}

async function suitesIn(dir: string, include: readonly string[]): Promise<string[]> {
  const ignore = ['**/node_modules/**', '**/build/**', '**/target/**'];
  const found = await glob([...include], { cwd: dir, absolute: true, ignore });
  return found.sort();
}
