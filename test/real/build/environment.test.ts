/** Variables and settings of a person's machine that compilers go by: each project gets its own module, and a new one when it changed. */
import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { build } from '../../../src/build.ts';
import type { BuildResult } from '../../../src/build.ts';
import { init } from '../../../src/init.ts';
import type { Language } from '../../../src/project/names.ts';
import { sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { compilerContext, compilers } from '../../helpers/projects/compilers.ts';
import { describeWith } from '../../helpers/tools.ts';

const folder = sharedFolder();
const timeoutMs = 300_000;

async function made(language: Language, name: string): Promise<string> {
  const dir = join(folder, name);
  await init({ dir, name: 'my-filter', language }, compilerContext);
  return dir;
}

const built = async (dir: string, env: Readonly<Record<string, string>> = {}): Promise<BuildResult> =>
  build({ dir }, { ...compilerContext, env: { ...compilerContext.env, ...env } });

describeWith(compilers.rust, 'Rust: CARGO_TARGET_DIR', () => {
  it(
    'in one project and shared with another of the same name: nothing is built twice, nor taken for the other',
    async () => {
      const [mine, other] = [await made('rust', 'mine'), await made('rust', 'other')];
      const source = join(other, 'src', 'lib.rs');
      appendFileSync(source, '#[no_mangle]\npub extern "C" fn only_in_other() {}\n');
      // Written before the first project was built, as cargo sees it.
      utimesSync(source, 1, 1);
      const env = { CARGO_TARGET_DIR: join(mine, 'results') };
      const first = await built(mine, env);
      expect(await built(mine, env)).toMatchObject({ upToDate: true, sha256: first.sha256 });
      expect((await built(other, env)).sha256).not.toBe(first.sha256);
    },
    timeoutMs,
  );
});

describeWith(compilers.go, 'Go', () => {
  it(
    'CGO_ENABLED, which means nothing to WebAssembly, makes no other module',
    async () => {
      const dir = await made('go', 'cgo');
      const { sha256 } = await built(dir, { CGO_ENABLED: '0' });
      expect((await built(dir, { CGO_ENABLED: '1' })).sha256).toBe(sha256);
    },
    timeoutMs,
  );

  it.each(['go', 'tinygo'] as const)(
    '%s: modules of a workspace are sources of what uses them',
    async language => {
      const dir = await made(language, join(language, 'filter'));
      const used = join(folder, language, 'used');
      mkdirSync(used);
      writeFileSync(join(used, 'go.mod'), 'module example.com/used\n\ngo 1.24\n');
      writeFileSync(join(used, 'used.go'), 'package used\n\nvar Text = "one"\n');
      writeFileSync(join(folder, language, 'go.work'), 'go 1.24\n\nuse (\n\t./filter\n\t./used\n)\n');
      writeFileSync(
        join(dir, 'use.go'),
        'package main\n\nimport "example.com/used"\n\nfunc init() { println(used.Text) }\n',
      );
      const first = await built(dir);
      expect(await built(dir)).toMatchObject({ upToDate: true });
      writeFileSync(join(used, 'used.go'), 'package used\n\nvar Text = "two"\n');
      const second = await built(dir);
      expect(second.upToDate).toBe(false);
      expect(second.sha256).not.toBe(first.sha256);
    },
    timeoutMs,
  );
});
