/** Errors of real compilers reach the user with the place, the line and the caret, or with what is missing. */
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { build } from '../../../src/build.ts';
import type { WasmeError } from '../../../src/errors.ts';
import { init } from '../../../src/init.ts';
import type { Language } from '../../../src/project/names.ts';
import { sharePackages, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { compilerContext, compilers } from '../../helpers/projects/compilers.ts';
import { describeWith, toolsDir } from '../../helpers/tools.ts';

const folder = sharedFolder();
const timeoutMs = 300_000;

async function made(language: Language, name: string): Promise<string> {
  const dir = join(folder, name);
  await init({ dir, name: 'my-filter', language }, compilerContext);
  if (language === 'assemblyscript') await sharePackages(folder, dir);
  return dir;
}

/** Compilers that ask for none of these print plain text into a pipe; in CI or by a person's wish it is coloured, with a bar, or JSON. */
const colored = {
  ...{ CI: 'true', FORCE_COLOR: '1', CLICOLOR_FORCE: '1' },
  ...{ CARGO_TERM_PROGRESS_WHEN: 'always', CARGO_TERM_PROGRESS_WIDTH: '60' },
  GOFLAGS: '-json',
};

const env = (more: Readonly<Record<string, string>>) => ({
  ...compilerContext,
  env: { ...compilerContext.env, ...more },
});

/** The last line of a file has the fault, after a letter of two bytes. */
const faults: readonly {
  readonly language: Language;
  readonly file: string;
  readonly line: string;
  readonly toolchain?: 'npm';
}[] = [
  { language: 'assemblyscript', file: 'assembly/filter.ts', line: 'export const x: string = "ö" + missing;' },
  { language: 'rust', file: 'src/lib.rs', line: 'pub fn x() -> String { format!("ö") + missing }' },
  { language: 'cpp', file: 'filter.cc', line: 'std::string x() { return "ö" + missing; }' },
  {
    language: 'cpp',
    file: 'filter.cc',
    line: 'std::string x() { return "ö" + missing; }',
    toolchain: 'npm',
  },
  { language: 'tinygo', file: 'main.go', line: 'var x = "ö" + missing' },
  { language: 'go', file: 'main.go', line: 'var x = "ö" + missing' },
];

describe.each(faults)('$language, $file', ({ language, file, line, toolchain }) => {
  const needs = toolchain === 'npm' ? (['clang-npm'] as const) : compilers[language];
  describeWith(needs, 'an error in the source', () => {
    it(
      'is shown with file, line, column and caret',
      async () => {
        const dir = await made(language, `fault-${language}-${toolchain ?? ''}`);
        appendFileSync(join(dir, ...file.split('/')), `${line}\n`);
        const system =
          toolchain === 'npm'
            ? env({ ...colored, XDG_CACHE_HOME: join(toolsDir, 'npm-clang') })
            : env(colored);
        const error = await build({ dir, toolchain }, system).catch(
          (thrown: unknown) => thrown as WasmeError,
        );
        expect(error).toMatchObject({ code: 'BUILD_FAILED' });
        const [head = '', source = '', caret = ''] = (error as WasmeError).message.split('\n').slice(1);
        expect(head).toMatch(new RegExp(`^${file.replaceAll('.', '\\.')}:\\d+:\\d+: error: .*missing`));
        expect(source.endsWith(line)).toBe(true);
        expect(caret.indexOf('^')).toBe(source.indexOf('missing'));
      },
      timeoutMs,
    );
  });
});

/** Nothing listens there. */
const nobody = 'http://127.0.0.1:9';

describe.each([
  [
    'rust',
    'Cargo.lock',
    { CARGO_HTTP_PROXY: nobody, CARGO_NET_RETRY: '0', CARGO_HOME: join(folder, 'cargo') },
  ],
  ['go', '', { GOPROXY: nobody, GOMODCACHE: join(folder, 'modules') }],
  ['tinygo', '', { GOPROXY: nobody, GOMODCACHE: join(folder, 'modules') }],
] as const)('%s', (language, lock, variables) => {
  describeWith(compilers[language], 'packages that cannot be fetched', () => {
    it(
      'are told as the network',
      async () => {
        const dir = await made(language, `network-${language}`);
        if (lock !== '') rmSync(join(dir, lock), { force: true });
        await expect(build({ dir }, env(variables))).rejects.toMatchObject({ code: 'NETWORK' });
      },
      timeoutMs,
    );
  });
});
