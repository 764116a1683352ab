/** Each language has templates and rows in the documentation besides its toolchain. A failure names the missing file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kinds, languages } from '../../../src/project/names.ts';
import { toolchains } from '../../../src/toolchains/index.ts';
import { root } from '../../helpers/tree.ts';

const page = (name: string): string => readFileSync(join(root, name), 'utf8');
const listed = languages.map(name => `\`${name}\``).join(', ');

describe.each(languages)('the language %s', language => {
  it.each(kinds)('has a default template of the kind %s', kind => {
    const folder = `templates/${language}${kind === 'http' ? '' : `-${kind}`}`;
    expect(existsSync(join(root, folder, 'template.json')), `${folder}/template.json`).toBe(true);
  });

  it('has a row in each table of languages in docs/getting-started.md', () => {
    const rows = page('docs/getting-started.md').match(new RegExp(`^\\| ${language} \\| .*`, 'gm')) ?? [];
    expect(rows.length, `rows "| ${language} |" in docs/getting-started.md`).toBe(2);
    expect(rows.at(-1)).toContain(`\`${toolchains[language].containerImage}\``);
  });

  it('has a row in the table of debug information in docs/project-file.md', () => {
    expect(page('docs/project-file.md')).toMatch(new RegExp(`^\\| ${language} \\| `, 'm'));
  });
});

it.each(['docs/project-file.md', 'templates/README.md'])('%s lists all languages', name => {
  expect(page(name)).toContain(`| \`language\` | ${listed} |`);
});
