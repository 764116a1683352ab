/**
 * Names and debug information of real compilers: names are in every module, DWARF is beside it where LLVM's own reader
 * finds lines of the source, and wasm-opt (a program, or npm's) leaves a module that hosts load.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { build } from '../../../src/build.ts';
import { init } from '../../../src/init.ts';
import { languages } from '../../../src/project/names.ts';
import type { Language } from '../../../src/project/schema.ts';
import { parseModule } from '../../../src/wasm/module.ts';
import { functionNames } from '../../../src/wasm/names.ts';
import { sharePackages, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { mirror } from '../../helpers/servers/backends.ts';
import { compilerContext, compilers } from '../../helpers/projects/compilers.ts';
import { envoyServers, bundledServer } from '../../helpers/servers/test-servers.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const folder = sharedFolder();
const timeoutMs = 300_000;

/** A new project whose wasme.json has these fields of `build` as well. */
async function made(language: Language, name: string, fields: object): Promise<string> {
  const dir = join(folder, name);
  await init({ dir, name: 'my-filter', language }, compilerContext);
  const file = join(dir, 'wasme.json');
  const project = JSON.parse(readFileSync(file, 'utf8')) as { build: object };
  writeFileSync(file, JSON.stringify({ ...project, build: fields }));
  if (language === 'assemblyscript') await sharePackages(folder, dir);
  return dir;
}

/** The module's sections by name, and names of functions. */
function look(file: string): { sections: string[]; names: string[] } {
  const info = parseModule(readFileSync(file));
  return { sections: info.sections.map(({ name }) => name), names: [...functionNames(info).values()] };
}

/** Runs the filter where it is going to be run. */
async function greets(dir: string, module: string): Promise<void> {
  const upstream = await mirror();
  onTestFinished(() => upstream.close());
  for (const server of [bundledServer, envoyServers[0] ?? bundledServer]) {
    const filter = { dir, name: 'my-filter', module };
    const { url } = await server.run(filter, { configuration: { greeting: 'hi' }, upstream: upstream.url });
    expect((await fetch(url)).headers.get('x-greeting'), server.where).toBe('hi');
  }
}

describe.each(languages)('%s', language => {
  describeWith([...compilers[language], 'envoy-1.40'], 'names', () => {
    it(
      'are in a release build',
      async () => {
        const dir = await made(language, `names-${language}`, {});
        const { module, beside } = await build({ dir }, compilerContext);
        expect(beside).toEqual([]);
        const { sections, names } = look(module);
        expect(sections.filter(name => name.startsWith('.debug_'))).toEqual([]);
        expect(names.length).toBeGreaterThan(50);
      },
      timeoutMs,
    );
  });
});

describe.each([
  ['rust', 'src/lib.rs'],
  ['cpp', 'filter.cc'],
  ['tinygo', 'main.go'],
] as const)('%s, with debugInfo', (language, source) => {
  describeWith([...compilers[language], 'envoy-1.40', 'llvm-dwarfdump'], 'debug information', () => {
    it.each([
      ['release', { debugInfo: true }],
      ['debug', { profile: 'debug' }],
    ] as const)(
      '%s: lies beside the module, which says where',
      async (profile, fields) => {
        const dir = await made(language, `debug-${profile}-${language}`, fields);
        const { module, beside, profile: built } = await build({ dir }, compilerContext);
        expect(built).toBe(profile);
        const [debugFile = ''] = beside;
        expect(beside).toEqual([module.replace('.wasm', '.debug.wasm')]);
        const { sections, names } = look(module);
        expect(sections.filter(name => name.startsWith('.debug_'))).toEqual([]);
        expect(sections.at(-1)).toBe('external_debug_info');
        expect(readFileSync(module).subarray(-14).toString()).toBe(basename(debugFile).slice(-14));
        expect(names.length).toBeGreaterThan(50);
        const lines = execFileSync(tool('llvm-dwarfdump'), ['--debug-line', debugFile], {
          encoding: 'utf8',
          maxBuffer: 256 * 1024 * 1024,
        });
        expect(lines).toContain(`"${basename(source)}"`);
        await greets(dir, module);
        expect(await build({ dir }, compilerContext)).toMatchObject({ upToDate: true, beside });
      },
      timeoutMs,
    );
  });
});

describe.each(['rust', 'cpp', 'tinygo', 'go'] as const)('%s, with optimize', language => {
  describeWith([...compilers[language], 'npm', 'wasm-opt', 'envoy-1.40'], 'wasm-opt', () => {
    it(
      'makes it smaller, keeps names, and hosts load it',
      async () => {
        const plain = await build({ dir: await made(language, `plain-${language}`, {}) }, compilerContext);
        const dir = await made(language, `optimized-${language}`, { optimize: true });
        const optimized = await build({ dir }, compilerContext);
        expect(optimized.tools.map(({ title }) => title)).toContain('wasm-opt');
        expect(optimized.sizeBytes).toBeLessThan(plain.sizeBytes);
        expect(look(optimized.module).names.length).toBeGreaterThan(20);
        await greets(dir, optimized.module);
      },
      timeoutMs,
    );
  });
});

describeWith(['clang-wasi', 'npm', 'envoy-1.40'], "npm's wasm-opt", () => {
  it(
    'does when the project has it and PATH has none',
    async () => {
      const dir = await made('cpp', 'packaged', { optimize: true });
      const PATH = join(folder, 'bin');
      mkdirSync(PATH);
      for (const program of ['clang++-19', 'wasm-ld-19'])
        symlinkSync(`/usr/bin/${program}`, join(PATH, program));
      symlinkSync(process.execPath, join(PATH, 'node'));
      const system = { ...compilerContext, env: { ...compilerContext.env, PATH } };
      await expect(build({ dir }, system)).rejects.toMatchObject({ code: 'TOOL_MISSING' });
      // AssemblyScript's packages bring it.
      await sharePackages(folder, dir);
      const { tools, module } = await build({ dir }, system);
      expect(tools.map(({ title }) => title)).toContain('wasm-opt from npm');
      await greets(dir, module);
    },
    timeoutMs,
  );
});
