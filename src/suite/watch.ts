/** Plays again when a file that decides the outcome is saved: suites, modules, configurations, expected files, wasme.json. */
import { dirname, resolve } from 'node:path';
import { WasmeError } from '../errors.ts';
import { watchFiles, watchFolder } from '../io/files/watch.ts';
import type { LoadedProject } from '../project/load.ts';
import { outputPath } from '../project/load.ts';
import { expectedFilesOf } from './expectations/expected-files.ts';
import { findSuites } from './file/find.ts';
import { loadSuite } from './file/load.ts';

export interface SuiteWatch {
  readonly named: readonly string[];
  readonly project: LoadedProject | undefined;
  readonly cwd: string;
  /** Folders that are not looked into for new suites. */
  readonly ignore: (path: string) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Plays once, then after each change, one at a time, until the signal aborts. `play` does not fail: it reports failures.
 */
export async function watchSuites(watch: SuiteWatch, play: () => Promise<void>): Promise<void> {
  const { project, cwd, ignore, signal } = watch;
  let known: readonly string[] = [];
  let stop = (): Promise<void> => Promise.resolve();
  let wanted = false;
  let playing: Promise<void> | undefined;
  const loop = async (): Promise<void> => {
    while (wanted && !signal.aborted) {
      wanted = false;
      // Watched before it is read: what is saved meanwhile is played next.
      const files = await dependencies(watch);
      if (files.join('\n') !== known.join('\n')) {
        await stop();
        stop = await watchFiles(files, ask);
        known = files;
      }
      await play();
    }
    playing = undefined;
  };
  const ask = (): void => {
    wanted = true;
    playing ??= loop();
  };
  const root = project?.dir ?? cwd;
  try {
    await watchFolder(root, { ignore, signal }, paths => {
      const isNew = (path: string): boolean =>
        /\.test\.(ya?ml|json)$/.test(path) && !known.includes(resolve(root, path));
      if (paths.length === 0 || paths.some(isNew)) ask();
      return Promise.resolve();
    });
  } finally {
    await stop();
    await playing;
  }
}

/** Returns absolute paths in order. A suite that cannot be read is among them. */
async function dependencies({ named, project, cwd }: SuiteWatch): Promise<readonly string[]> {
  const files = new Set<string>();
  if (project !== undefined) {
    files.add(project.file).add(outputPath(project));
    addConfiguration(files, project.project.configuration, project.dir);
  }
  const suites = await findSuites(named, project, cwd).catch(unlessOurs);
  for (const file of suites ?? []) {
    files.add(file);
    const suite = await loadSuite(file).catch(unlessOurs);
    if (suite?.module !== undefined) files.add(resolve(file, '..', suite.module));
    for (const expected of suite === undefined ? [] : expectedFilesOf(suite)) {
      files.add(resolve(dirname(file), expected.file));
    }
    for (const { configuration } of suite === undefined ? [] : [suite, ...suite.cases]) {
      addConfiguration(files, configuration, dirname(file));
    }
  }
  return [...files].sort();
}

function addConfiguration(files: Set<string>, configuration: unknown, dir: string): void {
  if (typeof configuration === 'string' && configuration.startsWith('@')) {
    files.add(resolve(dir, configuration.slice(1)));
  }
}

function unlessOurs(error: unknown): undefined {
  if (!(error instanceof WasmeError)) throw error;
}
