// `npm run bench [-- name…]`: runs the benchmarks in this folder one after the other and prints what they print. One that
// cannot run here (a tool is missing) is told with its reason and fails the whole at the end. Nothing is asserted.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** Programs that other benchmarks start. */
const pieces = [
  basename(import.meta.filename),
  'plain-proxy.js',
  'programs.js',
  'thin-proxy.js',
  'upstream.js',
];
const wanted = process.argv.slice(2);
const scripts = readdirSync(import.meta.dirname)
  .filter(name => /\.(js|ts)$/.test(name) && !pieces.includes(name))
  .filter(name => wanted.length === 0 || wanted.includes(name.replace(/\.\w+$/, '')));

/** Runs Node with our streams; gives its exit code. */
function node(...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** A benchmark in TypeScript as JavaScript, with what it imports, beside node_modules so that packages are found. */
function compiled(name) {
  const out = join(root, 'node_modules', '.cache', 'wasme-bench');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'package.json'), '{"type": "module"}');
  writeFileSync(
    join(out, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'test', 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        incremental: false,
        declaration: false,
        rootDir: root,
        outDir: out,
        typeRoots: [join(root, 'node_modules', '@types')],
        rewriteRelativeImportExtensions: true,
      },
      files: [join(import.meta.dirname, name), join(root, 'src', 'host', 'webassembly.d.ts')],
      include: [],
    }),
  );
  if (node(tsc, '-p', join(out, 'tsconfig.json')) !== 0) return undefined;
  cpSync(join(root, 'test', 'fixtures', 'guests'), join(out, 'test', 'fixtures', 'guests'), {
    recursive: true,
  });
  return join(out, 'test', 'bench', name.replace(/ts$/, 'js'));
}

/** A guest of the tests as a module: the filter that proxies are compared with. */
async function guest(name) {
  const { default: load } = await import('wabt');
  const text = readFileSync(join(root, 'test', 'fixtures', 'guests', `${name}.wat`), 'utf8');
  const file = join(root, 'node_modules', '.cache', `wasme-bench-${name}.wasm`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, (await load()).parseWat(name, text, { exceptions: true }).toBinary({}).buffer);
  return file;
}

if (scripts.length === 0) {
  console.error(`no benchmark of that name: ${wanted.join(', ')}`);
  process.exit(2);
}
rmSync(join(root, 'dist'), { recursive: true, force: true });
if (node(tsc, '-p', join(root, 'tsconfig.json')) !== 0) process.exit(1);
const failed = [];
for (const name of scripts) {
  const load = loadavg()[0].toFixed(1);
  console.log(`\n${name} (Node ${process.versions.node}, ${availableParallelism()} cores, load ${load})`);
  const file = name.endsWith('.ts') ? compiled(name) : join(import.meta.dirname, name);
  const operands = name.startsWith('run-') ? [await guest('header')] : [];
  if (file === undefined || node(file, ...operands) !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`\nnot measured: ${failed.join(', ')}`);
  process.exitCode = 1;
}
