/** Finds one plugin in Envoy's /config_dump. No field is assumed to be there. */
import { type Json, all, object, sectionsOf } from './dump-sections.ts';
import { wasmExtensions } from '../filters.ts';

/** The fields of PluginConfig that a status is made of. A field of another type counts as absent. */
export interface DumpedPlugin {
  readonly name: string | undefined;
  readonly failsOpen: boolean;
  /** As Envoy dumps it, to compare places with each other. */
  readonly code: unknown;
  /** Local file that the code was read from. */
  readonly filename: string | undefined;
  readonly remote: { readonly sha256: string | undefined; readonly cluster: string | undefined } | undefined;
}

export interface FoundPlugin {
  /** The running configuration; of several listeners, that of the first one. */
  readonly config: DumpedPlugin | undefined;
  /** Not every place where it runs has the same code. */
  readonly mixed: boolean;
  /** A listener gets the filter by discovery. */
  readonly discovered: boolean;
  /** A listener with the filter is being prepared: it waits for code, clusters or certificates. */
  readonly warming: boolean;
  /** Version of the discovered resource. */
  readonly version: string | undefined;
  readonly loadedAt: Date | undefined;
  /** Envoy's reason for refusing a listener with the filter. */
  readonly error: string | undefined;
}

/** The other plugins of the proxy, and its routes. */
export interface DumpedEnvoy {
  /** Every place of every plugin: one in two listeners is there twice. */
  readonly plugins: readonly DumpedPlugin[];
  /** Names of plugins, those that are still waited for too, each once. */
  readonly names: readonly string[];
  /** Some route answers with 5xx by itself. */
  readonly answersErrors: boolean;
}

const typedStruct = /^type\.googleapis\.com\/(udpa\.type|xds\.type)\.v[13]\.TypedStruct$/;
const messages: ReadonlySet<unknown> = new Set(Object.values(wasmExtensions).map(({ type }) => type));

/** Looks for plugin `id` in discovered filters, listeners and the bootstrap, in this order. */
export function findPlugin(dump: unknown, id: string): FoundPlugin {
  const { listeners, discoveries, extensions, startedAt } = sectionsOf(dump);
  const error = listeners.find(({ refused }) => refused !== undefined && mentions(refused.configuration, id))
    ?.refused?.details;
  const discovered = listeners.some(({ configuration }) => isDiscovered(configuration, id));
  const warming = listeners.some(listener => mentions(listener.warming, id));
  const places = [
    ...discoveries.map(({ resource, version, loadedAt }) => ({
      config: pluginIn(resource, id) ?? (resource?.['name'] === id ? pluginsIn(resource)[0] : undefined),
      discovered: true,
      version,
      loadedAt,
    })),
    ...[...listeners, { configuration: extensions, loadedAt: startedAt }].flatMap(
      ({ configuration, loadedAt }) =>
        pluginsIn(configuration)
          .filter(({ name }) => name === id)
          .map(config => ({ config, discovered, version: undefined, loadedAt })),
    ),
  ].filter(({ config }) => config !== undefined);
  const place = places[0] ?? { config: undefined, discovered, version: undefined, loadedAt: undefined };
  const codes = places.map(({ config }) => JSON.stringify(config?.code));
  return { ...place, mixed: new Set(codes).size > 1, warming, error };
}

/** Every plugin of the proxy. */
export function dumpedEnvoy(dump: unknown): DumpedEnvoy {
  const { listeners, discoveries, extensions } = sectionsOf(dump);
  const resources = discoveries.map(({ resource }) => resource);
  const configurations = listeners.flatMap(({ configuration, warming }) => [configuration, warming]);
  const plugins = pluginsIn([resources, configurations, extensions]);
  const waited = all(configurations, node => (isWasmDiscovery(node) ? String(node['name']) : undefined));
  // A resource may have another name than its plugin: Istio's have.
  const known = new Set(resources.map(resource => resource?.['name']));
  return {
    plugins,
    names: [
      ...new Set([...plugins.map(({ name = '' }) => name), ...waited.filter(name => !known.has(name))]),
    ].sort(),
    answersErrors: all(dump, node => status5xx(node['direct_response'])).length > 0,
  };
}

function pluginIn(value: unknown, id: string): DumpedPlugin | undefined {
  return pluginsIn(value).find(({ name }) => name === id);
}

/** Every PluginConfig anywhere inside. */
function pluginsIn(value: unknown): DumpedPlugin[] {
  return all(value, node => {
    const message = wasmMessageIn(object(node['typed_config']));
    return message && pluginFrom(object(message['config']), text(node['name']));
  });
}

/** Returns the Wasm message itself, or the one that a TypedStruct has as its value. */
function wasmMessageIn(typed: Json | undefined): Json | undefined {
  if (typed === undefined || messages.has(typed['@type'])) return typed;
  const isStruct = typedStruct.test(String(typed['@type'])) && messages.has(typed['type_url']);
  return isStruct ? object(typed['value']) : undefined;
}

/** A plugin without a name is known by the name of its list entry. */
function pluginFrom(config: Json | undefined, entryName: string | undefined): DumpedPlugin | undefined {
  if (config === undefined) return undefined;
  const code = object(object(config['vm_config'])?.['code']);
  const remote = object(code?.['remote']);
  return {
    name: text(config['name']) || entryName,
    failsOpen: config['failure_policy'] === 'FAIL_OPEN' || config['fail_open'] === true,
    code,
    filename: text(object(code?.['local'])?.['filename']),
    remote: remote && {
      sha256: text(remote['sha256']),
      cluster: text(object(remote['http_uri'])?.['cluster']),
    },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isDiscovered(value: unknown, id: string): boolean {
  return (
    all(value, node => (node['name'] === id && node['config_discovery'] !== undefined) || undefined).length >
    0
  );
}

function isWasmDiscovery(node: Json): boolean {
  const types = object(node['config_discovery'])?.['type_urls'];
  return Array.isArray(types) && types.some(type => messages.has(type));
}

function mentions(value: unknown, id: string): boolean {
  return pluginIn(value, id) !== undefined || isDiscovered(value, id);
}

function status5xx(response: unknown): true | undefined {
  return Number(object(response)?.['status'] ?? 0) >= 500 || undefined;
}
