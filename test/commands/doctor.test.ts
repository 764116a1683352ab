/** `wasme doctor` with tools that only print their version: found, missing, too old, broken, and --fix. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DoctorResult, LanguageReport } from '../../src/doctor.ts';
import { languages } from '../../src/project/names.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { fakeProject } from '../helpers/projects/fake-project.ts';

/** Creates a machine whose PATH has only these programs: name → body of a shell script. */
function machineWith(programs: Readonly<Record<string, string>>): TestMachine {
  const machine = newMachine();
  const bin = join(machine.home, 'bin');
  mkdirSync(bin);
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  machine.env['PATH'] = bin;
  return machine;
}

const node = 'echo v22.11.0';
const npm = 'echo 10.9.0';

async function report(
  machine: TestMachine,
  language: string,
): Promise<{ exitCode: number; report: LanguageReport; all: DoctorResult }> {
  const { exitCode, stdout } = await machine.wasme('doctor', '--language', language, '--json');
  const all = JSON.parse(stdout) as DoctorResult;
  return { exitCode, report: all.languages[0]!, all };
}

describe('doctor', () => {
  it('reports every language if no tool is installed, and exits with 0', async () => {
    const { exitCode, stdout } = await machineWith({}).wasme('doctor', '--json');
    const result = JSON.parse(stdout) as DoctorResult;
    expect(exitCode).toBe(0);
    expect(result.languages.map(item => item.language).sort()).toEqual([...languages].sort());
    for (const { language, usable, variants } of result.languages) {
      expect(usable, language).toBe(false);
      const missing = variants
        .flatMap(({ tools }) => tools)
        .filter(tool => tool.status === 'missing' && !tool.optional);
      for (const tool of missing) expect(tool.fix, `${language}: ${tool.title}`).toBeTruthy();
    }
    expect((await machineWith({}).wasme('doctor')).stdout).toMatch(
      /✗ Node was not found on PATH\n {4}→ install Node/,
    );
  });

  it('shows a fix for several tools once, and no tool that a missing one would have to answer for', async () => {
    const { stdout } = await machineWith({ node, npm }).wasme('doctor', '-l', 'rust');
    const rust = stdout.split('\n').filter(line => line !== '' && !/Node|npm|wasm-opt/.test(line));
    expect(rust).toEqual([
      '✗ Rust',
      '  ✗ cargo was not found on PATH',
      '  ✗ rustc was not found on PATH',
      '      → install Rust with rustup (https://rustup.rs), then "rustup target add wasm32-wasip1"',
    ]);
  });

  it('installs compiler and target with one command for a rustup without a toolchain', async () => {
    const proxy = 'echo "error: rustup could not choose a version to run" >&2; exit 1';
    const machine = machineWith({ node, npm, rustup: 'exit 0', cargo: proxy, rustc: proxy });
    const { all } = await report(machine, 'rust');
    expect(all.fixes).toEqual([
      expect.stringContaining('rustup toolchain install stable --target wasm32-wasip1') as string,
    ]);
  });

  it('explains a clang without a C++ library for WASI, and shows any other failure of a clang', async () => {
    const missing =
      'echo clang version 19.1.7 >&2; echo "fatal error: \'cstddef\' file not found" >&2; exit 1';
    const bare = await report(machineWith({ node, npm, 'clang++': missing }), 'cpp');
    expect(bare.report.variants[0]?.tools[0]?.problem).toMatch(/: this clang has no C\+\+ library for WASI$/);
    const odd = 'echo clang version 19.1.7 >&2; echo "error: something else" >&2; exit 1';
    const other = await report(machineWith({ node, npm, 'clang++': odd }), 'cpp');
    expect(other.report.variants[0]?.tools[0]?.problem).toMatch(
      /ended with exit code 1: error: something else$/,
    );
  });

  it('offers nothing that needs npm if npm is missing', async () => {
    const { report: cpp, all } = await report(machineWith({ node }), 'cpp');
    expect(cpp.variants[1]?.tools[1]?.fix).toBe('npm comes with Node: https://nodejs.org');
    expect(all.fixes).toEqual([]);
  });

  it('finds AssemblyScript usable with Node alone, because each project installs the compiler', async () => {
    const { exitCode, report: found } = await report(machineWith({ node, npm }), 'assemblyscript');
    expect(exitCode).toBe(0);
    expect(found.usable).toBe(true);
    expect(found.variants[0]?.tools).toContainEqual({
      title: 'AssemblyScript compiler',
      status: 'with-project',
      optional: false,
    });
  });

  it('reports a tool as too old or broken, and exits with 1 if the language was named', async () => {
    const old = await report(machineWith({ node: 'echo v18.0.0', npm }), 'assemblyscript');
    expect(old.exitCode).toBe(1);
    expect(old.report.variants[0]?.tools[0]).toMatchObject({
      status: 'too-old',
      version: '18.0.0',
      problem: 'Node 18.0.0 is too old: 20.19.0 or newer is needed',
    });
    const broken = await report(
      machineWith({ node: 'echo cannot open shared object >&2; exit 127', npm }),
      'assemblyscript',
    );
    expect(broken.report.variants[0]?.tools[0]).toMatchObject({ status: 'broken' });
    expect(broken.report.variants[0]?.tools[0]?.problem).toContain(
      'ended with exit code 127: cannot open shared object',
    );
  });

  it('probes the packages of a project in the folder', async () => {
    const machine = machineWith({ node, npm });
    fakeProject(join(machine.cwd, 'p'));
    const inside = { ...machine, cwd: join(machine.cwd, 'p') };
    const { doctor } = await import('../../src/doctor.ts');
    const result = await doctor({ language: 'assemblyscript', dir: inside.cwd }, machine.system);
    expect(result.languages[0]?.variants[0]?.tools[1]).toMatchObject({ status: 'found', version: '0.28.20' });
  });

  it('runs with --fix, after confirmation, what needs no root, and probes again', async () => {
    const machine = machineWith({
      node,
      npm,
      rustc: 'case "$*" in *print*) echo "$HOME/lib" ;; *) echo rustc 1.90.0 ;; esac',
      cargo: 'echo cargo 1.90.0',
      rustup: '/bin/mkdir -p "$HOME/lib" && echo > "$HOME/lib/libcore-1.rlib" && echo "$@" > "$HOME/ran"',
    });
    const before = await report(machine, 'rust');
    expect(before).toMatchObject({ exitCode: 1, all: { fixes: ['rustup target add wasm32-wasip1'] } });
    const refused = await machine.wasme('doctor', '-l', 'rust', '--fix');
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('USAGE_NO_PROMPT') as string,
    });
    expect(existsSync(join(machine.home, 'ran'))).toBe(false);
    const fixed = await machine.wasme('doctor', '-l', 'rust', '--fix', '--yes');
    expect(fixed).toMatchObject({ exitCode: 0, stderr: '✓ rustup target add wasm32-wasip1\n' });
    expect(readFileSync(join(machine.home, 'ran'), 'utf8')).toBe('target add wasm32-wasip1\n');
  });

  it('shows the output of a --fix that failed', async () => {
    const machine = machineWith({
      node,
      npm,
      rustc: 'case "$*" in *print*) echo "$HOME/lib" ;; *) echo rustc 1.90.0 ;; esac',
      cargo: 'echo cargo 1.90.0',
      rustup: 'echo could not download >&2; exit 1',
    });
    const { exitCode, stderr } = await machine.wasme('doctor', '-l', 'rust', '--fix', '--yes');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'error[TOOL_FAILED]: rustup target add wasm32-wasip1 failed with exit code 1:\n  could not download',
    );
  });

  it('lets an older Go download a newer one with --fix, and finds that one afterwards', async () => {
    const machine = machineWith({
      node,
      npm,
      go: `case "$GOTOOLCHAIN $*" in
        "go1.26.0 version") echo > "$HOME/fetched" ;;
        *" env -w GOTOOLCHAIN=go1.26.0+auto") [ -e "$HOME/fetched" ] && echo > "$HOME/set" ;;
        "local env GOVERSION") echo go1.22.1 ;;
        *" env GOVERSION") if [ -e "$HOME/set" ]; then echo go1.26.0; else echo go1.22.1; fi ;;
      esac`,
    });
    const before = await report(machine, 'go');
    expect(before.report.variants[0]?.tools[0]?.problem).toBe(
      'Go 1.22.1 is too old: 1.24.0 or newer is needed',
    );
    const { exitCode, stdout, stderr } = await machine.wasme('doctor', '-l', 'go', '--fix', '--yes');
    expect(stderr).toMatch(/^✓ GOTOOLCHAIN=go1\.26\.0 go version && go env -w GOTOOLCHAIN=go1\.26\.0\+auto/);
    expect(stdout).toContain('✓ Go  1.26.0');
    expect(exitCode).toBe(0);
  });

  it('fails with NETWORK if --fix cannot reach a server', async () => {
    const machine = machineWith({
      node,
      npm: 'case $1 in install) echo "npm error code ENOTFOUND" >&2; exit 1 ;; *) echo 10.9.0 ;; esac',
    });
    const { exitCode, stderr } = await machine.wasme('doctor', '-l', 'cpp', '--fix', '--yes');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error\[NETWORK\]: npm install .* failed[^]*\nhelp: .*HTTPS_PROXY/);
  });

  it('exits with 2 for an unknown language', async () => {
    expect((await machineWith({}).wasme('doctor', '-l', 'cobol')).exitCode).toBe(2);
  });
});
