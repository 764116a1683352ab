/** Before any test: dist/ is the build of this source, for the tests that start the real program. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './tree.ts';

/** `npm test` has built it already. Types are `npm run check`'s to look at. */
export default function setup(): void {
  if (process.env['WASME_TEST_RESULTS'] !== undefined) return;
  execFileSync(process.execPath, [join(root, '.config', 'bundle.js')]);
}
