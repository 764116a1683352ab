/** docs/ pages that are made from the program: a help or error text cannot change without its page. WASME_UPDATE=1 writes them. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { verbs } from '../commands/verbs.ts';
import { errorKinds } from '../src/errors.ts';
import { projectJsonSchema } from '../src/project/schema.ts';
import { suiteJsonSchema } from '../src/suite/file/schema.ts';
import { newMachine } from './helpers/cli/cli.ts';
import { resultTypes } from './helpers/docs/result-types.ts';
import { root } from './helpers/tree.ts';

const update = process.env['WASME_UPDATE'] === '1';

/** Compares a file under docs/ with what it should be, or writes it. */
function checkPage(path: string, content: string): void {
  const file = join(root, path);
  if (update) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  expect(
    existsSync(file) ? readFileSync(file, 'utf8') : '(no such file)',
    `${path}: run "npm run docs"`,
  ).toBe(content);
}

async function help(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await newMachine().wasme(...words, '--help');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.trimEnd();
}

describe('docs/commands', () => {
  it.each(verbs.map(verb => verb.name))('%s.md is its help', async name => {
    const verb = verbs.find(candidate => candidate.name === name)!;
    const command = new Command(name);
    const { declare } = await verb.load();
    const context = { env: {}, stdout: {}, stderr: {} } as never;
    declare(command, context, verbs);
    const sections = [`# wasme ${name}\n\n${verb.summary}\n\n\`\`\`text\n${await help(name)}\n\`\`\`\n`];
    for (const { name: subName } of command.commands.map(sub => ({ name: sub.name() }))) {
      sections.push(`\n## wasme ${name} ${subName}\n\n\`\`\`text\n${await help(name, subName)}\n\`\`\`\n`);
    }
    const types = resultTypes(`${name.charAt(0).toUpperCase()}${name.slice(1)}Result`);
    if (types.length > 0) {
      sections.push(
        `\n## With --json\n\nOne document of this shape:\n\n\`\`\`ts\n${types.join('\n\n')}\n\`\`\`\n`,
      );
    }
    checkPage(`docs/commands/${name}.md`, sections.join(''));
  });

  it('README.md lists every verb', async () => {
    const rows = verbs.map(({ name, summary }) => `| [${name}](${name}.md) | ${summary} |\n`).join('');
    const head = '# Commands\n\nMade from the program itself.\n\n';
    checkPage(
      'docs/commands/README.md',
      `${head}| verb | does |\n|---|---|\n${rows}\n\`\`\`text\n${await help()}\n\`\`\`\n`,
    );
  });

  it('has no page of a verb that is gone', () => {
    const pages = readdirSync(join(root, 'docs', 'commands')).filter(name => name !== 'README.md');
    const stale = pages.filter(page => !verbs.some(verb => `${verb.name}.md` === page));
    if (update) for (const page of stale) rmSync(join(root, 'docs', 'commands', page));
    expect(update ? [] : stale).toEqual([]);
  });
});

it('docs/errors.md is the table of codes', () => {
  const rows = Object.entries(errorKinds).map(
    ([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |\n`,
  );
  checkPage(
    'docs/errors.md',
    `# Errors\n
Every failure prints \`error[CODE]: what failed, with the value\` and, where there is one, \`help: what to type next\` on
stderr. With \`--json\` the same comes as \`{"error": {"code", "message", "hint", "details"}}\`, also on stderr.\n
Exit codes: 0 done · 1 the job failed · 2 wrong usage or invalid project file · 70 a bug of wasme · 130 interrupted.\n
| code | exit | meaning |\n|---|---|---|\n${rows.join('')}`,
  );
});

it('docs/suite.schema.json is the schema of a test suite', () => {
  checkPage('docs/suite.schema.json', `${JSON.stringify(suiteJsonSchema(), null, 2)}\n`);
});

it('docs/wasme.schema.json is the schema of the project file', () => {
  checkPage('docs/wasme.schema.json', `${JSON.stringify(projectJsonSchema(), null, 2)}\n`);
});
