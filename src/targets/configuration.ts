/** Plugin configuration: where it is written, what the filter will read, and whether it satisfies the project's schema. */
import { isAbsolute, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { WasmeError } from '../errors.ts';
import { readBytes, readText } from '../io/files.ts';
import type { LoadedProject } from '../project/load.ts';
import { offsetOf } from '../project/parse.ts';
import { type IntentConfiguration, configurationText } from './intent.ts';

export interface FoundConfiguration {
  readonly configuration: IntentConfiguration;
  /** What complaints name: a file, wasme.json, or the flag. */
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
  const bytes = await readBytes(path);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { configuration: { form: 'text', text }, origin: path };
  } catch {
    return { configuration: { form: 'bytes', bytes }, origin: path };
  }
}

/**
 * Checks a configuration against the JSON Schema file of the project, when it names one. The text must be JSON then.
 * Fails with DEPLOY_CONFIGURATION: one line per fault, `file:line:col: field: what`.
 */
export async function checkConfiguration(
  loaded: LoadedProject | undefined,
  found: FoundConfiguration | undefined,
): Promise<void> {
  const schemaPath = loaded?.project.configurationSchema;
  if (loaded === undefined || schemaPath === undefined) return;
  const schemaFile = resolve(loaded.dir, schemaPath);
  const validate = await compileSchema(schemaFile);
  if (found === undefined) {
    const faults = validate({}).map(
      ({ message }) => `${loaded.file}: there is no configuration: it ${message}`,
    );
    if (faults.length > 0) throw invalid(faults, schemaFile);
    return;
  }
  const text = configurationText(found.configuration);
  const { origin } = found;
  if (text === undefined) throw invalid([`${origin}: not UTF-8, so it is no JSON`], schemaFile);
  // Inside wasme.json the value is looked up in place, so that lines and columns are those of the file.
  const inProject = found.configuration.form === 'json';
  const source = inProject ? await readText(origin) : text;
  const lines = new LineCounter();
  const document = parseDocument(source, { schema: 'json', strict: true, lineCounter: lines });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${origin}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const faults = document.errors.map(
      ({ pos, message }) => `${at(pos[0])}: ${message.split('\n')[0] ?? ''}`,
    );
    throw invalid(faults, schemaFile);
  }
  const value = inProject ? loaded.project.configuration : (document.toJS() as unknown);
  const base = inProject ? ['configuration'] : [];
  const faults = validate(value).map(({ path, message }) => {
    const field = path.join('.');
    return `${at(offsetOf(document, [...base, ...path]))}: ${field === '' ? '' : `${field}: `}${message}`;
  });
  if (faults.length > 0) throw invalid(faults, schemaFile);
}

interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

/** Reads and compiles a schema. Fails with DEPLOY_CONFIGURATION when the schema itself is wrong. */
async function compileSchema(file: string): Promise<(value: unknown) => Fault[]> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const source = await readText(file);
  try {
    const schema = JSON.parse(source) as Record<string, unknown>;
    // Editors want $schema; ajv would look the draft up by it, and only knows the one it was made for.
    delete schema['$schema'];
    const validate = new Ajv2020({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
    return value => {
      if (validate(value)) return [];
      return (validate.errors ?? []).map(error => {
        const extra: unknown = (error.params as Record<string, unknown>)['additionalProperty'];
        const path = error.instancePath.split('/').slice(1).map(unescapePointer);
        return {
          path: typeof extra === 'string' ? [...path, extra] : path,
          message:
            typeof extra === 'string' ? 'the schema has no such field' : (error.message ?? error.keyword),
        };
      });
    };
  } catch (error) {
    throw new WasmeError('DEPLOY_CONFIGURATION', `${file} is no JSON Schema: ${(error as Error).message}`, {
      hint: 'correct the file, or take configurationSchema out of wasme.json',
      cause: error,
    });
  }
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function invalid(faults: readonly string[], schemaFile: string): WasmeError {
  return new WasmeError('DEPLOY_CONFIGURATION', faults.join('\n'), {
    hint: `nothing was written; the schema is ${schemaFile}`,
    details: { faults, schema: schemaFile },
  });
}
