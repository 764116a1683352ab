/** Before any test: dist/ is the build of this source, for the tests that start the real program. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Type errors do not stop it (the compiler still emits): they are `npm run check`'s to report. */
export default function setup(): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const buildInfo = join(root, 'dist', '.tsbuildinfo');
  spawnSync(process.execPath, [tsc, '--incremental', '--tsBuildInfoFile', buildInfo, '--pretty', 'false'], {
    cwd: root,
    stdio: 'ignore',
  });
}
