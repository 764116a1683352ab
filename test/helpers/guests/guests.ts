/** Guests written as text: test/fixtures/guests/<name>.wat → module bytes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import wabt from 'wabt';
import { root } from '../tree.ts';

const compiler = await wabt();
const compiled = new Map<string, Uint8Array>();

/** Module of test/fixtures/guests/<name>.wat. `replace` changes words of the text first: variants of one guest. */
export function guest(name: string, replace: Readonly<Record<string, string>> = {}): Uint8Array {
  const key = `${name} ${JSON.stringify(replace)}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  let text = readFileSync(join(root, 'test', 'fixtures', 'guests', `${name}.wat`), 'utf8');
  for (const [from, to] of Object.entries(replace)) text = text.replaceAll(from, to);
  const module = compiler.parseWat(`${name}.wat`, text, { exceptions: true });
  const { buffer } = module.toBinary({ write_debug_names: true });
  module.destroy();
  compiled.set(key, buffer);
  return buffer;
}

/** Module of WebAssembly text, for a guest that only one test needs. */
export function compileWat(text: string): Uint8Array {
  const module = compiler.parseWat('inline.wat', text, { exceptions: true, threads: true });
  const { buffer } = module.toBinary({ write_debug_names: true });
  module.destroy();
  return buffer;
}

/** The same, written to `folder`; gives the path. */
export function guestFile(folder: string, name: string, replace?: Readonly<Record<string, string>>): string {
  const path = join(folder, `${name}.wasm`);
  writeFileSync(path, guest(name, replace));
  return path;
}
