/** The contract of a toolchain: how the build of every language behaves, above all when its compiler does not build. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asOrdinaryUser } from '../helpers/cli/ordinary-user.ts';
import { toolchains } from '../../src/toolchains/index.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { type CompilerWish, compilerMachine, fakeLanguages } from '../helpers/projects/fake-compilers.ts';
import { gone, pidsIn } from '../helpers/cli/processes.ts';

/** A folder name that a shell would misread. */
const folder = `it's a "filter" ü $HOME &`;

describe.each(Object.values(fakeLanguages))('$title', language => {
  it('is detected by the project files of its toolchain', async () => {
    const toolchain = toolchains[language.language];
    expect(Object.keys(language.files)).toContain(toolchain.projectFile);
    const names = Object.keys(language.files).map(name => name.split('/')[0] ?? '');
    expect(toolchain.detect(names)).toBe(language.detected);
    expect((await newMachine().wasme('build')).stderr).toContain(toolchain.projectFile);
  });

  it('builds in a folder of any name, and not again when nothing changed', async () => {
    const machine = compilerMachine(language, folder);
    const first = await machine.wasme('build', folder);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toMatch(/f\.wasm {2}\d+ B {2}ABI 0\.2\.1 {2}built in /);
    expect((await machine.wasme('build', folder)).stdout).toContain('up to date');
    // The compiler was not started.
    machine.wish('silent');
    expect((await machine.wasme('build', folder)).stdout).toContain('up to date');
  });

  it('finds the compiler in a folder of PATH that is relative to the current folder', async () => {
    const machine = compilerMachine(language, 'p');
    machine.env['PATH'] = `none:${relative(machine.cwd, machine.env['PATH'] ?? '')}:`;
    expect(await machine.wasme('build', 'p')).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await machine.wasme('build', 'p')).stdout).toContain('up to date');
  });

  it.each<[CompilerWish, string, (place: string) => string]>([
    ['error', 'BUILD_FAILED', place => place],
    ['silent', 'BUILD_FAILED', () => 'failed with exit code 1 and printed nothing'],
    ['killed', 'BUILD_FAILED', () => 'was killed and printed nothing'],
    ['nothing', 'BUILD_FAILED', () => 'left no module'],
    ['garbage', 'WASM_INVALID', () => 'not a WebAssembly'],
  ])('fails if the compiler ends with "%s": %s, and keeps the last module', async (wish, code, text) => {
    const machine = compilerMachine(language, 'p');
    expect((await machine.wasme('build', 'p')).exitCode).toBe(0);
    const before = readFileSync(join(machine.cwd, 'p', 'build', 'f.wasm'));
    machine.wish(wish);
    const { exitCode, stdout, stderr } = await machine.wasme('build', 'p', '--force');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`error[${code}]: `);
    expect(stderr).toContain(text(language.place));
    expect(stderr).toMatch(/\nhelp: .+\n$/);
    expect(readFileSync(join(machine.cwd, 'p', 'build', 'f.wasm'))).toEqual(before);
    expect(readdirSync(join(machine.cwd, 'p', 'build')).sort()).toEqual(['.wasme', 'f.wasm']);
  });

  it.skipIf(!language.downloads)('fails with NETWORK if a dependency cannot be downloaded', async () => {
    const machine = compilerMachine(language, 'p');
    machine.wish('network');
    expect((await machine.wasme('build', 'p')).stderr).toContain('error[NETWORK]: ');
  });

  it('names a missing program and how to install it, and doctor does the same', async () => {
    for (const program of language.programs) {
      const machine = compilerMachine(language, 'p');
      machine.remove(program);
      const { exitCode, stderr } = await machine.wasme('build', 'p');
      expect(exitCode, program).toBe(1);
      expect(stderr).toMatch(
        new RegExp(`^error\\[TOOL_MISSING\\]: cannot build ${language.title.replace('++', '..')}: `),
      );
      expect(stderr).toMatch(/was not found on PATH[^]*\nhelp: .*install/i);
      const doctor = await machine.wasme('doctor', '-l', language.language);
      expect(doctor.exitCode).toBe(1);
      expect(doctor.stdout).toMatch(/✗ .*was not found on PATH\n +→ .*install/i);
    }
  });

  it('refuses a compiler that is too old', async () => {
    const machine = compilerMachine(language, 'p');
    machine.old();
    const { exitCode, stderr } = await machine.wasme('build', 'p');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error\[TOOL_OUTDATED\]: .* is too old: \S+ or newer is needed/);
  });

  it('reports a compiler that is too old since the last build, not what it says about the source', async () => {
    const machine = compilerMachine(language, 'p');
    expect((await machine.wasme('build', 'p')).exitCode).toBe(0);
    const before = readFileSync(join(machine.cwd, 'p', 'build', 'f.wasm'));
    machine.old();
    machine.wish('error');
    const { exitCode, stderr } = await machine.wasme('build', 'p', '--force');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error\[TOOL_OUTDATED\]: .* is too old: \S+ or newer is needed/);
    expect(readFileSync(join(machine.cwd, 'p', 'build', 'f.wasm'))).toEqual(before);
  });

  it('builds again with another compiler, another variable or another setting', async () => {
    const machine = compilerMachine(language, 'p');
    const upToDate = async (): Promise<boolean> => {
      const { stdout } = await machine.wasme('build', 'p', '--json');
      return (JSON.parse(stdout) as { upToDate: boolean }).upToDate;
    };
    expect([await upToDate(), await upToDate()]).toEqual([false, true]);
    machine.upgrade();
    expect([await upToDate(), await upToDate()]).toEqual([false, true]);
    // Node fails on a value that it does not know; the other compilers are fakes.
    machine.env[language.variable] = '--no-warnings';
    expect([await upToDate(), await upToDate()]).toEqual([false, true]);
    if (language.setting === undefined) return;
    const setting = join(machine.home, language.setting);
    mkdirSync(dirname(setting), { recursive: true });
    writeFileSync(setting, '');
    expect([await upToDate(), await upToDate()]).toEqual([false, true]);
  });

  it('of two builds at once, the second waits and finds nothing to do', async () => {
    const machine = compilerMachine(language, 'p');
    const both = await Promise.all([
      machine.wasme('build', 'p', '--json'),
      machine.wasme('build', 'p', '--json'),
    ]);
    const results = both.map(({ stdout }) => (JSON.parse(stdout) as { upToDate: boolean }).upToDate);
    expect(results.sort()).toEqual([false, true]);
  });

  it('fails with FILE_ACCESS in a project that cannot be written to', async () => {
    const machine = compilerMachine(language, 'p');
    chmodSync(join(machine.cwd, 'p'), 0o555);
    const { exitCode, stderr } = await asOrdinaryUser(dirname(machine.cwd), () =>
      machine.wasme('build', 'p'),
    );
    chmodSync(join(machine.cwd, 'p'), 0o755);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[FILE_ACCESS]');
  });

  it('ends the compiler and its child processes on Ctrl-C, and leaves nothing half-written', async () => {
    const interrupt = new AbortController();
    const machine = compilerMachine(language, 'p', { signal: interrupt.signal });
    machine.wish('slow');
    const running = machine.wasme('build', 'p');
    const started = join(machine.home, 'started');
    const processes = await pidsIn(started);
    interrupt.abort();
    expect(await running).toMatchObject({
      exitCode: 130,
      stderr: expect.stringContaining('error[INTERRUPTED]') as string,
    });
    await gone(processes);
    expect(existsSync(join(machine.cwd, 'p', 'build', 'f.wasm'))).toBe(false);
    expect(existsSync(join(machine.cwd, 'p', 'build', '.wasme', 'lock'))).toBe(false);
    machine.wish(undefined);
  });
});

