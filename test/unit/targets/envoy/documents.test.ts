import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { envoyRows, envoyText } from '../../../helpers/deploy/envoy-cases.ts';

const goldens = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'goldens', 'deploy');
const values = (text: string): unknown[] =>
  parseAllDocuments(text).map(document => document.toJS() as unknown);

describe('documents for Envoy', () => {
  it.each(envoyRows)('$name', async row => {
    const text = envoyText(row);
    await expect(text).toMatchFileSnapshot(join(goldens, `${row.name}.yaml`));
    expect(envoyText(row), 'the same bytes again').toBe(text);
    const explained = envoyText(row, true);
    expect(explained).toMatch(/^ *# /m);
    expect(values(explained), 'reasons change nothing').toEqual(values(text));
  });

  it.each([
    [{ failPolicy: 'reload' } as const, '1.32', /1\.32 has no field for --fail-policy reload/],
    [{ allowOnHeadersStopIteration: true }, '1.34', /1\.34 has no field/],
    [
      { code: { from: 'http', url: 'https://e.example/f', digest: undefined } } as const,
      '1.40',
      /without its digest/,
    ],
  ])('refuses %j for %s', (intent, version, message) => {
    expect(() => envoyText({ name: '', intent, options: { version } })).toThrow(message);
  });
});
