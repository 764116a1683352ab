/** `npm run quickstart` of a clean clone, for somebody with an empty HOME. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { emptyHome } from '../helpers/cli/clean-machine.ts';
import { describeWith } from '../helpers/tools.ts';
import { root } from '../helpers/tree.ts';

describeWith(['npm', 'git'], 'npm run quickstart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasme-quickstart-'));
  const clone = join(folder, 'clone');
  const env = emptyHome(join(folder, 'home'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const quickstart = (): string =>
    execFileSync('npm', ['run', 'quickstart'], { cwd: clone, env, encoding: 'utf8', stdio: 'pipe' });

  it('installs, builds and shows a changed answer; a second run takes the same project', () => {
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone], { stdio: 'pipe' });
    const first = quickstart();
    expect(first).toMatch(/^\$ npm install --no-save$/m);
    expect(first).toMatch(/^\$ node \S+ init quickstart --language assemblyscript/m);
    expect(first).toMatch(/^\$ curl -i http:\/\/127\.0\.0\.1:\d+\/hello\n(?:.*\n)?HTTP\/1\.1 200 OK$/m);
    expect(first).toMatch(/^x-greeting: hello from hello$/m);
    expect(first).toContain('"x-greeting": "hello from hello"');
    expect(existsSync(join(clone, 'quickstart', 'assembly', 'filter.ts'))).toBe(true);
    // Only the project is new, and git does not see it.
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('');

    const file = join(clone, 'quickstart', 'wasme.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('hello from hello', 'changed by hand'));
    const second = quickstart();
    expect(second).not.toContain('npm install --no-save');
    expect(second).toContain('quickstart/ is there already');
    expect(second).toMatch(/^x-greeting: changed by hand$/m);
  }, 300_000);
});
