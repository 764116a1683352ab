/** Documents as data: plain values in which any field may say why it has its value. */

export type Tree =
  | string
  | number
  | boolean
  | null
  | undefined
  | Because
  | readonly Tree[]
  | { readonly [key: string]: Tree };

/** A value with the reason for it. Made by `because`. */
export class Because {
  readonly value: Tree;
  readonly reason: string;

  constructor(value: Tree, reason: string) {
    this.value = value;
    this.reason = reason;
  }
}

/** Keys from the root, list positions as numbers. */
export type TreePath = readonly (string | number)[];

export interface Explanation {
  readonly path: TreePath;
  readonly reason: string;
}

/** Marks a field for `--explain`: `failStrategy: because('FAIL_OPEN', '--fail-policy open')`. */
export function because(value: Tree, reason: string): Because {
  return new Because(value, reason);
}

/**
 * The document without reasons; fields that are undefined are gone, key order is kept. Half of a surrogate pair, which UTF-8
 * and control planes do not have, becomes U+FFFD, as in what `wasme run` gives a filter.
 */
export function plain(tree: Tree): unknown {
  if (tree instanceof Because) return plain(tree.value);
  if (Array.isArray(tree)) return (tree as readonly Tree[]).filter(isPresent).map(plain);
  if (typeof tree === 'string') return wellFormed(tree);
  if (typeof tree !== 'object' || tree === null) return tree;
  // fromEntries makes fields of its own: assigning to `__proto__` would not.
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]) =>
      isPresent(value) ? [[wellFormed(key), plain(value)]] : [],
    ),
  );
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Every reason in the document, in the order of its fields. */
export function explanations(tree: Tree, path: TreePath = []): Explanation[] {
  if (tree instanceof Because) {
    return [{ path, reason: tree.reason }, ...explanations(tree.value, path)];
  }
  if (Array.isArray(tree)) {
    return (tree as readonly Tree[])
      .filter(isPresent)
      .flatMap((item, index) => explanations(item, [...path, index]));
  }
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => explanations(value, [...path, wellFormed(key)]));
}

function isPresent(tree: Tree): boolean {
  return (tree instanceof Because ? tree.value : tree) !== undefined;
}
