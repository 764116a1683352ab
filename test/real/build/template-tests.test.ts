/** The tests that templates bring pass as a person would run them, and every template is formatted by its own formatter. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { build } from '../../../src/build.ts';
import { init, initTemplates } from '../../../src/init.ts';
import { sharePackages, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { compilerContext } from '../../helpers/projects/compilers.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';

const folder = sharedFolder();
const templates = await initTemplates();
const timeoutMs = 300_000;

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, {
    cwd,
    env: compilerContext.env,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

async function made(template: string, name = template): Promise<string> {
  const dir = join(folder, name);
  await init({ dir, name: `a-${template}`, template }, compilerContext);
  return dir;
}

const named = (language: string) => templates.filter(one => one.language === language).map(one => one.name);

describeWith(['rust', 'cargo'], 'cargo test', () => {
  it.each(named('rust'))(
    '%s',
    async name => {
      const dir = await made(name);
      expect(run(tool('cargo'), ['test', '--quiet'], dir)).toMatch(/test result: ok\. [1-9]/);
      run(tool('cargo'), ['fmt', '--check'], dir);
    },
    timeoutMs,
  );
});

describeWith(['npm'], 'npm test', () => {
  it.each(named('assemblyscript'))(
    '%s',
    async name => {
      const dir = await made(name);
      await sharePackages(folder, dir);
      await build({ dir }, compilerContext);
      expect(run('npm', ['test'], dir)).toMatch(/^# fail 0$/m);
    },
    timeoutMs,
  );
});

describeWith(['go'], 'go test', () => {
  it.each(named('go'))(
    '%s',
    async name => {
      const dir = await made(name);
      expect(run('go', ['test', './...'], dir)).toMatch(/^ok/);
      run('go', ['vet', './...'], dir);
      expect(run('gofmt', ['-l', '.'], dir)).toBe('');
    },
    timeoutMs,
  );
});

describeWith(['cmake', 'clang-wasi'], 'ctest', () => {
  it.each(named('cpp'))(
    '%s',
    async name => {
      const dir = await made(name);
      run('cmake', ['-B', 'build/native'], dir);
      run('cmake', ['--build', 'build/native'], dir);
      expect(run('ctest', ['--test-dir', 'build/native'], dir)).toContain('100% tests passed');
      const sources = readdirSync(dir, { recursive: true, encoding: 'utf8' });
      const formatted = sources.filter(file => /^(?!build).*\.(h|cc)$/.test(file));
      run('clang-format-19', ['--dry-run', '--Werror', ...formatted], dir);
    },
    timeoutMs,
  );

  it(
    'the module by CMake, as its first lines say',
    async () => {
      const dir = await made('cpp', 'by-cmake');
      run('cmake', ['-B', 'build/wasm', '-DCMAKE_TOOLCHAIN_FILE=cmake/wasi.cmake'], dir);
      run('cmake', ['--build', 'build/wasm'], dir);
      expect(readdirSync(join(dir, 'build', 'wasm')).filter(file => file.endsWith('.wasm'))).toHaveLength(1);
    },
    timeoutMs,
  );
});

describeWith(['clang-wasi'], 'the C++ SDK', () => {
  it(
    'has every public name of the official one, for C++17 as well',
    () => {
      const fixture = join(root, 'test', 'fixtures', 'cpp-sdk', 'public_names.cc');
      const sdk = join(root, 'templates', 'cpp', 'sdk');
      const common = ['--target=wasm32-wasi', '-Wall', '-Werror', '-fno-exceptions', `-I${sdk}`];
      for (const standard of ['-std=c++17', '-std=c++20']) {
        run(tool('clang-wasi'), [...common, standard, '-DWITH_MESSAGES', '-fsyntax-only', fixture], folder);
      }
    },
    timeoutMs,
  );

  it(
    'its own tests pass, as a native program',
    () => {
      const program = join(folder, 'sdk_test');
      const sdk = join(root, 'templates', 'cpp', 'sdk');
      const fixture = join(root, 'test', 'fixtures', 'cpp-sdk', 'sdk_test.cc');
      const fake = join(root, 'templates', 'cpp', 'test');
      const sources = [fixture, join(sdk, 'proxy_wasm_intrinsics.cc')];
      run(
        'g++',
        ['-std=c++20', '-Wall', '-Wextra', '-Werror', `-I${sdk}`, `-I${fake}`, ...sources, '-o', program],
        folder,
      );
      expect(run(program, [], folder)).toContain('all passed');
    },
    timeoutMs,
  );
});

describe('folders', () => {
  it.each(templates.map(one => one.name))('%s has what every template has', async name => {
    const dir = join(folder, `files-${name}`);
    const { files } = await init({ dir, name: 'a-filter', template: name }, compilerContext);
    expect(files).toEqual(
      expect.arrayContaining(['wasme.json', 'README.md', '.gitignore', '.github/workflows/ci.yml']),
    );
    for (const file of files) expect(readFileSync(join(dir, file), 'utf8'), file).not.toContain('{{name}}');
  });
});
