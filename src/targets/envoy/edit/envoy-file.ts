/** A person's Envoy file: parsed with positions, and the lists in it that filters go into. */
import {
  type Alias,
  type Document,
  LineCounter,
  type Node,
  type YAMLMap,
  type YAMLSeq,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
} from 'yaml';
import { WasmeError } from '../../../errors.ts';
import { printable } from '../../../io/printable.ts';
import { checkDepth } from '../../../io/yaml-depth.ts';
import { readBytes } from '../../../io/files/files.ts';
import { maxParsedBytes } from '../../../io/files/file-limits.ts';
import { managerType, routerType } from '../filters.ts';

export interface EnvoyFile {
  /** As it was read, without a byte order mark. */
  readonly text: string;
  readonly path: string;
  readonly document: Document;
  readonly root: YAMLMap;
  /** Each alias with the node that it means. */
  readonly aliases: ReadonlyMap<Alias, Node>;
  /** `file:line:col` of an offset. */
  readonly at: (offset: number) => string;
}

/** The text, whose every byte can be written back. Fails with DEPLOY_FILE when it is not UTF-8. */
export async function readEnvoyFile(path: string, name = path): Promise<string> {
  const bytes = await readBytes(path, maxParsedBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const line = bytes.toString('utf8').split('\uFFFD', 1)[0]?.split('\n').length ?? 1;
    throw refused(`${name}:${line}: this is not UTF-8`, 'save the file as UTF-8 first');
  }
}

/** Fails with DEPLOY_FILE: not YAML or JSON, empty, several documents, an alias of nothing, or written for API v2. */
export function parseEnvoyFile(text: string, path: string): EnvoyFile {
  const lineCounter = new LineCounter();
  checkDepth(text, what => refused(`${path}: ${what}`, yamlHint));
  const documents = parseAllDocuments(text, { lineCounter });
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (!Array.isArray(documents) || documents[0] === undefined) throw refused(`${path} is empty`);
  const [document, second] = documents;
  const error = document.errors[0];
  if (error !== undefined) {
    const what = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    // A scalar that the parser quotes can be the whole file.
    throw refused(`${at(error.pos[0])}: ${printable(what, 120)}`, yamlHint);
  }
  if (second !== undefined) {
    throw refused(
      `${at(second.contents?.range?.[0] ?? second.range[0])}: the file holds ${documents.length} documents, Envoy reads one`,
      'put each into a file of its own',
    );
  }
  if (!isMap(document.contents)) throw refused(`${path} is not an Envoy configuration: it is not a mapping`);
  return { text, path, document, root: document.contents, at, aliases: readable(document, at) };
}

/**
 * Refuses what the parser lets pass: an alias of nothing, and API v2, which names its messages otherwise. Returns what aliases
 * mean: the last anchor in front of them. The library would search the whole file for each of them.
 */
function readable(document: Document, at: EnvoyFile['at']): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const aliases = new Map<Alias, Node>();
  visit(document, {
    Alias(_key, alias) {
      const node = anchors.get(alias.source);
      if (node !== undefined) return void aliases.set(alias, node);
      throw refused(`${at(alias.range?.[0] ?? 0)}: *${alias.source} is an alias of nothing`, yamlHint);
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
    Pair(_key, { key, value }) {
      if (!isScalar(key) || !isScalar(value) || typeof value.value !== 'string') return;
      const old =
        key.value === '@type' && /\/envoy\.(api\.v2|config\.[\w.]*\.v2(alpha\d?)?)\./.test(value.value);
      if (old) throw oldApi(`"${value.value}"`, at(value.range?.[0] ?? 0));
    },
  });
  return aliases;
}

/** Of API v2: it found filters by these names. In API v3 a name is free, and the type decides. */
const oldName = /^envoy\.(http_connection_manager|tcp_proxy|router)$/;

/** Refuses filters of API v2, which have their settings under `config`, or none and a name instead of a type. */
function refuseOldFilters(file: EnvoyFile, filters: readonly unknown[]): void {
  for (const filter of filters) {
    if (!isMap(filter) || child(file, filter, 'typed_config') !== undefined) continue;
    const where = file.at(filter.range?.[0] ?? 0);
    if (filter.has('config')) throw oldApi('a filter with "config"', where);
    const name = String(scalar(file, filter, 'name'));
    if (oldName.test(name)) throw oldApi(`"${name}" without "typed_config"`, where);
  }
}

function oldApi(what: string, where: string): WasmeError {
  return refused(
    `${where}: ${what} is of Envoy API v2, which no Envoy since 1.17 reads`,
    'write the file for API v3 first',
  );
}

const yamlHint = 'correct the file first; Envoy could not read it either';

/** A list and the mapping that has it under `key`. */
export interface Spot {
  readonly owner: YAMLMap;
  readonly key: string;
  /** undefined: the key is not there, or holds no list. */
  readonly list: YAMLSeq | undefined;
}

export interface ListenerPart {
  readonly name: string | undefined;
  readonly port: number | undefined;
  /** The `filters` of each chain. */
  readonly chains: readonly Spot[];
  /** `typed_config` of each HTTP connection manager. */
  readonly managers: readonly YAMLMap[];
}

