// `npm run bench [-- name…]`: runs the benchmarks in this folder one after the other and prints what they print. One that
// cannot run here (a tool is missing) is told with its reason and fails the whole at the end. Nothing is asserted.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { bundled } from './programs.js';

const root = join(import.meta.dirname, '..', '..');
/** Programs that other benchmarks start. */
const pieces = [
  basename(import.meta.filename),
  'environment.js',
  'plain-proxy.ts',
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
if (spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' }).status !== 0)
  process.exit(1);
const failed = [];
for (const name of scripts) {
  const load = loadavg()[0].toFixed(1);
  console.log(`\n${name} (Node ${process.versions.node}, ${availableParallelism()} cores, load ${load})`);
  const file = name.endsWith('.ts') ? await bundled(name) : join(import.meta.dirname, name);
  const operands = name.startsWith('run-') ? [await guest('header')] : [];
  if (node(file, ...operands) !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`\nnot measured: ${failed.join(', ')}`);
  process.exitCode = 1;
}
