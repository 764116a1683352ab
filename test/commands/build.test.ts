/** `wasme build` with a fake compiler: what it writes, what it refuses, and that a failure keeps the last module. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryDir } from '../../src/project/validated-cache.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest, guestFile } from '../helpers/guests/guests.ts';
import { type FakeWish, fakeProject, setWish } from '../helpers/projects/fake-project.ts';
import { gone, pidsIn } from '../helpers/cli/processes.ts';
import { until } from '../helpers/until.ts';

interface Json {
  readonly module: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly upToDate: boolean;
  readonly abiVersion: string;
  readonly sections: { name: string }[];
}

describe('build', () => {
  it('writes a checked module and prints its size', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'pro ject "ü"'));
    const { exitCode, stdout, stderr } = await machine.wasme('build', 'pro ject "ü"');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^pro ject "ü"\/build\/fake\.wasm {2}\d+ B {2}ABI 0\.2\.1 {2}built in .* s\n/);
    expect(existsSync(join(dir, 'build', 'fake.wasm'))).toBe(true);
  });

  it('builds an AssemblyScript project whose asconfig.json has no entries', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    writeFileSync(join(dir, 'asconfig.json'), '{}');
    expect(await machine.wasme('build', 'p')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('builds again only if an input changed', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    const run = async (...flags: string[]): Promise<Json> =>
      JSON.parse((await machine.wasme('build', 'p', '--json', ...flags)).stdout) as Json;
    const first = await run();
    expect(first.upToDate).toBe(false);
    expect(await run()).toMatchObject({ upToDate: true, sha256: first.sha256 });
    expect(await run('--force')).toMatchObject({ upToDate: false, sha256: first.sha256 });
    expect(await run('--profile', 'debug')).toMatchObject({ upToDate: false });
    setWish(dir, undefined, 'changed');
    const second = await run();
    expect(second.upToDate).toBe(false);
    expect(second.sha256).not.toBe(first.sha256);
    rmSync(second.module);
    expect(await run()).toMatchObject({ upToDate: false, sha256: second.sha256 });
    writeFileSync(second.module, 'tampered');
    expect(await run()).toMatchObject({ upToDate: false });
    writeFileSync(join(memoryDir(dir, machine.system), 'release.json'), '{"format":');
    expect(await run()).toMatchObject({ upToDate: false });
    const compiler = join(dir, 'node_modules', 'assemblyscript', 'package.json');
    writeFileSync(compiler, readFileSync(compiler, 'utf8').replace('0.28.20', '0.28.21'));
    writeFileSync(join(dir, 'package-lock.json'), '{}');
    expect(await run()).toMatchObject({ upToDate: false });
  });

  it('ignores a build record that a repository ships in build/, and builds', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    const run = async (): Promise<Json> =>
      JSON.parse((await machine.wasme('build', 'p', '--json')).stdout) as Json;
    const { module, sha256 } = await run();
    const shipped = guest('deploy-tag');
    const shippedHash = createHash('sha256').update(shipped).digest('hex');
    writeFileSync(module, shipped);
    // All that is known of the build, as if for the other module, at the same path of another person.
    for (const folder of [join(dir, 'build', '.wasme'), memoryDir(dir, machine.system)]) {
      for (const name of existsSync(folder) ? readdirSync(folder) : []) {
        if (!name.endsWith('.json')) continue;
        const text = readFileSync(join(folder, name), 'utf8').replaceAll(sha256, shippedHash);
        writeFileSync(join(dir, 'build', '.wasme', name), text);
      }
    }
    machine.env['WASME_HOME'] = join(machine.cwd, 'other');
    expect(await run()).toMatchObject({ upToDate: false, sha256 });
    expect(await run()).toMatchObject({ upToDate: true, sha256 });
  });

  it("builds each time if the user's cache cannot be written to", async () => {
    const machine = newMachine();
    fakeProject(join(machine.cwd, 'p'));
    writeFileSync(join(machine.cwd, 'file'), '');
    machine.env['WASME_HOME'] = join(machine.cwd, 'file');
    for (let time = 0; time < 2; time++) {
      const { exitCode, stdout } = await machine.wasme('build', 'p', '--json');
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ upToDate: false });
    }
  });

  it.each<[FakeWish, string, string]>([
    ['error', 'BUILD_FAILED', 'assembly/index.ts:3:10: error: Cannot find name'],
    ['packages missing', 'TOOL_MISSING', 'packages of the project are not installed'],
    ['silent', 'BUILD_FAILED', 'failed with exit code 1 and printed nothing'],
    ['killed', 'BUILD_FAILED', 'was killed'],
    ['nothing', 'BUILD_FAILED', 'left no module'],
    ['garbage', 'WASM_INVALID', 'not a WebAssembly'],
    ['truncated', 'WASM_INVALID', ''],
    ['foreign', 'WASM_ABI', 'Missing or unknown Proxy-Wasm ABI version'],
    ['network', 'BUILD_FAILED', 'ENOTFOUND'],
  ])('explains a compiler that ends with "%s" and keeps the last module', async (wish, code, text) => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    expect((await machine.wasme('build', 'p')).exitCode).toBe(0);
    const before = readFileSync(join(dir, 'build', 'fake.wasm'));
    setWish(dir, wish);
    const { exitCode, stdout, stderr } = await machine.wasme('build', 'p');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`error[${code}]: `);
    expect(stderr).toContain(text);
    expect(stderr).toMatch(/\nhelp: .+\n$/);
    expect(readFileSync(join(dir, 'build', 'fake.wasm'))).toEqual(before);
    expect(readdirSync(join(dir, 'build')).sort()).toEqual(['.wasme', 'fake.wasm']);
    expect(existsSync(join(dir, 'build', '.wasme', 'lock'))).toBe(false);
  });

  it('shows the source line of an error with a caret', async () => {
    const machine = newMachine();
    fakeProject(join(machine.cwd, 'p'), 'error');
    const { stderr } = await machine.wasme('build', 'p');
    expect(stderr).toContain('  3 |   return confg;\n    |          ^^^^^\n');
  });

  it('shows warnings of a build that succeeds', async () => {
    const machine = newMachine();
    fakeProject(join(machine.cwd, 'p'), 'warning');
    const { exitCode, stderr } = await machine.wasme('build', 'p');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('assembly/index.ts:2:1: warning: Conversion');
  });

  it('names the command that installs missing packages', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    rmSync(join(dir, 'node_modules'), { recursive: true });
    const { exitCode, stderr } = await machine.wasme('build', 'p');
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'error[TOOL_MISSING]: cannot build AssemblyScript: the npm package assemblyscript is not installed in the project\n' +
        'help: npm install --include=dev (or: wasme build --install)\n',
    );
  });

  it('installs the compiler with --install even if NODE_ENV=production', async () => {
    const machine = newMachine({ env: { NODE_ENV: 'production', npm_config_offline: 'true' } });
    const dir = fakeProject(join(machine.cwd, 'p'));
    renameSync(join(dir, 'node_modules', 'assemblyscript'), join(machine.cwd, 'compiler'));
    const devDependencies = { assemblyscript: 'file:../compiler' };
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: 'module', devDependencies }));
    expect(await machine.wasme('build', 'p', '--install')).toMatchObject({ exitCode: 0 });
  });

  it('builds again after the packages of a monorepo, above the project, have changed', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'packages', 'p'));
    renameSync(join(dir, 'node_modules'), join(machine.cwd, 'node_modules'));
    expect((await machine.wasme('build', dir)).stdout).toContain('built in');
    expect((await machine.wasme('build', dir)).stdout).toContain('up to date');
    writeFileSync(join(machine.cwd, 'node_modules', '.package-lock.json'), '{}');
    expect((await machine.wasme('build', dir)).stdout).toContain('built in');
  });

  it('refuses a compiler that is too old, and one that does not work with the SDK', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    const file = join(dir, 'node_modules', 'assemblyscript', 'package.json');
    writeFileSync(file, '{ "type": "module", "version": "0.19.2" }');
    expect((await machine.wasme('build', 'p')).stderr).toContain('error[TOOL_OUTDATED]: ');
    writeFileSync(file, '{ "type": "module", "version": "0.24.0" }');
    const sdk = join(dir, 'node_modules', '@gcoredev', 'proxy-wasm-sdk-as');
    mkdirSync(sdk, { recursive: true });
    writeFileSync(join(sdk, 'package.json'), '{ "version": "1.2.3" }');
    const { stderr } = await machine.wasme('build', 'p');
    expect(stderr).toContain('AssemblyScript compiler 0.24.0: this SDK is written for AssemblyScript 0.27');
  });

  it('says how to install Node if it is not on PATH', async () => {
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    fakeProject(join(machine.cwd, 'p'));
    const { exitCode, stderr } = await machine.wasme('build', 'p');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Node was not found on PATH');
    expect(stderr).toContain('help: install Node 20.19 or newer');
  });

  it('shows the commands with --dry-run and writes nothing', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    const { stdout } = await machine.wasme('build', 'p', '--dry-run');
    expect(stdout).toMatch(/asc\.js'? --target release --outFile .*\n→ .*build\/fake\.wasm\n$/);
    expect(existsSync(join(dir, 'build'))).toBe(false);
  });

  it('waits for another build of the same project and does not build again', async () => {
    const machine = newMachine();
    fakeProject(join(machine.cwd, 'p'));
    const outcomes = await Promise.all([
      machine.wasme('build', 'p', '--json'),
      machine.wasme('build', 'p', '--json'),
    ]);
    const results = outcomes.map(({ stdout }) => JSON.parse(stdout) as Json);
    expect(results.map(result => result.upToDate).sort()).toEqual([false, true]);
  });

  it('takes over the lock of a process that has ended', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    mkdirSync(join(dir, 'build', '.wasme'), { recursive: true });
    const { hostname } = await import('node:os');
    writeFileSync(join(dir, 'build', '.wasme', 'lock'), `999999999 ${hostname()}\n`);
    expect((await machine.wasme('build', 'p')).exitCode).toBe(0);
  });

  it('ends the compiler on Ctrl-C and leaves nothing half-written', async () => {
    const interrupt = new AbortController();
    const machine = newMachine({ signal: interrupt.signal });
    const dir = fakeProject(join(machine.cwd, 'p'), 'slow');
    const running = machine.wasme('build', 'p');
    const compiler = await pidsIn(join(dir, 'started'));
    interrupt.abort();
    const { exitCode, stderr } = await running;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('error[INTERRUPTED]');
    expect(readdirSync(join(dir, 'build'))).toEqual(['.wasme']);
    expect(existsSync(join(dir, 'build', '.wasme', 'lock'))).toBe(false);
    await gone(compiler);
  });

  it('fails if the module exceeds the size budget, and writes no module', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'), undefined, { build: { sizeBudget: '0.1 kB' } });
    const { exitCode, stderr } = await machine.wasme('build', 'p');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error\[BUILD_TOO_LARGE\]: the module has \d+ bytes, build\.sizeBudget allows 100 \(0\.1 kB\)[^]*\nhelp: .*build\.optimize/,
    );
    expect(existsSync(join(dir, 'build', 'fake.wasm'))).toBe(false);
  });

  it('writes the module to the file that -o names', async () => {
    const machine = newMachine();
    fakeProject(join(machine.cwd, 'p'));
    expect((await machine.wasme('build', 'p', '-o', 'out/x.wasm')).exitCode).toBe(0);
    expect(existsSync(join(machine.cwd, 'out', 'x.wasm'))).toBe(true);
  });

  it('runs build.command and takes the module from build.output', async () => {
    const machine = newMachine();
    const build = { command: ['node', 'make.js'], output: 'out/mine.wasm' };
    const dir = fakeProject(join(machine.cwd, 'p'), undefined, { build });
    writeFileSync(
      join(dir, 'make.js'),
      "import { cpSync } from 'node:fs'; cpSync('node_modules/assemblyscript/minimal.wasm', 'out/mine.wasm');",
    );
    const { exitCode, stdout } = await machine.wasme('build', 'p', '--json');
    expect(exitCode).toBe(0);
    expect((JSON.parse(stdout) as Json).module).toBe(join(dir, 'out', 'mine.wasm'));
  });

  it('detects the language of a project without wasme.json, and takes the old "build <language> <dir>"', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    rmSync(join(dir, 'wasme.json'));
    expect((await machine.wasme('build', 'p')).stdout).toContain('p/build/p.wasm');
    expect((await machine.wasme('build', 'assemblyscript', 'p')).stdout).toContain('p/build/p.wasm');
  });

  it.each([
    ['a folder that does not exist', ['nowhere'], 1, 'FILE_NOT_FOUND'],
    ['an unknown language', ['cobol', '.'], 2, 'USAGE'],
    ['a folder that is not a project', ['.'], 2, 'LANGUAGE_UNKNOWN'],
    ['a toolchain the language does not have', ['p', '--toolchain', 'native'], 2, 'USAGE'],
    ['an unknown profile', ['p', '--profile', 'fast'], 2, 'USAGE'],
    ['an unknown flag', ['p', '--fast'], 2, 'USAGE'],
  ])('refuses %s', async (_, args, exitCode, code) => {
    const machine = newMachine();
    fakeProject(join(machine.cwd, 'p'));
    const outcome = await machine.wasme('build', ...args);
    expect(outcome).toMatchObject({ exitCode, stdout: '' });
    expect(outcome.stderr).toMatch(new RegExp(`^error\\[${code}\\]: .+\\nhelp: `));
  });

  it('reports an invalid wasme.json with file, line, column and field', async () => {
    const machine = newMachine();
    const dir = fakeProject(join(machine.cwd, 'p'));
    writeFileSync(join(dir, 'wasme.json'), '{\n  "name": "p",\n  "language": "fortran"\n}\n');
    const { exitCode, stderr } = await machine.wasme('build', 'p');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`error[PROJECT_INVALID]: ${join(dir, 'wasme.json')}:3:15: language: `);
  });

  it('checks a precompiled module, and copies it with -o', async () => {
    const machine = newMachine();
    const file = guestFile(machine.cwd, 'minimal');
    expect((await machine.wasme('build', 'precompiled', 'minimal.wasm')).stdout).toContain('ABI 0.2.1');
    expect((await machine.wasme('build', 'precompiled', file, '-o', 'out/x.wasm')).exitCode).toBe(0);
    expect(readFileSync(join(machine.cwd, 'out', 'x.wasm'))).toEqual(readFileSync(file));
    writeFileSync(join(machine.cwd, 'text.wasm'), 'text');
    const refused = await machine.wasme('build', 'precompiled', 'text.wasm', '-o', 'y.wasm');
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error[WASM_INVALID]') as string,
    });
    expect(existsSync(join(machine.cwd, 'y.wasm'))).toBe(false);
    expect((await machine.wasme('build', 'precompiled')).exitCode).toBe(2);
    expect((await machine.wasme('build', 'precompiled', 'no.wasm')).stderr).toContain(
      'error[FILE_NOT_FOUND]',
    );
  });
});

describe('build -t', () => {
  it('puts the module into the local store, the same image each time', async () => {
    const machine = newMachine();
    fakeProject(join(machine.cwd, 'p'), undefined, { version: '1.2.0', rootId: 'root' });
    const tag = 'registry.example/me/add-header:v0.1';
    const first = await machine.wasme('build', 'assemblyscript', '-t', tag, 'p', '--json');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    const { image } = JSON.parse(first.stdout) as { image: { reference: string; digest: string } };
    expect(image).toMatchObject({ reference: tag, layout: 'compat' });
    const again = await machine.wasme('build', 'p', '-t', tag);
    expect(again.stdout).toContain(`  ${tag}  ${image.digest}  in the local store\n`);
    const { stdout } = await machine.wasme('inspect', tag, '--json');
    expect(stdout).toContain(image.digest);
    expect(stdout).toContain('"org.opencontainers.image.version": "1.2.0"');
  });

  it('packs the runtime-config.json of a precompiled module, as the old wasme did', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'minimal');
    const config = { type: 'envoy_proxy', abiVersions: ['v0.2.1'], config: { rootIds: ['add_header'] } };
    writeFileSync(join(machine.cwd, 'runtime-config.json'), JSON.stringify(config));
    const args = ['build', 'precompiled', 'minimal.wasm', '-t', 'registry.example/me/f:v1'];
    const { exitCode } = await machine.wasme(...args, '--config', 'runtime-config.json', '--store', '/x');
    expect(exitCode).toBe(0);
    expect((await machine.wasme('inspect', 'registry.example/me/f:v1')).stdout).toContain('add_header');
    writeFileSync(join(machine.cwd, 'runtime-config.json'), 'no');
    const refused = await machine.wasme(...args, '--config', 'runtime-config.json');
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('is not a runtime-config.json') as string,
    });
  });

  it('refuses an invalid name before it writes to the store', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'minimal');
    const { exitCode, stderr } = await machine.wasme(
      'build',
      'precompiled',
      'minimal.wasm',
      '-t',
      'Not A Name',
    );
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('error[REFERENCE_INVALID]');
    expect(existsSync(join(machine.home, '.local'))).toBe(false);
  });
});

describe('build for hosts', () => {
  it('refuses a module that a named host does not load, and gives the reason', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'poll');
    expect((await machine.wasme('build', 'precompiled', 'poll.wasm')).exitCode).toBe(0);
    const refused = await machine.wasme('build', 'precompiled', 'poll.wasm', '--host', 'istio@1.12');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/error\[WASM_ABI\]: istio@1\.12 would not load the module: .*poll_oneoff/);
    expect((await machine.wasme('build', 'precompiled', 'poll.wasm', '--host', 'nginx')).exitCode).toBe(2);
  });
});

describe('build --watch', () => {
  /** Starts the watch; `until` waits for a condition on what was built and said so far. */
  const start = (wish?: FakeWish, project: object = {}, ...flags: string[]) => {
    const interrupt = new AbortController();
    const machine = newMachine({ signal: interrupt.signal });
    const dir = fakeProject(join(machine.cwd, 'p'), wish, project);
    const module = join(dir, 'build', 'fake.wasm');
    const text = { out: '', err: '' };
    const running = machine.wasmeLive(text, 'build', 'p', '--watch', ...flags);
    return {
      dir,
      module,
      text,
      until: (condition: () => boolean): Promise<boolean> => until(condition, () => JSON.stringify(text)),
      stop: async (): Promise<number> => {
        interrupt.abort();
        return running;
      },
    };
  };
  const builds = (out: string): number => out.split('built in').length - 1;

  it('builds on each change of a source with one compiler process, and not on its own output', async () => {
    const { dir, module, text, until, stop } = start();
    await until(() => text.err.includes('watching'));
    const first = readFileSync(module);
    setWish(dir, undefined, 'second');
    await until(() => builds(text.out) === 2);
    const second = readFileSync(module);
    expect(second.equals(first)).toBe(false);
    writeFileSync(join(dir, 'notes.txt'), 'no source');
    rmSync(module);
    setWish(dir, undefined, 'third');
    await until(() => builds(text.out) === 3);
    await sleep(400);
    expect(builds(text.out)).toBe(3);
    expect(await stop()).toBe(130);
  });

  it('warms up the compiler of an up-to-date project before the first change', async () => {
    const interrupt = new AbortController();
    const machine = newMachine({ signal: interrupt.signal });
    const dir = fakeProject(join(machine.cwd, 'p'));
    expect((await machine.wasme('build', 'p')).exitCode).toBe(0);
    const first = readFileSync(join(dir, 'build', 'fake.wasm'));
    const text = { out: '', err: '' };
    const running = machine.wasmeLive(text, 'build', 'p', '--watch', '--verbose');
    const shown = () => JSON.stringify(text);
    const starts = (): number => text.err.split('asc-server').length - 1;
    await until(() => starts() === 1 && text.out.includes('up to date'), shown);
    setWish(dir, undefined, 'second');
    await until(() => builds(text.out) === 1, shown);
    expect(readFileSync(join(dir, 'build', 'fake.wasm')).equals(first)).toBe(false);
    // The same process has built.
    expect(starts()).toBe(1);
    interrupt.abort();
    expect(await running).toBe(130);
  });

  it('shows an error, and builds again on the next change', async () => {
    const { dir, module, text, until, stop } = start('error');
    await until(() => text.err.includes('error[BUILD_FAILED]'));
    expect(existsSync(module)).toBe(false);
    await until(() => text.err.includes('watching'));
    setWish(dir);
    await until(() => existsSync(module));
    writeFileSync(join(dir, 'wasme.json'), '{ "name": 1 }');
    await until(() => text.err.includes('error[PROJECT_INVALID]'));
    writeFileSync(join(dir, 'wasme.json'), '{ "name": "renamed", "language": "assemblyscript" }');
    await until(() => existsSync(join(dir, 'build', 'renamed.wasm')));
    expect(await stop()).toBe(130);
  });

  it('starts the compiler process again after it has died', async () => {
    const { dir, module, text, until, stop } = start('killed');
    await until(() => text.err.includes('watching'));
    setWish(dir);
    await until(() => existsSync(module));
    await stop();
  });

  it('does not rebuild endlessly if the module is written to a source folder', async () => {
    const { text, until, stop } = start(undefined, { build: { output: 'assembly/fake.wasm' } });
    await until(() => text.err.includes('watching'));
    await sleep(400);
    expect(builds(text.out)).toBe(1);
    await stop();
  });
});
