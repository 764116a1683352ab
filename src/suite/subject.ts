/** The filter that a suite tests: its module, and the configuration of each case. */
import { basename, dirname, resolve } from 'node:path';
import { WasmeError } from '../errors.ts';
import { kindOf, readBytes } from '../io/files/files.ts';
import { configurationBytes } from '../project/configuration.ts';
import { type LoadedProject, outputPath } from '../project/load.ts';
import type { Suite } from './file/schema.ts';

export interface SuiteSubject {
  /** Plugin name. */
  readonly name: string;
  readonly module: Uint8Array;
  /** Absolute. */
  readonly modulePath: string;
  readonly rootId: string;
  /** Returns the configuration of the case, else of the suite (files relative to it), else of the project. */
  readonly configurationOf: (testCase: Suite['cases'][number]) => Promise<Uint8Array>;
}

/** Fails with FILE_NOT_FOUND when there is no module. */
export async function openSuiteSubject(
  suite: Suite,
  file: string,
  project: LoadedProject | undefined,
): Promise<SuiteSubject> {
  const modulePath =
    suite.module === undefined ? project && outputPath(project) : resolve(file, '..', suite.module);
  if (modulePath === undefined) {
    throw new WasmeError(
      'FILE_NOT_FOUND',
      `${file} names no module, and the current folder is not in a project`,
      {
        hint: 'run "wasme test" in the folder of wasme.json, or add "module: path/to/filter.wasm" to the suite',
      },
    );
  }
  if ((await kindOf(modulePath)) !== 'file') {
    throw new WasmeError('FILE_NOT_FOUND', `no such module: ${modulePath}`, {
      hint: suite.module === undefined ? 'run "wasme build" first' : `${file} names it as its module`,
    });
  }
  return {
    name: project?.project.name ?? basename(modulePath, '.wasm'),
    module: await readBytes(modulePath),
    modulePath,
    rootId: project?.project.rootId ?? '',
    configurationOf: testCase => {
      const own = testCase.configuration ?? suite.configuration;
      if (own !== undefined) return configurationBytes(own, dirname(file));
      return configurationBytes(project?.project.configuration, project?.dir ?? dirname(file));
    },
  };
}
