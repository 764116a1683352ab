/** Documents → YAML text: the same bytes for the same data, read alike by YAML 1.1 and 1.2 parsers. */
import { Document, type Node, isMap, isNode, isScalar, isSeq } from 'yaml';
import { commentText, stringifyDocument } from '../io/yaml-text.ts';
import {
  type Explanation,
  type AnnotatedDocument,
  type TreePath,
  explanations,
  plain,
} from './annotated-document.ts';

/** One YAML stream; several documents are separated by `---`. With `explain`, each reason is a comment over its field. */
export function renderYaml(trees: readonly AnnotatedDocument[], options: { explain?: boolean } = {}): string {
  return trees.map(tree => renderDocument(tree, options.explain === true)).join('---\n');
}

function renderDocument(tree: AnnotatedDocument, explain: boolean): string {
  // compat: words such as `on`, `no`, `0777` are quoted, since kubectl and Envoy read YAML 1.1.
  const document = new Document(plain(tree), { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  if (explain) for (const explanation of explanations(tree)) comment(document, explanation);
  return stringifyDocument(document, { indent: 2, indentSeq: true });
}

/** Puts the reason over the key (or list item) at its path. */
function comment(document: Document, { path, reason }: Explanation): void {
  const node = keyNode(document, path);
  if (node === undefined) return;
  const text = ` ${commentText(reason)}`;
  node.commentBefore = node.commentBefore ? `${node.commentBefore}\n${text}` : text;
}

function keyNode(document: Document, path: TreePath): Node | undefined {
  const last = path.at(-1);
  const parent: unknown = path.length < 2 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isSeq(parent)) {
    const item = parent.items[Number(last)];
    return isNode(item) ? item : undefined;
  }
  if (!isMap(parent)) return isNode(document.contents) ? document.contents : undefined;
  const pair = parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === last);
  if (pair === undefined) return undefined;
  if (!isNode(pair.key)) pair.key = document.createNode(pair.key);
  return pair.key as Node;
}
