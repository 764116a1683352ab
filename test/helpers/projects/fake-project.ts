/** An AssemblyScript project whose compiler is test/fixtures/npm/assemblyscript: builds in milliseconds. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guest } from '../guests/guests.ts';
import { root } from '../tree.ts';

/** Instruction to the fake compiler, see its source; undefined: it builds. */
export type FakeWish =
  | 'error'
  | 'packages missing'
  | 'warning'
  | 'silent'
  | 'killed'
  | 'nothing'
  | 'garbage'
  | 'truncated'
  | 'foreign'
  | 'slow'
  | 'network';

/** Makes the project in the new folder `dir`. */
export function fakeProject(dir: string, wish?: FakeWish, project: object = {}): string {
  mkdirSync(join(dir, 'assembly'), { recursive: true });
  setWish(dir, wish);
  writeFileSync(join(dir, 'asconfig.json'), '{ "entries": ["assembly/index.ts"] }');
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(dir, 'wasme.json'),
    JSON.stringify({ name: 'fake', language: 'assemblyscript', ...project }),
  );
  const compiler = join(dir, 'node_modules', 'assemblyscript');
  cpSync(join(root, 'test', 'fixtures', 'npm', 'assemblyscript'), compiler, { recursive: true });
  writeFileSync(join(compiler, 'minimal.wasm'), guest('minimal'));
  writeFileSync(join(compiler, 'foreign.wasm'), guest('minimal', { proxy_abi_version_0_2_1: 'other' }));
  return dir;
}

/** Writes the source; `text` makes it another one. */
export function setWish(dir: string, wish?: FakeWish, text = ''): void {
  writeFileSync(
    join(dir, 'assembly', 'index.ts'),
    `// ${wish === undefined ? text : `fake: ${wish}`}\nfunction f() {\n  return confg;\n}\n`,
  );
}
