/** The source tree as the architecture test sees it: files and what each one imports. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export interface SourceFile {
  /** Path from the root with forward slashes: `src/oci/copy.ts`. */
  readonly path: string;
  readonly text: string;
  /** Imported files, as paths from the root: also those for their types only and those of `import()`. */
  readonly files: readonly string[];
  /** Packages imported for more than their types, by name (`node:fs`, `yaml`, `@scope/name`). */
  readonly packages: readonly string[];
  /** The packages among `packages` that are loaded when this file is. */
  readonly eagerPackages: readonly string[];
  /** The files among `files` that are imported when this file is, not with `import()`, and not for types only. */
  readonly eager: readonly string[];
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'"`;()]*?\sfrom\s+)?['"]([^'"]+)['"]|(\bimport)\(\s*['"]([^'"]+)['"]\s*\)/g;

export function sourceFiles(...folders: string[]): SourceFile[] {
  return folders.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map(name => readSource(join(root, folder, name))),
  );
}

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const files: string[] = [];
  const packages: string[] = [];
  const eager: string[] = [];
  const eagerPackages: string[] = [];
  for (const [, typeOnly, from, , lazyFrom] of text.matchAll(importPattern)) {
    const specifier = from ?? lazyFrom ?? '';
    if (specifier.startsWith('.')) {
      const file = fromRoot(resolve(dirname(path), specifier));
      files.push(file);
      if (from !== undefined && typeOnly === undefined) eager.push(file);
    } else if (typeOnly === undefined) {
      packages.push(packageName(specifier));
      if (from !== undefined) eagerPackages.push(packageName(specifier));
    }
  }
  return { path: fromRoot(path), text, files, packages, eager, eagerPackages };
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function fromRoot(path: string): string {
  return relative(root, path).split(sep).join('/');
}
