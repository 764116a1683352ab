// node test/bench/startup.js [rounds]: what starting `wasme` costs beside an empty Node process, as whole processes.
// Needs dist/ (npm run build). Medians of runs that take turns, so that other work on the machine hits all alike.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './environment.js';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'commands', 'main.cjs');
const rounds = Number(process.argv[2] ?? process.env.WASME_BENCH_ROUNDS ?? 15);
const folder = mkdtempSync(join(tmpdir(), 'wasme-bench-'));
const env = { ...process.env, HOME: folder, WASME_HOME: join(folder, 'wasme') };

const commands = [
  ['node -e 0', ['-e', '0']],
  ['wasme --version', [cli, '--version']],
  ['wasme --help', [cli, '--help']],
  ['wasme run --help', [cli, 'run', '--help']],
  ['wasme list (empty store)', [cli, 'list']],
];

function time(args) {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - startedMs;
}

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];

try {
  const times = commands.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    // The first round fills caches of the system and, on newer Node, the compile cache.
    commands.forEach(([, args], index) => {
      const ms = time(args);
      if (round > 0) times[index].push(ms);
    });
  }
  const bare = median(times[0]);
  commands.forEach(([name], index) => {
    const ms = median(times[index]);
    console.log(`${name.padEnd(28)} ${ms.toFixed(0).padStart(5)} ms  ${(ms / bare).toFixed(2)} × node -e 0`);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
