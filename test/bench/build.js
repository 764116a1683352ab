// `node test/bench/build.js`: what `wasme build` costs beside the bare compiler, an unchanged project, and a rebuild in
// --watch. Prints ratios of one run; seconds of different runs do not compare.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rounds = Number(process.env.WASME_BENCH_ROUNDS ?? 5);
const cli = join(import.meta.dirname, '..', '..', 'dist', 'commands', 'main.js');
const folder = mkdtempSync(join(tmpdir(), 'wasme-bench-'));
const project = join(folder, 'project');
const source = join(project, 'assembly', 'filter.ts');
const original = () => readFileSync(source, 'utf8').replace(/\n\/\/ bench .*\n$/, '\n');

/** Milliseconds of one run; ends the program when it fails. */
function time(program, ...args) {
  const started = performance.now();
  const { status, stderr } = spawnSync(program, args, { cwd: project, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - started;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Another source each time, so that neither the compiler nor we can take a short cut. */
function touch(round) {
  writeFileSync(source, `${original()}// bench ${round}\n`);
}

async function watchTimes() {
  const child = spawn(process.execPath, [cli, 'build', '--watch', '--json'], { cwd: project });
  const results = [];
  let text = '';
  let next = () => {};
  child.stdout.on('data', data => {
    text += data;
    for (let end = text.indexOf('\n}\n'); end >= 0; end = text.indexOf('\n}\n')) {
      results.push(JSON.parse(text.slice(0, end + 2)));
      text = text.slice(end + 3);
      next();
    }
  });
  const result = () => new Promise(resolve => (next = resolve));
  await result();
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await new Promise(resolve => setTimeout(resolve, 300));
    const started = performance.now();
    touch(`watch ${round}`);
    await result();
    times.push(performance.now() - started);
  }
  child.kill('SIGINT');
  await new Promise(resolve => child.once('exit', resolve));
  return times;
}

try {
  const init = ['init', project, '--language', 'assemblyscript', '--name', 'bench', '--install'];
  const made = spawnSync(process.execPath, [cli, ...init], { stdio: 'inherit' });
  if (made.status !== 0) process.exit(1);
  const asc = join(project, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
  const bare = [];
  const built = [];
  const unchanged = [];
  const node = [];
  for (let round = 0; round < rounds; round++) {
    touch(`bare ${round}`);
    bare.push(
      time(
        process.execPath,
        '--enable-source-maps',
        asc,
        '--target',
        'release',
        '--outFile',
        join(folder, 'bare.wasm'),
      ),
    );
    touch(`built ${round}`);
    built.push(time(process.execPath, cli, 'build'));
    unchanged.push(time(process.execPath, cli, 'build'));
    node.push(time(process.execPath, '-e', '0'));
  }
  const watch = await watchTimes();
  const cold = median(bare);
  const rows = [
    ['bare compiler (asc)', cold, ''],
    [
      'wasme build',
      median(built),
      `${(median(built) / cold).toFixed(2)} × bare, + ${Math.round(median(built) - cold)} ms`,
    ],
    [
      'wasme build, unchanged',
      median(unchanged),
      `${(median(unchanged) / median(node)).toFixed(1)} × node -e 0`,
    ],
    ['wasme build --watch, save to module', median(watch), `${(median(watch) / cold).toFixed(2)} × bare`],
  ];
  for (const [name, ms, note] of rows)
    console.log(`${name.padEnd(36)} ${ms.toFixed(0).padStart(6)} ms  ${note}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
