/** Finds the plugin configuration in a flag, a file or the project. */
import { isAbsolute, resolve } from 'node:path';
import { readBytes } from '../io/files/files.ts';
import { maxTextBytes } from '../io/files/file-limits.ts';
import type { LoadedProject } from '../project/load.ts';
import type { IntentConfiguration } from './intent.ts';

export interface FoundConfiguration {
  readonly configuration: IntentConfiguration;
  /** Named in errors: a file, wasme.json, or the flag. */
  readonly origin: string;
}

/** `text` or `@file` as a flag has it. Relative files start at `cwd`. A file that is not UTF-8 is taken as bytes. */
export async function flagConfiguration(
  text: string,
  flag: string,
  cwd: string,
): Promise<FoundConfiguration> {
  if (!text.startsWith('@')) return { configuration: { form: 'text', text }, origin: flag };
  return fileConfiguration(isAbsolute(text.slice(1)) ? text.slice(1) : resolve(cwd, text.slice(1)));
}

/** The project's `configuration`: JSON, a text, or a file (`@file`). */
export async function projectConfiguration({
  dir,
  file,
  project,
}: LoadedProject): Promise<FoundConfiguration | undefined> {
  const value = project.configuration;
  if (value === undefined) return undefined;
  if (typeof value !== 'string') return { configuration: { form: 'json', value }, origin: file };
  if (value.startsWith('@')) return fileConfiguration(resolve(dir, value.slice(1)));
  return { configuration: { form: 'text', text: value }, origin: file };
}

async function fileConfiguration(path: string): Promise<FoundConfiguration> {
  const bytes = await readBytes(path, maxTextBytes);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { configuration: { form: 'text', text }, origin: path };
  } catch {
    return { configuration: { form: 'bytes', bytes }, origin: path };
  }
}
