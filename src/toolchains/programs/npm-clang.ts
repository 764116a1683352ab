/** The program that runs npm's clang (@yowasp/clang), which works on files in memory: reads sources, compiles, writes the module. */

/**
 * Arguments: folder of the package, and JSON { compile, link, sources, sdk, imports, output }. The whole project's headers
 * are put before the compiler, since which of them a source includes is not known beforehand; absolute folders keep
 * their path below `/`.
 */
export const clangScript = `
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import * as self from 'node:process';
import { pathToFileURL } from 'node:url';

const [packageDir, text] = self.argv.slice(1);
const { compile, link, sources, sdk, imports, output } = JSON.parse(text);
const { commands, Exit } = await import(pathToFileURL(join(packageDir, 'gen', 'bundle.js')));
const files = {};

// Files outside the project get a place of their own, because the compiler sees one folder only.
const inside = path => (isAbsolute(path) ? '_outside' + path.replaceAll('\\\\', '/').replace(':', '') : path);

function put(path) {
  const parts = inside(path).split('/').filter(part => part !== '' && part !== '.');
  const name = parts.pop();
  let folder = files;
  for (const part of parts) folder = folder[part] ??= {};
  folder[name] = readFileSync(path);
}

function putFolder(dir) {
  for (const name of readdirSync(dir)) {
    if (name.startsWith('.') || ['node_modules', 'build', 'test'].includes(name)) continue;
    const path = dir === '.' ? name : join(dir, name);
    if (statSync(path).isDirectory()) putFolder(path);
    else if (/\\.(cc|cpp|cxx|c|h|hh|hpp|hxx|inc|ipp)$/.test(name)) put(path);
  }
}

putFolder('.');
putFolder(sdk);
sources.forEach(put);
imports.forEach(put);

const write = bytes => bytes && self.stderr.write(Buffer.from(bytes));
const relocate = flag =>
  flag.replace(/^(-I|-Wl,--allow-undefined-file=)(.*)$/, (whole, head, path) => head + inside(path));
async function clang(args) {
  const tree = await commands['clang++'](args.map(relocate), files, { stdout: write, stderr: write });
  Object.assign(files, tree);
}

try {
  const objects = sources.map((source, index) => index + '.o');
  for (const [index, source] of sources.entries()) await clang([...compile, '-c', inside(source), '-o', objects[index]]);
  await clang([...link, ...objects, '-o', 'module.wasm']);
  writeFileSync(output, files['module.wasm']);
} catch (error) {
  if (!(error instanceof Exit)) throw error;
  self.exit(error.code || 1);
}
`;
