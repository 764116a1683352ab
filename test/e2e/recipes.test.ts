/** The recipes of docs/contributing.md, followed in a copy of the tree: with all steps it is green, and no step can be forgotten unseen. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployTarget } from '../helpers/recipes/deploy-target.ts';
import { hostFunction } from '../helpers/recipes/host-function.ts';
import { language } from '../helpers/recipes/language.ts';
import { packaging } from '../helpers/recipes/packaging.ts';
import type { Report, Step } from '../helpers/recipes/step.ts';
import { root } from '../helpers/tree.ts';

const recipes = [hostFunction, packaging, deployTarget, language];
const steps = recipes.flatMap(recipe => recipe.steps);

const tree = mkdtempSync(join(tmpdir(), 'wasme-recipes-'));
afterAll(() => rmSync(tree, { recursive: true, force: true }));

beforeAll(() => {
  // Some tests run as an ordinary user.
  chmodSync(tree, 0o755);
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  for (const path of tracked.split('\0').filter(name => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    cpSync(join(root, path), join(tree, path), { verbatimSymlinks: true });
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'), 'dir');
});

/** Puts the tree into the state after all steps but those that are left out. */
function follow(isLeftOut: (step: Step) => boolean): void {
  for (const { path } of steps) {
    const [here, there] = [join(root, path), join(tree, path)];
    if (existsSync(here)) cpSync(here, there);
    else rmSync(there, { force: true });
  }
  for (const { path, edit } of steps.filter(step => !isLeftOut(step))) {
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, edit(existsSync(file) ? readFileSync(file, 'utf8') : ''));
  }
}

/** Runs a program of the tree's packages there; everything that it prints, and whether it ended well. */
function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { ok: boolean; text: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(tree, 'node_modules', program), ...args],
    {
      cwd: tree,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: {
        ...process.env,
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
        WASME_TEST_RESULTS: join(tree, 'unused'),
        ...env,
      },
    },
  );
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

const checkTypes = () => run('typescript/bin/tsc', ['-p', 'test/tsconfig.json', '--pretty', 'false']);

function runTests(env: NodeJS.ProcessEnv): { ok: boolean; text: string } {
  const filters = recipes.flatMap(recipe => recipe.tests);
  return run('vitest/vitest.mjs', ['run', '--config', 'test/vitest.config.ts', ...filters], {
    // Set by the run that this is a part of.
    VITEST: undefined,
    VITEST_WORKER_ID: undefined,
    VITEST_POOL_ID: undefined,
    ...env,
  });
}

const reportsOf: Readonly<Record<Report, () => { ok: boolean; text: string }>> = {
  types: checkTypes,
  'more types': checkTypes,
  'even more types': checkTypes,
  tests: () => runTests({ CI: 'true' }),
};

describe('the recipes of docs/contributing.md', () => {
  const page = readFileSync(join(root, 'docs', 'contributing.md'), 'utf8');

  it.each(recipes)('$title: the page names the file of each step', recipe => {
    const [, section = ''] = page.split(`### ${recipe.title}\n`);
    const text = section.split(/^##/m)[0] ?? '';
    const named = (path: string): boolean =>
      [path, path.replaceAll(recipe.name, '<name>'), `\`${dirname(path)}/\``].some(each =>
        text.includes(each),
      );
    expect(recipe.steps.map(({ path }) => path).filter(path => !named(path))).toEqual([]);
  });

  it('leave a tree whose types and tests are right', { timeout: 900_000 }, () => {
    follow(() => false);
    expect(checkTypes()).toEqual({ ok: true, text: '' });
    // `npm run docs`, which also writes the new golden files.
    runTests({ WASME_UPDATE: '1', CI: undefined });
    const { ok, text } = runTests({ CI: 'true' });
    expect(ok, text).toBe(true);
  });

  describe.each(['types', 'more types', 'even more types', 'tests'] as const)(
    'a step that is left out is reported by %s',
    by => {
      const concerned = steps.filter(({ reportedBy }) => reportedBy === by);
      let text = '';
      beforeAll(() => {
        follow(step => concerned.includes(step));
        const report = reportsOf[by]();
        expect(report.ok).toBe(false);
        text = report.text;
      }, 900_000);

      it.each(concerned)('$path: $says', ({ says }) => {
        expect(
          text.split('\n').filter(line => says.test(line)),
          text,
        ).not.toEqual([]);
      });
    },
  );
});
