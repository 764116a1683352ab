/** Documents as data: plain values in which any field may say why it has its value. */

export type AnnotatedDocument =
  | string
  | number
  | boolean
  | null
  | undefined
  | WithReason
  | readonly AnnotatedDocument[]
  | { readonly [key: string]: AnnotatedDocument };

/** A value with the reason for it. Made by `because`. */
export class WithReason {
  readonly value: AnnotatedDocument;
  readonly reason: string;

  constructor(value: AnnotatedDocument, reason: string) {
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
export function withReason(value: AnnotatedDocument, reason: string): WithReason {
  return new WithReason(value, reason);
}

/**
 * The document without reasons; fields that are undefined are gone, key order is kept. Half of a surrogate pair, which UTF-8
 * and control planes do not have, becomes U+FFFD, as in what `wasme run` gives a filter.
 */
export function plain(tree: AnnotatedDocument): unknown {
  if (tree instanceof WithReason) return plain(tree.value);
  if (Array.isArray(tree)) return (tree as readonly AnnotatedDocument[]).filter(isPresent).map(plain);
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
export function explanations(tree: AnnotatedDocument, path: TreePath = []): Explanation[] {
  if (tree instanceof WithReason) {
    return [{ path, reason: tree.reason }, ...explanations(tree.value, path)];
  }
  if (Array.isArray(tree)) {
    return (tree as readonly AnnotatedDocument[])
      .filter(isPresent)
      .flatMap((item, index) => explanations(item, [...path, index]));
  }
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => explanations(value, [...path, wellFormed(key)]));
}

function isPresent(tree: AnnotatedDocument): boolean {
  return (tree instanceof WithReason ? tree.value : tree) !== undefined;
}