/** Listeners of a bootstrap, or of a file of discovered listeners. */
export function listenersOf(file: EnvoyFile): ListenerPart[] {
  const fixed = items(file, child(file, child(file, file.root, 'static_resources'), 'listeners'));
  const discovered = items(file, child(file, file.root, 'resources')).filter(item =>
    String(scalar(file, item, '@type')).endsWith('.Listener'),
  );
  return [...fixed, ...discovered].map(listener => {
    const chains = [
      ...items(file, child(file, listener, 'filter_chains')),
      child(file, listener, 'default_filter_chain'),
    ]
      .filter(node => isMap(node))
      .map(chain => spotOf(file, chain, 'filters'));
    const filters = chains.flatMap(({ owner }) => items(file, child(file, owner, 'filters')));
    refuseOldFilters(file, filters);
    const managers = filters
      .map(filter => child(file, filter, 'typed_config'))
      .filter(config => isMap(config))
      .filter(config => scalar(file, config, '@type') === managerType);
    refuseOldFilters(
      file,
      managers.flatMap(manager => items(file, child(file, manager, 'http_filters'))),
    );
    const socket = child(file, child(file, listener, 'address'), 'socket_address');
    const name = scalar(file, listener, 'name');
    const port = scalar(file, socket, 'port_value');
    return {
      name: typeof name === 'string' ? name : undefined,
      // Envoy reads a number in quotes, too.
      port: /^\d+$/.test(String(port)) ? Number(port) : undefined,
      chains,
      managers,
    };
  });
}

export interface SelectedListeners {
  readonly selected: readonly ListenerPart[];
  readonly others: readonly ListenerPart[];
}

/** Returns the listeners that `wanted` names (a name or a port), or all. Fails with DEPLOY_FILE when there is none. */
export function selectListeners(file: EnvoyFile, wanted: string | undefined): SelectedListeners {
  const all = listenersOf(file);
  const isWanted = ({ name, port }: ListenerPart): boolean =>
    wanted === undefined || name === wanted || String(port) === wanted;
  const selected = all.filter(isWanted);
  if (selected.length > 0) return { selected, others: all.filter(part => !isWanted(part)) };
  const names = all.map(({ name, port }) => name ?? String(port));
  throw refused(
    wanted === undefined ? `${file.path} has no listeners` : `${file.path} has no listener "${wanted}"`,
    names.length > 0 ? `it has: ${names.join(', ')}` : 'name a bootstrap, or a file of discovered listeners',
  );
}

/** Position of the filter that must stay last: the router, or whatever ends the list. */
export function terminalIndex(file: EnvoyFile, list: YAMLSeq): number {
  const router = list.items.findIndex(
    item =>
      scalar(file, child(file, item, 'typed_config'), '@type') === routerType ||
      scalar(file, item, 'name') === 'envoy.filters.http.router',
  );
  return router >= 0 ? router : list.items.length - 1;
}

export function spotOf(file: EnvoyFile, owner: YAMLMap, key: string): Spot {
  const list = child(file, owner, key);
  return { owner, key, list: isSeq(list) ? list : undefined };
}

/** Value of a key, which Envoy also reads in camelCase; aliases are followed. */
export function child(file: EnvoyFile, node: unknown, key: string): unknown {
  const map = follow(file, node);
  if (!isMap(map)) return undefined;
  return follow(file, map.get(map.has(key) ? key : camelCase(key), true));
}

export function camelCase(key: string): string {
  return key.replaceAll(/_(.)/g, (_all, letter: string) => letter.toUpperCase());
}

export function scalar(file: EnvoyFile, node: unknown, key: string): unknown {
  const value = child(file, node, key);
  return isScalar(value) ? value.value : undefined;
}

/** Returns the items of a list. Envoy reads a single message in the place of a list as its only item. */
export function items(file: EnvoyFile, node: unknown): unknown[] {
  const list = follow(file, node);
  if (isMap(list)) return [list];
  return isSeq(list) ? list.items.map(item => follow(file, item)) : [];
}

/** Fails with DEPLOY_FILE when a single message is written where an item has to be added to a list. */
export function refuseSingleValue(file: EnvoyFile, { owner, key }: Spot): void {
  const value = child(file, owner, key);
  if (!isMap(value)) return;
  throw refused(
    `${file.at(value.range?.[0] ?? 0)}: ${key} has one value instead of a list, and nothing can be added to it`,
    'make it a list first: write "- " before the value',
  );
}

function follow({ aliases }: EnvoyFile, node: unknown): unknown {
  return isAlias(node) ? aliases.get(node) : node;
}

/** Returns the value of a node as plain data. Fails with DEPLOY_FILE when its aliases multiply. */
export function dataOf(file: EnvoyFile, node: Node): unknown {
  try {
    return node.toJS(file.document) as unknown;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw refused(
      `${file.at(node.range?.[0] ?? 0)}: aliases stand for too many values here`,
      'write it out first',
    );
  }
}

/** DEPLOY_FILE. */
export function refused(message: string, hint?: string): WasmeError {
  return new WasmeError('DEPLOY_FILE', message, { hint });
}
