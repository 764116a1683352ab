/**
 * Projects that `wasme init` has not made: real compilers, known by their own files, in a folder whose name is as hostile
 * as names get.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { build } from '../../../src/build.ts';
import { loadFilter } from '../../../src/host/index.ts';
import { init } from '../../../src/init.ts';
import type { Language } from '../../../src/project/names.ts';
import { parseModule } from '../../../src/wasm/module.ts';
import { sharePackages, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { compilerContext, compilers } from '../../helpers/projects/compilers.ts';
import { describeWith } from '../../helpers/tools.ts';

const folder = sharedFolder();
const timeoutMs = 300_000;
const hostile = `it's a "filter" ü $HOME & more`;

/** The template's sources without what belongs to wasme. */
async function foreignProject(language: Language, parent = hostile): Promise<string> {
  const dir = join(folder, parent, `${language} filter`);
  await init({ dir, name: 'some-filter', language }, compilerContext);
  for (const name of ['wasme.json', '.wasme', 'README.md', '.gitignore'])
    rmSync(join(dir, name), { recursive: true });
  if (language === 'assemblyscript') await sharePackages(folder, dir);
  return dir;
}

/** Builds in that folder twice, and expects a module and then the same one, as nothing changed. */
async function buildsTwice(dir: string, language: Language, asked?: Language): Promise<void> {
  const first = await build({ dir, language: asked }, compilerContext);
  expect(first).toMatchObject({ language, upToDate: false });
  expect(readdirSync(join(dir, 'build'))).toContain(`${language}-filter.wasm`);
  const again = await build({ dir, language: asked }, compilerContext);
  expect(again).toMatchObject({ upToDate: true, sha256: first.sha256 });
  const forced = await build({ dir, language: asked, force: true }, compilerContext);
  expect(forced).toMatchObject({ upToDate: false, sha256: first.sha256 });
}

describeWith(compilers.assemblyscript, 'asconfig.json', () => {
  it(
    'is AssemblyScript',
    async () => buildsTwice(await foreignProject('assemblyscript'), 'assemblyscript'),
    timeoutMs,
  );

  it(
    'without entries is built from the file that the npm script names, with its options',
    async () => {
      const dir = await foreignProject('assemblyscript', 'npm script');
      const asconfig = JSON.parse(readFileSync(join(dir, 'asconfig.json'), 'utf8')) as {
        entries?: unknown;
        options: { use?: unknown };
      };
      delete asconfig.entries;
      delete asconfig.options.use;
      writeFileSync(join(dir, 'asconfig.json'), JSON.stringify(asconfig));
      renameSync(join(dir, 'assembly'), join(dir, 'src'));
      const scripts = {
        asbuild: 'asc src/index.ts -o build/o.wasm --use abort=abort_proc_exit --target release',
      };
      writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: 'module', scripts }));
      await buildsTwice(dir, 'assemblyscript');
      expect(readdirSync(join(dir, 'build'))).not.toContain('o.wasm');
      writeFileSync(join(dir, 'src', 'index.ts'), 'confg;\n');
      await expect(build({ dir }, compilerContext)).rejects.toThrow('src/index.ts:1:1: error: ');
    },
    timeoutMs,
  );
});

describeWith(compilers.rust, 'Cargo.toml', () => {
  it(
    'with an example that is a cdylib is Rust; without a cdylib library the example is built',
    async () => {
      const dir = await foreignProject('rust', 'example');
      mkdirSync(join(dir, 'examples'));
      cpSync(join(dir, 'src', 'config.rs'), join(dir, 'examples', 'config.rs'));
      cpSync(join(dir, 'src', 'lib.rs'), join(dir, 'examples', 'add-header.rs'));
      const file = join(dir, 'Cargo.toml');
      // No comments, so that the crate types can be replaced.
      const manifest = readFileSync(file, 'utf8').replace(/^#.*\n/gm, '');
      const example = '\n[[example]]\nname = "add-header"\ncrate-type = ["cdylib"]\n';
      const withExample = manifest.replace('[package]', '[package]\nautoexamples = false') + example;
      writeFileSync(file, withExample);
      await buildsTwice(dir, 'rust');
      writeFileSync(
        file,
        withExample.replace('[lib]\ncrate-type = ["cdylib"]', '[lib]\ncrate-type = ["rlib"]'),
      );
      await buildsTwice(dir, 'rust');
    },
    timeoutMs,
  );

  it('is Rust', async () => buildsTwice(await foreignProject('rust'), 'rust'), timeoutMs);

  it(
    'with a crate that does not fit this Rust: what to do, from the linker and, the second time, before it',
    async () => {
      const dir = await foreignProject('rust', 'old crate');
      const file = join(dir, 'Cargo.toml');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^proxy-wasm = .*$/m, 'proxy-wasm = "=0.2.4"'));
      const wanted = { code: 'TOOL_OUTDATED', hint: expect.stringContaining('cargo update') as string };
      await expect(build({ dir }, compilerContext)).rejects.toMatchObject(wanted);
      await expect(build({ dir }, compilerContext)).rejects.toThrow('proxy-wasm crate 0.2.4');
    },
    timeoutMs,
  );
});

describeWith(compilers.go, 'go.mod', () => {
  it('is Go', async () => buildsTwice(await foreignProject('go'), 'go'), timeoutMs);
});

describeWith(compilers.tinygo, 'go.mod, and TinyGo on the command line', () => {
  it('is TinyGo', async () => buildsTwice(await foreignProject('tinygo'), 'tinygo', 'tinygo'), timeoutMs);
});

