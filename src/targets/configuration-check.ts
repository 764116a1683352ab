/** Checks a plugin configuration against the JSON Schema of its project. A file of its own, because it loads two large libraries. */
import { resolve } from 'node:path';
import type { Ajv } from 'ajv';
import type { Ajv2019 } from 'ajv/dist/2019.js';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import { LineCounter, parseDocument } from 'yaml';
import { WasmeError } from '../errors.ts';
import { checkDepth } from '../io/yaml-depth.ts';
import { readText } from '../io/files/files.ts';
import type { LoadedProject } from '../project/load.ts';
import { offsetOf, valueOf } from '../project/parse.ts';
import type { FoundConfiguration } from './configuration.ts';
import { configurationText } from './intent.ts';

/**
 * Checks a configuration against the JSON Schema file that the project names. The text must be JSON then.
 * Fails with DEPLOY_CONFIGURATION: one line per fault, `file:line:col: field: what`.
 */
export async function checkConfiguration(
  loaded: LoadedProject,
  schemaPath: string,
  found: FoundConfiguration | undefined,
): Promise<void> {
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
  checkDepth(source, what => invalid([`${origin}: ${what}`], schemaFile));
  const document = parseDocument(source, { schema: 'json', strict: true, lineCounter: lines });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${origin}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const faults = document.errors.map(
      ({ pos, message }) =>
        `${at(pos[0])}: ${(message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`,
    );
    throw invalid(faults, schemaFile);
  }
  const value = inProject
    ? loaded.project.configuration
    : valueOf(document, (offset, what) => invalid([`${at(offset)}: ${what}`], schemaFile));
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
  const source = await readText(file);
  try {
    const { $schema: draft, ...schema } = JSON.parse(source) as Record<string, unknown>;
    const Ajv = await validatorOf(draft);
    const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
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
    const faults = new Set((error as Error).message.split(', '));
    throw new WasmeError('DEPLOY_CONFIGURATION', `${file} is no JSON Schema: ${[...faults].join(', ')}`, {
      hint: 'correct the file, or take configurationSchema out of wasme.json',
      cause: error,
    });
  }
}

/** The drafts differ in what their words mean; the newest is taken when none is named. */
async function validatorOf(draft: unknown): Promise<typeof Ajv2020 | typeof Ajv2019 | typeof Ajv> {
  const text = typeof draft === 'string' ? draft : '';
  if (/draft-0[4-7]/.test(text)) return (await import('ajv')).Ajv;
  if (text.includes('2019-09')) return (await import('ajv/dist/2019.js')).Ajv2019;
  return (await import('ajv/dist/2020.js')).Ajv2020;
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
