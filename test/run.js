// `npm test`: installs what it needs, builds, runs every test that can run here, and closes with a table of what was
// skipped and why. WASME_REQUIRE=all turns a missing tool into a failure. Arguments go to vitest as filters.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'wasme-results-'));
const resultFile = join(scratch, 'results.json');

/** Runs a program here with our streams; gives its exit code. */
function step(program, args, env = {}) {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  return status ?? 1;
}

function orStop(status) {
  if (status !== 0) process.exit(status);
}

if (!existsSync(join(root, 'node_modules', 'vitest'))) orStop(step('npm', ['install', '--no-save']));
orStop(step('npm', ['run', '--silent', 'build']));

const status = step(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    `--reporter=${join(root, 'test', 'helpers', 'result-reporter.ts')}`,
    ...process.argv.slice(2),
  ],
  { WASME_TEST_RESULTS: resultFile },
);

const results = existsSync(resultFile)
  ? JSON.parse(readFileSync(resultFile, 'utf8'))
  : { passed: 0, failed: 1, skipped: [] };
rmSync(scratch, { recursive: true, force: true });

if (results.skipped.length > 0) {
  console.log('\nSkipped, and why:');
  for (const { title, reason } of results.skipped) console.log(`  ${title}\n    ${reason}`);
}
// A suite that could not even be read has no test to count, yet the run failed.
const failed = status !== 0 && results.failed === 0 ? 1 : results.failed;
console.log(`\n${results.passed} passed, ${failed} failed, ${results.skipped.length} skipped`);
process.exitCode = failed > 0 ? 1 : status;