/** A filter of the archived SDK: its `setup` function sets the context. */
const archivedFilter = (setup: 'main' | 'init'): string => `package main

import (
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm"
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"
)

${setup === 'main' ? '' : 'func main() {}'}

func ${setup}() {
	proxywasm.SetVMContext(&vmContext{})
}

type vmContext struct{ types.DefaultVMContext }

func (*vmContext) NewPluginContext(uint32) types.PluginContext { return &pluginContext{} }

type pluginContext struct{ types.DefaultPluginContext }

func (*pluginContext) NewHttpContext(uint32) types.HttpContext { return &httpContext{} }

type httpContext struct{ types.DefaultHttpContext }

func (*httpContext) OnHttpResponseHeaders(int, bool) types.Action {
	proxywasm.AddHttpResponseHeader("x-archived", "yes")
	return types.ActionContinue
}
`;

describeWith(compilers.tinygo, 'a TinyGo project of the archived SDK', () => {
  it(
    'is built and runs if init() sets the context, and is refused if only main() does',
    async () => {
      const dir = join(folder, 'archived');
      mkdirSync(dir);
      const sdk = 'github.com/tetratelabs/proxy-wasm-go-sdk v0.24.0';
      writeFileSync(join(dir, 'go.mod'), `module example.com/archived\n\ngo 1.19\n\nrequire ${sdk}\n`);
      writeFileSync(
        join(dir, 'go.sum'),
        `${sdk} h1:Xuwzknb4+OHBSYFXif0aBdV0F4MShL8L5YYFda9uUIs=\n${sdk}/go.mod h1:niJQcnEDtftzrVC0/qqlSs2Kzr1dwb7VxpIPHBO2XXk=\n`,
      );
      writeFileSync(join(dir, 'main.go'), archivedFilter('init'));
      const { module } = await build({ dir, language: 'tinygo' }, compilerContext);
      const filter = await loadFilter(readFileSync(module));
      const { headers } = filter.request({ path: '/' }, () => ({ status: 200 }));
      expect(headers).toContainEqual(['x-archived', 'yes']);
      writeFileSync(join(dir, 'main.go'), archivedFilter('main'));
      await expect(build({ dir, language: 'tinygo' }, compilerContext)).rejects.toMatchObject({
        code: 'TOOL_OUTDATED',
        hint: expect.stringContaining('build.command') as string,
      });
    },
    timeoutMs,
  );
});

describeWith([...compilers.cpp, 'cmake'], 'CMakeLists.txt', () => {
  it(
    'is C++ and built by CMake, wherever its sources are',
    async () => {
      // CMake itself takes neither quotes nor dollars.
      const dir = await foreignProject('cpp', `it's a filter ü & more`);
      mkdirSync(join(dir, 'src'));
      for (const name of ['filter.cc', 'config.h', 'json.h'])
        renameSync(join(dir, name), join(dir, 'src', name));
      const file = join(dir, 'CMakeLists.txt');
      writeFileSync(file, readFileSync(file, 'utf8').replace('SOURCES filter.cc', 'SOURCES src/filter.cc'));
      await buildsTwice(dir, 'cpp');

      writeFileSync(join(dir, 'src', 'config.h'), '#error not like this\n');
      await expect(build({ dir }, compilerContext)).rejects.toThrow('src/config.h:1:2: error: ');
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace('add_executable(filter ', 'add_program(filter '),
      );
      await expect(build({ dir }, compilerContext)).rejects.toThrow(
        /CMakeLists\.txt:\d+:1: error: Unknown CMake command/,
      );
    },
    timeoutMs,
  );

  it(
    'CMake and the plain build give the same filter; without CMake the plain one is taken',
    async () => {
      const dir = await foreignProject('cpp', 'two ways');
      const byCmake = await build({ dir }, compilerContext);
      expect(byCmake.tools.map(({ title }) => title)).toContain('CMake');
      const plain = join(folder, 'two ways', 'plain');
      cpSync(dir, plain, { recursive: true });
      const cpp = { cmake: false };
      writeFileSync(
        join(plain, 'wasme.json'),
        JSON.stringify({ name: 'p', language: 'cpp', build: { cpp } }),
      );
      const byHand = await build({ dir: plain }, compilerContext);
      // -O3 there, -O2 here.
      expect(Math.abs(byHand.sizeBytes / byCmake.sizeBytes - 1)).toBeLessThan(0.1);
      expect(byHand.abiVersion).toBe(byCmake.abiVersion);
    },
    timeoutMs,
  );
});

describeWith(compilers.cpp, 'build.cpp.sdk', () => {
  it(
    'an SDK elsewhere that leaves imports and exports to the linker',
    async () => {
      const dir = await foreignProject('cpp', 'another sdk');
      const sdk = join(folder, 'another sdk', 'sdk');
      renameSync(join(dir, 'sdk'), sdk);
      rmSync(join(dir, 'CMakeLists.txt'));
      const unmark = (file: string, from: RegExp, to: string): void => {
        const text = readFileSync(join(sdk, file), 'utf8');
        expect(text).toMatch(from);
        writeFileSync(join(sdk, file), text.replace(from, to));
      };
      unmark('proxy_wasm_externs.h', /__attribute__\(\(import_module.*\)\) /, '');
      unmark('proxy_wasm_intrinsics.h', /PROXY_WASM_KEEPALIVE __attribute__\(\(export_name.*/, '');
      const project = { name: 'p', language: 'cpp', build: { cpp: { sdk: '../sdk' } } };
      writeFileSync(join(dir, 'wasme.json'), JSON.stringify(project));
      const { module, abiVersion } = await build({ dir }, compilerContext);
      expect(abiVersion).toBe('0.2.1');
      const { exports, imports } = parseModule(readFileSync(module));
      expect(exports.map(({ name }) => name)).toContain('proxy_on_request_headers');
      expect(imports.map(({ module: from, name }) => `${from}.${name}`)).toContain('env.proxy_log');
    },
    timeoutMs,
  );
});
