/** Puts a filter into the user's own Envoy file, or takes it out: text in, text out. */
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type YAMLMap, type YAMLSeq, isAlias, isNode } from 'yaml';
import { type TextEdit, applyEdits } from '../../../io/text-edits.ts';
import type { DeployIntent } from '../../intent.ts';
import { type AnnotatedDocument, plain } from '../../annotated-document.ts';
import { discoveryPath } from '../discovery.ts';
import { type NewCluster, clusterEdits, clusterRemovals } from './edit-clusters.ts';
import {
  type EnvoyFile,
  type ListenerPart,
  type Spot,
  child,
  dataOf,
  items,
  listenersOf,
  parseEnvoyFile,
  refuseSingleValue,
  refused,
  scalar,
  selectListeners,
  spotOf,
  terminalIndex,
} from './envoy-file.ts';
import { newList } from './new-list.ts';
import { appendItems, insertItems, removeItems, replaceItem } from './splice.ts';

export interface EditOptions {
  /** For messages. */
  readonly path: string;
  /** Only this listener: name or port. */
  readonly listener?: string | undefined;
}

/** The parts of a filter in a file: its list entry, and its clusters by name. */
export interface Addition {
  readonly intent: DeployIntent;
  readonly entry: AnnotatedDocument;
  readonly clusters: readonly NewCluster[];
}

/**
 * The file with the filter in it: before the router of every HTTP connection manager (or what the kind asks for). An
 * entry of the same name is rewritten, and removed from the place of another kind; what already says the same stays as it
 * is. Fails with DEPLOY_FILE.
 */
export function addToFile(text: string, addition: Addition, options: EditOptions): string {
  const { bom, body } = splitBom(text);
  const { intent, clusters } = addition;
  const file = withoutLeftovers(body, addition, options);
  const edits = spotsFor(file, intent, options.listener).flatMap(spot => editSpot(file, spot, addition));
  const withEntries = applyEdits(file.text, edits);
  if (clusters.length === 0) return bom + withEntries;
  // The file is parsed again: both kinds of edits may end at one place, where their order matters.
  const edited = parseEnvoyFile(withEntries, options.path);
  const { stays } = findEntries(edited, intent.id, options.listener);
  return bom + applyEdits(withEntries, clusterEdits(edited, intent.id, clusters, stays));
}

/** Without what an earlier run put in for the filter and this one does not ask for: entries of other kinds, clusters. */
function withoutLeftovers(text: string, addition: Addition, options: EditOptions): EnvoyFile {
  const { path, listener } = options;
  const { intent, clusters } = addition;
  const file = parseEnvoyFile(text, path);
  const wanted = spotsFor(file, intent, listener).map(({ list }) => list);
  const { entries, stays } = findEntries(file, intent.id, listener);
  const names = clusters.map(({ name }) => name);
  const removals = stays ? [] : clusterRemovals(file, intent.id, names);
  if (removals.length > 0) return withoutLeftovers(applyEdits(text, removals), addition, options);
  const stale = entries.filter(({ list }) => !wanted.includes(list));
  if (stale.length === 0) return file;
  const edits = stale.flatMap(({ list, index, owner }) => removeItems(text, list, [index], owner));
  return parseEnvoyFile(applyEdits(text, edits), path);
}

export interface Removal {
  readonly text: string;
  /** Entries that were taken out; clusters are not counted. */
  readonly removed: number;
}

/** The file without the entries and clusters of filter `id`. Nothing else changes, and nothing when it is not there. */
export function removeFromFile(text: string, id: string, options: EditOptions): Removal {
  const { bom, body } = splitBom(text);
  const file = parseEnvoyFile(body, options.path);
  const found = findEntries(file, id, options.listener);
  if (found.entries.length === 0) return { text, removed: 0 };
  // The last addition is removed first, and the file is parsed again between two removals.
  const withoutClusters = found.stays ? body : applyEdits(body, clusterRemovals(file, id));
  const { entries } = findEntries(parseEnvoyFile(withoutClusters, options.path), id, options.listener);
  const edits = entries.flatMap(({ list, index, owner }) =>
    removeItems(withoutClusters, list, [index], owner),
  );
  return { text: bom + applyEdits(withoutClusters, edits), removed: entries.length };
}

interface FoundEntries {
  readonly entries: readonly { readonly list: YAMLSeq; readonly index: number; readonly owner: YAMLMap }[];
  /** Another listener keeps the filter. */
  readonly stays: boolean;
}

function findEntries(file: EnvoyFile, id: string, listener: string | undefined): FoundEntries {
  const { selected, others } =
    listener === undefined ? { selected: listenersOf(file), others: [] } : selectListeners(file, listener);
  const spots = distinct(everySpot(file, selected));
  const entries = spots.flatMap(({ owner, list }) => {
    const index = indexOfFilter(file, list, id);
    return list === undefined || index < 0 ? [] : [{ list, index, owner }];
  });
  const stays = everySpot(file, others).some(
    ({ list }) => indexOfFilter(file, list, id) >= 0 && entries.every(entry => entry.list !== list),
  );
  return { entries, stays };
}

