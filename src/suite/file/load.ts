/** Reads a suite file (YAML or JSON), with errors that name file, line, column and field, and writes values into it. */
import { dirname } from 'node:path';
import { maxParsedBytes } from '../../io/files/file-limits.ts';
import { readText, writeAtomic } from '../../io/files/files.ts';
import { docsPage } from '../../io/files/paths.ts';
import { parseFile } from '../../project/parse.ts';
import { readExpectedFiles } from '../expectations/expected-files.ts';
import { loadPatterns } from '../expectations/pattern.ts';
import { type Suite, suiteSchema } from './schema.ts';
import { type SuiteEdit, spliceSuite } from './splice.ts';

/** Fails with SUITE_INVALID, and with FILE_NOT_FOUND or FILE_ACCESS for the suite and the files that it expects. */
export async function loadSuite(file: string): Promise<Suite> {
  const source = await readText(file, maxParsedBytes);
  await loadPatterns(source);
  const suite = parseFile(source, file, suiteSchema, {
    format: formatOf(file),
    code: 'SUITE_INVALID',
    hint: `every field: ${docsPage('test-suites.md')}`,
  });
  await readExpectedFiles(suite, dirname(file));
  return suite;
}

/** Writes observed values into the file and returns how many were written. Fails with FILE_ACCESS. */
export async function updateSuite(file: string, edits: readonly SuiteEdit[]): Promise<number> {
  const source = await readText(file, maxParsedBytes);
  const mark = source.startsWith('\uFEFF') ? '\uFEFF' : '';
  const { text, done } = spliceSuite(source.slice(mark.length), formatOf(file), edits);
  if (done.length > 0) await writeAtomic(file, mark + text);
  return done.length;
}

function formatOf(file: string): 'json' | 'yaml' {
  return file.endsWith('.json') ? 'json' : 'yaml';
}
