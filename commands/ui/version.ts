/** The version, typed once: in package.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageDir } from '../../src/io/paths.ts';

export function packageVersion(): string {
  const text = readFileSync(join(packageDir(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