describe('a compiler without its libraries for WebAssembly', () => {
  it.each([
    ['rust', 'the target wasm32-wasip1 is not installed for this rustc', 'rustup'],
    ['cpp', 'this clang has no C++ library for WASI', 'wasi-sdk'],
  ] as const)('is refused for %s with the way to install them', async (name, problem, help) => {
    const machine = compilerMachine(fakeLanguages[name], 'p');
    machine.wish('wrong target');
    const { exitCode, stderr } = await machine.wasme('build', 'p');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[TOOL_MISSING]: ');
    expect(stderr).toContain(problem);
    expect(stderr).toMatch(new RegExp(`\nhelp: .*${help}`));
  });
});

describe('a build whose plan has changed since the last build', () => {
  it.each(['tinygo', 'go'] as const)('of %s follows the current answers of the tools', async name => {
    const machine = compilerMachine(fakeLanguages[name], 'p');
    const upToDate = async (): Promise<boolean> => {
      const { stdout } = await machine.wasme('build', 'p', '--json');
      return (JSON.parse(stdout) as { upToDate: boolean }).upToDate;
    };
    expect(await upToDate()).toBe(false);
    // As after an edit of go.mod: the folder of another module is an input from now on.
    machine.env['FAKE_GO_MOD'] = JSON.stringify({ Replace: [{ New: { Path: '../common' } }] });
    writeFileSync(join(machine.cwd, 'p', 'main.go'), 'package main\n');
    expect([await upToDate(), await upToDate()]).toEqual([false, true]);
    mkdirSync(join(machine.cwd, 'common'));
    writeFileSync(join(machine.cwd, 'common', 'common.go'), 'package common\n');
    expect([await upToDate(), await upToDate()]).toEqual([false, true]);
  });
});

describe('C++ with WASI_SDK_PATH', () => {
  it('is built by the clang of that SDK while the variable is set, whatever is on PATH', async () => {
    const machine = compilerMachine(fakeLanguages.cpp, 'p');
    const sdk = join(machine.home, 'wasi-sdk');
    mkdirSync(join(sdk, 'bin'), { recursive: true });
    cpSync(join(machine.home, 'bin', 'clang++-19'), join(sdk, 'bin', 'clang++'));
    cpSync(join(machine.home, 'bin', 'clang++-19'), join(machine.home, 'bin', 'clang++'));
    const build = async (): Promise<[string | undefined, boolean]> => {
      const { stdout } = await machine.wasme('build', 'p', '--json');
      const { tools, upToDate } = JSON.parse(stdout) as { tools: { path: string }[]; upToDate: boolean };
      return [tools[0]?.path, upToDate];
    };
    const onPath = join(machine.home, 'bin', 'clang++-19');
    const inSdk = join(sdk, 'bin', 'clang++');
    expect([await build(), await build()]).toEqual([
      [onPath, false],
      [onPath, true],
    ]);
    machine.env['WASI_SDK_PATH'] = sdk;
    expect([await build(), await build()]).toEqual([
      [inSdk, false],
      [inSdk, true],
    ]);
    delete machine.env['WASI_SDK_PATH'];
    expect(await build()).toEqual([onPath, false]);
  });
});
