/** Projects of the languages with compilers of their own, on a PATH where test/fixtures/bin/compiler.js stands in for those. */
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type World, newWorld } from './cli.ts';
import { guestFile } from './guests.ts';
import { root } from './tree.ts';

/** undefined: it builds. */
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
  readonly language: 'rust' | 'cpp' | 'tinygo' | 'go';
  /** As people write it. */
  readonly title: string;
  /** Programs that are looked for; the first is the compiler. */
  readonly programs: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** The file with the error, and where it is. */
  readonly place: string;
  /** A variable that the compiler goes by. */
  readonly variable: string;
  /** A file of settings in the person's home that it goes by. */
  readonly setting?: string;
}

const source = 'line 1\n  return nothing;\n';
export const fakeLanguages: readonly FakeLanguage[] = [
  {
    language: 'rust',
    title: 'Rust',
    programs: ['cargo', 'rustc'],
    files: { 'Cargo.toml': '', 'src/lib.rs': source },
    place: 'src/lib.rs:2:10: error: ',
    variable: 'RUSTFLAGS',
    setting: '.rustup/settings.toml',
  },
  {
    language: 'cpp',
    title: 'C++',
    programs: ['clang++-19'],
    files: { 'CMakeLists.txt': '', 'filter.cc': source },
    place: 'filter.cc:2:10: error: ',
    variable: 'CPLUS_INCLUDE_PATH',
  },
  {
    language: 'tinygo',
    title: 'TinyGo',
    programs: ['tinygo', 'go'],
    files: { 'go.mod': '', 'main.go': source },
    place: 'main.go:2:10: error: ',
    variable: 'TINYGOROOT',
    setting: '.config/go/env',
  },
  {
    language: 'go',
    title: 'Go',
    programs: ['go'],
    files: { 'go.mod': '', 'main.go': source },
    place: 'main.go:2:10: error: ',
    variable: 'GOFLAGS',
    setting: '.config/go/env',
  },
];

/** A world whose PATH has only the language's programs, and a project of it in the folder `dir`. */
export function compilerWorld(
  { language, programs, files }: FakeLanguage,
  dir: string,
  options: { signal?: AbortSignal } = {},
): World & { wish(wish: CompilerWish): void; old(): void; remove(program: string): void } {
  const world = newWorld(options);
  const bin = join(world.home, 'bin');
  mkdirSync(bin);
  world.env['PATH'] = bin;
  world.env['FAKE_MODULE'] = guestFile(world.home, 'minimal');
  symlinkSync(process.execPath, join(bin, 'node'));
  const script = join(root, 'test', 'fixtures', 'bin', 'compiler.js');
  for (const program of programs) {
    const path = join(bin, program);
    writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${script}" ${program} "$@"\n`);
    chmodSync(path, 0o755);
  }
  const project = join(world.cwd, dir);
  for (const [name, text] of Object.entries({
    ...files,
    'wasme.json': JSON.stringify({ name: 'f', language }),
  })) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  }
  return Object.assign(world, {
    wish: (wish: CompilerWish) => (world.env['FAKE_WISH'] = wish),
    old: () => (world.env['FAKE_OLD'] = 'yes'),
    remove: (program: string) => rmSync(join(bin, program)),
  });
}