/** Returns the lists that a filter of this kind belongs into. Fails with DEPLOY_FILE when there is none, or it is shared through an alias. */
function spotsFor(file: EnvoyFile, { kind }: DeployIntent, listener: string | undefined): Spot[] {
  if (kind === 'service') return [spotOf(file, file.root, 'bootstrap_extensions')];
  const { selected, others } = selectListeners(file, listener);
  const spots = distinct(selected.flatMap(part => kindSpots(file, part, kind)));
  if (spots.length === 0) {
    const what = kind === 'network' ? 'filter chain' : 'HTTP connection manager';
    throw refused(
      `${file.path} has no ${what}${listener === undefined ? '' : ` in listener "${listener}"`}`,
      'name another --listener, or give the filter another --kind',
    );
  }
  for (const spot of spots) refuseSingleValue(file, spot);
  const empty = kind === 'access-log' ? undefined : spots.find(({ list }) => (list?.items.length ?? 0) === 0);
  if (empty !== undefined) {
    throw refused(
      `${file.at(empty.owner.range?.[0] ?? 0)}: ${empty.key} is empty, so nothing here handles traffic`,
      kind === 'http'
        ? 'add the filter envoy.filters.http.router first'
        : 'add the filter that ends the chain first',
    );
  }
  const shared = others
    .flatMap(part => kindSpots(file, part, kind))
    .find(other =>
      spots.some(({ owner, list }) => owner === other.owner || (list !== undefined && list === other.list)),
    );
  if (shared !== undefined) {
    throw refused(
      `${file.at(shared.owner.range?.[0] ?? 0)}: an alias shares this part with another listener`,
      'write it out for each listener, or leave --listener out to change all of them',
    );
  }
  return spots;
}

function kindSpots(file: EnvoyFile, part: ListenerPart, kind: 'http' | 'network' | 'access-log'): Spot[] {
  if (kind === 'network') return [...part.chains];
  return part.managers.map(manager => spotOf(file, manager, kind === 'http' ? 'http_filters' : 'access_log'));
}

function everySpot(file: EnvoyFile, listeners: readonly ListenerPart[]): Spot[] {
  return [
    ...listeners.flatMap(part => [
      ...kindSpots(file, part, 'network'),
      ...kindSpots(file, part, 'http'),
      ...kindSpots(file, part, 'access-log'),
    ]),
    spotOf(file, file.root, 'bootstrap_extensions'),
  ];
}

/** Through aliases one list or mapping is met several times; it is written once. */
function distinct(spots: readonly Spot[]): Spot[] {
  return spots.filter(
    ({ owner, list }, index) =>
      index === spots.findIndex(other => (list === undefined ? other.owner === owner : other.list === list)),
  );
}

function editSpot(file: EnvoyFile, { owner, key, list }: Spot, { intent, entry }: Addition): TextEdit[] {
  refuseSingleValue(file, { owner, key, list });
  if (list === undefined) return [newList(file, owner, key, [entry])];
  const index = indexOfFilter(file, list, intent.id);
  if (index < 0) {
    if (key !== 'http_filters' && key !== 'filters') return [appendItems(file.text, list, [entry])];
    refuseSameName(file, list, intent.id);
    return [insertItems(file.text, list, terminalIndex(file, list), [entry])];
  }
  const present = list.items[index];
  if (isAlias(present)) {
    throw refused(
      `${file.at(present.range?.[0] ?? 0)}: filter "${intent.id}" is an alias here`,
      'write it out first',
    );
  }
  const same = isNode(present) && isDeepStrictEqual(dataOf(file, present), plain(entry));
  return same ? [] : [replaceItem(file.text, list, index, entry)];
}

/** Routes and discovery know filters by these names: two of one name would be taken for each other. */
function refuseSameName(file: EnvoyFile, list: YAMLSeq, id: string): void {
  const rival = list.items.find(item => scalar(file, item, 'name') === id);
  if (rival === undefined) return;
  throw refused(
    `${file.at(isNode(rival) ? (rival.range?.[0] ?? 0) : 0)}: a filter named "${id}" is here that wasme did not put in`,
    'choose another --id',
  );
}

/** A filter is known by the plugin's name, or a discovered one by its own and the file that it is discovered from. */
function indexOfFilter(file: EnvoyFile, list: YAMLSeq | undefined, id: string): number {
  return items(file, list).findIndex(item => {
    const config = child(file, item, 'typed_config');
    const type = String(scalar(file, config, '@type'));
    const plugin = scalar(file, child(file, config, 'config'), 'name');
    if (plugin === id && /\.(Wasm|WasmService|WasmAccessLog)$/.test(type)) return true;
    const source = pathOf(file, item, 'config_discovery', 'config_source', 'path_config_source');
    const discovered = scalar(file, source, 'path');
    return (
      scalar(file, item, 'name') === id && basename(String(discovered)) === basename(discoveryPath('.', id))
    );
  });
}

function pathOf(file: EnvoyFile, node: unknown, ...keys: string[]): unknown {
  return keys.reduce((at, key) => child(file, at, key), node);
}

/** A byte order mark is kept, but positions start behind it. */
function splitBom(text: string): { bom: string; body: string } {
  return text.startsWith('\uFEFF') ? { bom: '\uFEFF', body: text.slice(1) } : { bom: '', body: text };
}
