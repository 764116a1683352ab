/** Checks the package that `npm publish` would ship: its files, and that it works without the rest of this repository. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { emptyHome } from '../helpers/cli/clean-machine.ts';
import { describeWith } from '../helpers/tools.ts';
import { root } from '../helpers/tree.ts';

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

describeWith(['npm'], 'the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasme-package-'));
  const app = join(folder, 'empty folder');
  const env = emptyHome(join(folder, 'home'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let packed: Packed = { filename: '', files: [] };
  beforeAll(() => {
    const json = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    packed = (JSON.parse(json) as Packed[])[0]!;
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), '{ "private": true }');
    const flags = ['--omit=dev', '--no-audit', '--no-fund', '--prefer-offline'];
    execFileSync('npm', ['install', join(folder, packed.filename), ...flags], {
      cwd: app,
      env,
      stdio: 'pipe',
    });
  });

  const npx = (cwd: string, ...args: string[]): string =>
    execFileSync('npx', ['--no-install', 'wasme', ...args], { cwd, env, encoding: 'utf8', stdio: 'pipe' });

  it('has the built program, the templates and the documentation, nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    const tops = new Set(paths.map(path => path.split('/')[0]));
    expect([...tops].sort()).toEqual(['LICENSE', 'README.md', 'dist', 'docs', 'package.json', 'templates']);
    expect(paths.filter(path => /(^|\/)node_modules\/|tsbuildinfo|^dist\/test/.test(path))).toEqual([]);
    expect(paths).toContain('dist/commands/main.cjs');
    expect(paths).toContain('dist/THIRD-PARTY-LICENSES.md');
    expect(paths).toContain('docs/project-file.md');
    expect(paths).not.toContain('docs/quickstart.js');
    expect(paths).toContain('templates/assemblyscript/_gitignore');
    expect(paths).toContain('templates/assemblyscript/_github/workflows/ci.yml');
  });

  it('says its version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(npx(app, '--version')).toBe(`${version}\n`);
  });

  it('makes a project, builds it and runs it', async () => {
    npx(app, 'init', 'my-filter', '--language', 'assemblyscript', '--install', '--yes');
    const project = join(app, 'my-filter');
    const built = JSON.parse(npx(project, 'build', '--json')) as { module: string };
    expect(existsSync(built.module)).toBe(true);
    // The program behind npx, since a signal to npx does not always reach it.
    const program = join(app, 'node_modules', '.bin', 'wasme');
    const child = spawn(program, ['run', '--port', '0', '--json'], {
      cwd: project,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise(resolve => child.once('exit', resolve));
    onTestFinished(() => void child.kill('SIGKILL'));
    const response = await fetch(`${await address(child)}/some/path`);
    expect(response.headers.get('x-greeting')).toBe('hello from my-filter');
    expect(await response.json()).toMatchObject({
      path: '/some/path',
      headers: { 'x-greeting': 'hello from my-filter' },
    });
    child.kill('SIGINT');
    expect(await ended).toBe(130);
  });
});

/** The URL of `wasme run --json`, once it listens. */
async function address(child: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout!) {
    output += String(chunk);
    if (output.endsWith('}\n')) return (JSON.parse(output) as { url: string }).url;
  }
  throw new Error(`wasme run ended: ${output}`);
}
