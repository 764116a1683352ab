/** Clusters that filters brought into the user's file: each says which filters it is there for, and goes with the last one. */
import { isDeepStrictEqual } from 'node:util';
import { type YAMLSeq, isMap, isNode, isScalar } from 'yaml';
import { type TextEdit } from '../../../io/text-edits.ts';
import { type AnnotatedDocument, plain } from '../../annotated-document.ts';
import { type EnvoyFile, child, dataOf, items, refused, scalar, spotOf } from './envoy-file.ts';
import { newList } from './new-list.ts';
import { appendItems, removeItems, replaceItem } from './splice.ts';

export interface NewCluster {
  readonly name: string;
  readonly cluster: AnnotatedDocument;
}

type Fields = { readonly [key: string]: AnnotatedDocument };

interface Present {
  readonly index: number;
  readonly name: unknown;
  /** Filters that it is there for; empty: it is the person's own. */
  readonly filters: readonly string[];
  /** Returns it without the note of whose it is. */
  readonly content: () => Fields;
}

/**
 * The clusters that filter `id` needs: added, rewritten where their content has changed, unchanged where they are
 * the person's own. `stays`: another listener has the filter, and needs them as they are. Fails with DEPLOY_FILE.
 */
export function clusterEdits(
  file: EnvoyFile,
  id: string,
  clusters: readonly NewCluster[],
  stays: boolean,
): TextEdit[] {
  const owner = child(file, file.root, 'static_resources');
  const { list } = isMap(owner) ? spotOf(file, owner, 'clusters') : { list: undefined };
  const present = list === undefined ? [] : clustersIn(file, list);
  const edits: TextEdit[] = [];
  const missing: NewCluster[] = [];
  for (const wanted of clusters) {
    const there = present.find(({ name }) => name === wanted.name);
    if (there === undefined) missing.push(wanted);
    if (list === undefined || there === undefined || there.filters.length === 0) continue;
    const content = plain(wanted.cluster) as Fields;
    const others = there.filters.filter(filter => filter !== id);
    const same = isDeepStrictEqual(there.content(), content);
    if (same && there.filters.includes(id)) continue;
    if (!same && (others.length > 0 || stays)) {
      throw refused(
        `${place(file, list, there)}: cluster "${wanted.name}" is there for ${others.length > 0 ? others.join(', ') : 'another listener'}, with another address`,
        'give the cluster another name, or deploy the other filter again first',
      );
    }
    edits.push(replaceItem(file.text, list, there.index, marked(content, [...others, id])));
  }
  const [first] = missing;
  if (first === undefined) return edits;
  if (!isMap(owner)) {
    throw refused(
      `${file.path} has no static_resources, where the cluster "${first.name}" would go`,
      'name the bootstrap instead, or define the cluster in it yourself',
    );
  }
  const added = missing.map(({ cluster }) => marked(plain(cluster) as Fields, [id]));
  return [
    ...edits,
    list === undefined ? newList(file, owner, 'clusters', added) : appendItems(file.text, list, added),
  ];
}

/** Takes clusters of filter `id` out, but for those named `kept`; one that other filters need only forgets it. */
export function clusterRemovals(file: EnvoyFile, id: string, kept: readonly string[] = []): TextEdit[] {
  const owner = child(file, file.root, 'static_resources');
  if (!isMap(owner)) return [];
  const { list } = spotOf(file, owner, 'clusters');
  if (list === undefined) return [];
  const ours = clustersIn(file, list).filter(
    ({ filters, name }) => filters.includes(id) && !kept.includes(String(name)),
  );
  const isShared = ({ filters }: Present): boolean => filters.length > 1;
  const alone = ours.filter(cluster => !isShared(cluster)).map(({ index }) => index);
  return [
    ...removeItems(file.text, list, alone, owner),
    ...ours.filter(isShared).map(({ index, content, filters }) => {
      const rest = filters.filter(filter => filter !== id);
      return replaceItem(file.text, list, index, marked(content(), rest));
    }),
  ];
}

function clustersIn(file: EnvoyFile, list: YAMLSeq): Present[] {
  return items(file, list).map((item, index) => {
    const note = child(file, child(file, child(file, item, 'metadata'), 'filter_metadata'), 'wasme');
    const filters = items(file, child(file, note, 'filters')).flatMap(filter =>
      isScalar(filter) && typeof filter.value === 'string' ? [filter.value] : [],
    );
    const content = (): Fields => {
      const fields = isNode(item) ? Object.entries(dataOf(file, item) as Fields) : [];
      return Object.fromEntries(fields.filter(([key]) => key !== 'metadata'));
    };
    return { index, name: scalar(file, item, 'name'), filters, content };
  });
}

function marked(cluster: Fields, filters: readonly string[]): AnnotatedDocument {
  return { ...cluster, metadata: { filter_metadata: { wasme: { filters } } } };
}

function place(file: EnvoyFile, list: YAMLSeq, { index }: Present): string {
  const item = list.items[index];
  return file.at(isNode(item) ? (item.range?.[0] ?? 0) : 0);
}
