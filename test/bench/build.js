// `node test/bench/build.js`: what `wasme build` costs beside the bare commands of its plan, in every language whose
// compiler is there; an unchanged project; and a rebuild of AssemblyScript in --watch. Prints ratios of one run; seconds
// of different runs do not compare.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { network } from './environment.js';

const rounds = Number(process.env.WASME_BENCH_ROUNDS ?? 5);
const cli = join(import.meta.dirname, '..', '..', 'dist', 'commands', 'main.cjs');
const folder = mkdtempSync(join(tmpdir(), 'wasme-bench-'));
/** Language → the source that is changed before each build. */
const sources = {
  assemblyscript: 'assembly/filter.ts',
  rust: 'src/lib.rs',
  cpp: 'filter.cc',
  go: 'main.go',
  tinygo: 'main.go',
};
const asked = (process.env.WASME_BENCH_LANGUAGES ?? Object.keys(sources).join(',')).split(',');

/** Output of a program; ends the benchmark when it fails. */
function run(cwd, program, ...args) {
  return runWith(process.env, cwd, program, ...args);
}

function runWith(env, cwd, program, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Milliseconds of one run. */
function time(...command) {
  const started = performance.now();
  run(...command);
  return performance.now() - started;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Another source each time, so that neither the compiler nor we can take a short cut. */
function touch(file, mark) {
  const original = readFileSync(file, 'utf8').replace(/\n\/\/ bench .*\n$/, '\n');
  writeFileSync(file, `${original}// bench ${mark}\n`);
}

function report(name, ms, note = '') {
  console.log(`${name.padEnd(44)} ${ms.toFixed(0).padStart(6)} ms  ${note}`);
}

/** Bare commands and `wasme build` in turns; gives the bare time. */
function compare(language, project) {
  const source = join(project, sources[language]);
  const { commands } = JSON.parse(run(project, process.execPath, cli, 'build', '--dry-run', '--json'));
  // Once before: what is compiled for all projects, and the folders that the commands write to.
  runWith(network, project, process.execPath, cli, 'build');
  const bare = [];
  const built = [];
  const unchanged = [];
  for (let round = 0; round < rounds; round++) {
    touch(source, `bare ${round}`);
    bare.push(time(project, 'sh', '-c', commands.join(' && ')));
    touch(source, `built ${round}`);
    built.push(time(project, process.execPath, cli, 'build'));
    unchanged.push(time(project, process.execPath, cli, 'build'));
  }
  const cold = median(bare);
  const more = median(built) - cold;
  report(`${language}: bare commands`, cold);
  report(
    `${language}: wasme build`,
    median(built),
    `${(median(built) / cold).toFixed(2)} × bare, ${more < 0 ? '-' : '+'} ${Math.abs(Math.round(more))} ms`,
  );
  report(`${language}: wasme build, unchanged`, median(unchanged));
  return cold;
}

/** From a save to the new module, with the compiler kept running. The first save is not counted: it may come while it warms up. */
async function watchTimes(project) {
  const child = spawn(process.execPath, [cli, 'build', '--watch', '--json'], { cwd: project });
  let text = '';
  let next = () => {};
  child.stdout.on('data', data => {
    text += data;
    for (let end = text.indexOf('\n}\n'); end >= 0; end = text.indexOf('\n}\n')) {
      text = text.slice(end + 3);
      next();
    }
  });
  const result = () => new Promise(resolve => (next = resolve));
  await result();
  const times = [];
  for (let round = 0; round <= rounds; round++) {
    await new Promise(resolve => setTimeout(resolve, 300));
    const started = performance.now();
    touch(join(project, sources.assemblyscript), `watch ${round}`);
    await result();
    if (round > 0) times.push(performance.now() - started);
  }
  child.kill('SIGINT');
  await new Promise(resolve => child.once('exit', resolve));
  return times;
}

try {
  report(
    'node -e 0',
    median(Array.from({ length: rounds }, () => time(folder, process.execPath, '-e', '0'))),
  );
  for (const language of asked) {
    const { status } = spawnSync(process.execPath, [cli, 'doctor', '--language', language], { cwd: folder });
    if (status !== 0) {
      console.log(`${language}: no compiler here, left out`);
      continue;
    }
    const project = join(folder, language);
    runWith(
      network,
      folder,
      process.execPath,
      cli,
      'init',
      project,
      '-l',
      language,
      '--name',
      'bench',
      '--install',
    );
    const cold = compare(language, project);
    if (language !== 'assemblyscript') continue;
    const saved = median(await watchTimes(project));
    report('assemblyscript: --watch, save to module', saved, `${(saved / cold).toFixed(2)} × bare`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
