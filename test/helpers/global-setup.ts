/** Before any test: the build that the e2e tests start is the one of this source. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export default function setup(): void {
  const built = join(root, 'dist', 'commands', 'main.js');
  if (!existsSync(built) || newest(join(root, 'src'), join(root, 'commands')) > statSync(built).mtimeMs) {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  }
}

function newest(...folders: string[]): number {
  let latest = 0;
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      latest = Math.max(latest, statSync(join(folder, name)).mtimeMs);
    }
  }
  return latest;
}
