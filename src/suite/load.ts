/** Reads a suite file (YAML or JSON); every complaint names file, line, column and field. */
import { readText } from '../io/files.ts';
import { parseFile } from '../project/parse.ts';
import { type Suite, suiteSchema } from './schema.ts';

/** Fails with SUITE_INVALID, FILE_NOT_FOUND or FILE_ACCESS. */
export async function loadSuite(file: string): Promise<Suite> {
  return parseFile(await readText(file), file, suiteSchema, {
    format: file.endsWith('.json') ? 'json' : 'yaml',
    code: 'SUITE_INVALID',
    hint: 'docs/test-suites.md describes every field',
  });
}
