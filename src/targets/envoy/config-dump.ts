/** What Envoy's /config_dump says of one plugin. The dump is Envoy's, so nothing in it is taken for granted. */
import { wasmExtensions } from './filters.ts';

/** PluginConfig as far as it is looked at. */
export interface DumpedPlugin {
  readonly name?: string;
  readonly failure_policy?: string;
  readonly fail_open?: boolean;
  readonly vm_config?: {
    readonly code?: {
      readonly local?: { readonly filename?: string };
      readonly remote?: { readonly sha256?: string };
    };
  };
}

export interface FoundPlugin {
  readonly config: DumpedPlugin | undefined;
  /** A listener gets the filter by discovery. */
  readonly discovered: boolean;
  /** Version of the discovered resource. */
  readonly version: string | undefined;
  readonly loadedAt: Date | undefined;
  /** Why a listener with the filter was refused. */
  readonly error: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const messages: ReadonlySet<unknown> = new Set(Object.values(wasmExtensions).map(({ type }) => type));

/** Looks for plugin `id` in discovered filters, listeners and the bootstrap, in this order. */
export function findPlugin(dump: unknown, id: string): FoundPlugin {
  const sections = new Map<string, Json>();
  for (const section of list(object(dump)?.['configs'])) {
    sections.set(String(section['@type']).replace(/^.*\./, ''), section);
  }
  const listeners = listenersOf(sections.get('ListenersConfigDump'));
  const error = listeners.find(({ refused }) => refused !== undefined && mentions(refused.configuration, id))
    ?.refused?.details;
  const discovered = listeners.some(({ configuration }) => isDiscovered(configuration, id));
  for (const filter of list(sections.get('EcdsConfigDump')?.['ecds_filters'])) {
    const resource = object(filter['ecds_filter']);
    const config = pluginIn(resource, id) ?? (resource?.['name'] === id ? anyPlugin(resource) : undefined);
    if (config === undefined) continue;
    const version = typeof filter['version_info'] === 'string' ? filter['version_info'] : undefined;
    return { config, discovered: true, version, loadedAt: date(filter['last_updated']), error };
  }
  for (const { configuration, loadedAt } of listeners) {
    const config = pluginIn(configuration, id);
    if (config !== undefined) return { config, discovered, version: undefined, loadedAt, error };
  }
  const start = sections.get('BootstrapConfigDump');
  const config = pluginIn(object(start?.['bootstrap'])?.['bootstrap_extensions'], id);
  return { config, discovered, version: undefined, loadedAt: date(start?.['last_updated']), error };
}

interface DumpedListener {
  readonly configuration: unknown;
  readonly loadedAt: Date | undefined;
  readonly refused: { readonly configuration: unknown; readonly details: string } | undefined;
}

function listenersOf(section: Json | undefined): DumpedListener[] {
  const fixed = list(section?.['static_listeners']).map(item => ({
    configuration: item['listener'],
    loadedAt: date(item['last_updated']),
    refused: undefined,
  }));
  const changing = list(section?.['dynamic_listeners']).map(item => {
    const active = object(item['active_state']);
    const error = object(item['error_state']);
    return {
      configuration: active?.['listener'],
      loadedAt: date(active?.['last_updated']),
      refused: error && { configuration: error['failed_configuration'], details: String(error['details']) },
    };
  });
  return [...fixed, ...changing];
}

/** First PluginConfig of that name anywhere inside. */
function pluginIn(value: unknown, id: string): DumpedPlugin | undefined {
  return search(value, node => {
    const config = messages.has(node['@type']) ? object(node['config']) : undefined;
    return config?.['name'] === id ? config : undefined;
  });
}

function anyPlugin(value: unknown): DumpedPlugin | undefined {
  return search(value, node =>
    messages.has(node['@type']) ? (object(node['config']) as DumpedPlugin) : undefined,
  );
}

function isDiscovered(value: unknown, id: string): boolean {
  return (
    search(value, node =>
      node['name'] === id && node['config_discovery'] !== undefined ? true : undefined,
    ) === true
  );
}

function mentions(value: unknown, id: string): boolean {
  return pluginIn(value, id) !== undefined || isDiscovered(value, id);
}

function search<T>(value: unknown, match: (node: Json) => T | undefined): T | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = search(item, match);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const node = object(value);
  if (node === undefined) return undefined;
  return match(node) ?? search(Object.values(node), match);
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object).filter(item => item !== undefined) : [];
}

function date(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}
