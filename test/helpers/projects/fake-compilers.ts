/** A small project of every language, on a PATH where test/fixtures/bin/compiler.js stands in for its compiler. */
import { appendFileSync, chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Language } from '../../../src/project/names.ts';
import { type TestMachine, newMachine } from '../cli/cli.ts';
import { guestFile } from '../guests/guests.ts';
import { root } from '../tree.ts';

/** Ways in which the fake compiler can misbehave in a build; undefined: it builds. */
export type CompilerWish =
  | 'error'
  | 'silent'
  | 'killed'
  | 'nothing'
  | 'garbage'
  | 'network'
  | 'slow'
  | 'wrong target'
  | undefined;

export interface FakeLanguage {
  readonly language: Language;
  /** The name in messages. */
  readonly title: string;
  /** Programs without which it cannot be built. All but Node are fakes; the first is the compiler, or runs it. */
  readonly programs: readonly string[];
  /** The compiler, if it is an npm package of the project: its name, and a current and a too old version. */
  readonly package?: {
    readonly name: string;
    readonly program: string;
    readonly versions: readonly string[];
  };
  /** Name → content; all that `wasme build` needs besides wasme.json to recognise and build the project. */
  readonly files: Readonly<Record<string, string>>;
  /** Position at which the compiler reports the error in `files`. */
  readonly place: string;
  /** True if its compiler downloads the dependencies of a project. */
  readonly downloads: boolean;
  /** True if a project without wasme.json is recognised; a go.mod is taken for Go. */
  readonly detected: boolean;
  /** An environment variable that changes what the compiler builds. */
  readonly variable: string;
  /** A file outside the project that changes what the compiler builds, relative to the home folder. */
  readonly setting?: string;
}

const source = 'line 1\n  return nothing;\n';

export const fakeLanguages: Readonly<Record<Language, FakeLanguage>> = {
  assemblyscript: {
    language: 'assemblyscript',
    title: 'AssemblyScript',
    programs: ['node'],
    package: { name: 'assemblyscript', program: 'asc', versions: ['0.28.20', '0.19.2'] },
    files: { 'asconfig.json': '{}', 'package.json': '{ "type": "module" }', 'assembly/index.ts': source },
    place: 'assembly/index.ts:2:10: error: ',
    downloads: false,
    detected: true,
    variable: 'NODE_OPTIONS',
    setting: '../work/node_modules/.package-lock.json',
  },
  rust: {
    language: 'rust',
    title: 'Rust',
    programs: ['cargo', 'rustc'],
    files: { 'Cargo.toml': '', 'src/lib.rs': source },
    place: 'src/lib.rs:2:10: error: ',
    downloads: true,
    detected: true,
    variable: 'RUSTFLAGS',
    setting: '.rustup/settings.toml',
  },
  cpp: {
    language: 'cpp',
    title: 'C++',
    programs: ['clang++-19'],
    files: { 'CMakeLists.txt': '', 'filter.cc': source },
    place: 'filter.cc:2:10: error: ',
    downloads: false,
    detected: true,
    variable: 'CPLUS_INCLUDE_PATH',
  },
  tinygo: {
    language: 'tinygo',
    title: 'TinyGo',
    programs: ['tinygo', 'go'],
    files: { 'go.mod': '', 'main.go': source },
    place: 'main.go:2:10: error: ',
    downloads: true,
    detected: false,
    variable: 'TINYGOROOT',
    setting: '.config/go/env',
  },
  go: {
    language: 'go',
    title: 'Go',
    programs: ['go'],
    files: { 'go.mod': '', 'main.go': source },
    place: 'main.go:2:10: error: ',
    downloads: true,
    detected: true,
    variable: 'GOFLAGS',
    setting: '.config/go/env',
  },
};

export interface CompilerMachine extends TestMachine {
  /** From now on the compiler does this. */
  wish(wish: CompilerWish): void;
  /** Replaces the compiler by one of a version that is too old. */
  old(): void;
  /** Replaces the compiler by another one of a version that is fine. */
  upgrade(): void;
  remove(program: string): void;
}

/** Creates a machine whose PATH has only the programs of the language and Node, and a project in the folder `dir`. */
export function compilerMachine(
  { language, programs, package: npmPackage, files }: FakeLanguage,
  dir: string,
  options: { signal?: AbortSignal } = {},
): CompilerMachine {
  const machine = newMachine(options);
  const bin = join(machine.home, 'bin');
  mkdirSync(bin);
  machine.env['PATH'] = bin;
  machine.env['FAKE_MODULE'] = guestFile(machine.home, 'minimal');
  symlinkSync(process.execPath, join(bin, 'node'));
  const script = join(root, 'test', 'fixtures', 'bin', 'compiler.js');
  for (const program of programs.filter(name => name !== 'node')) {
    const path = join(bin, program);
    writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${script}" ${program} "$@"\n`);
    chmodSync(path, 0o755);
  }
  const project = join(machine.cwd, dir);
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  };
  const putVersion = (version = ''): void => {
    if (npmPackage === undefined) return;
    put(`node_modules/${npmPackage.name}/package.json`, JSON.stringify({ type: 'module', version }));
    // As npm does when it installs a package.
    put('node_modules/.package-lock.json', JSON.stringify({ version }));
  };
  for (const [name, text] of Object.entries(files)) put(name, text);
  put('wasme.json', JSON.stringify({ name: 'f', language }));
  if (npmPackage !== undefined) {
    const { name, program } = npmPackage;
    const forward = `process.argv.splice(2, 0, '${program}');\nawait import(${JSON.stringify(script)});\n`;
    put(`node_modules/${name}/bin/${program}.js`, forward);
  }
  putVersion(npmPackage?.versions[0]);
  return Object.assign(machine, {
    wish: (wish: CompilerWish) => (machine.env['FAKE_WISH'] = wish),
    old: () => {
      machine.env['FAKE_OLD'] = 'yes';
      putVersion(npmPackage?.versions[1]);
    },
    upgrade: () => {
      if (npmPackage === undefined) appendFileSync(join(bin, programs[0] ?? ''), '# upgraded\n');
      else putVersion(`${npmPackage.versions[0]}0`);
    },
    remove: (program: string) => rmSync(join(bin, program)),
  });
}
