/** Project names that every compiler, registry and cluster accepts. */
import { WasmeError } from '../errors.ts';

const pattern = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/;

/** Names that a compiler or npm reserves. */
const reserved = new Set([
  'test',
  'core',
  'std',
  'alloc',
  'main',
  'build',
  'node_modules',
  'wasme',
  'proxy-wasm',
  'proxy_wasm',
]);

/** Returns the name, or fails with NAME_INVALID and suggests a valid name. */
export function checkName(name: string): string {
  if (pattern.test(name) && name.length <= 63 && !reserved.has(name)) return name;
  const better = suggestName(name);
  throw new WasmeError(
    'NAME_INVALID',
    reserved.has(name)
      ? `the project name "${name}" is reserved`
      : `the project name ${JSON.stringify(name)} is not valid: lower-case letters, digits, "-" and "_", a letter first, 63 at most`,
    { hint: `use --name ${better}`, details: { name, suggestion: better } },
  );
}

/** Converts any text, such as a folder's name, to a valid name: `Mein Filter 2` → `mein-filter-2`. */
export function suggestName(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return plain === '' ? 'my-filter' : reserved.has(plain) ? `${plain}-filter` : plain;
}
