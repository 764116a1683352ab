/** A real AssemblyScript project from the template, its packages installed once for each test file that asks for it. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { build } from '../../../src/build.ts';
import { init } from '../../../src/init.ts';
import type { SystemContext } from '../../../src/io/system-context.ts';
import { silentReporter } from '../../../src/reporter.ts';

/** The system context of the real machine, for work that is shared by the tests of a file. */
export const machineContext: SystemContext = {
  cwd: tmpdir(),
  env: process.env,
  platform: process.platform,
  homeDir: homedir(),
  now: Date.now,
  signal: new AbortController().signal,
  reporter: silentReporter,
};

/** A folder that is gone when the test file is. */
export function sharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wasme-as-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `wasme init --install` and `wasme build` in `dir`; gives the path of the module. For beforeAll. */
export async function realProject(dir: string): Promise<string> {
  await init({ dir, name: 'my-filter', language: 'assemblyscript', install: true }, machineContext);
  return (await build({ dir }, machineContext)).module;
}

/** Folders in which packages are installed already, or are being. */
const packagesBelow = new Map<string, Promise<string>>();

/** Gives the project in `dir` the packages of the template, installed once for all projects below `parent`. */
export async function sharePackages(parent: string, dir: string): Promise<void> {
  const installed = packagesBelow.get(parent) ?? installPackages(join(parent, 'packages'));
  packagesBelow.set(parent, installed);
  symlinkSync(await installed, join(dir, 'node_modules'), 'junction');
}

async function installPackages(dir: string): Promise<string> {
  await init({ dir, language: 'assemblyscript', install: true }, machineContext);
  return join(dir, 'node_modules');
}
