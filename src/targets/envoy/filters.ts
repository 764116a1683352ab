/** Extension names and message types of Envoy for each kind of filter. */
import type { FilterKind } from '../../project/names.ts';
import type { AnnotatedDocument } from '../annotated-document.ts';

const types = 'type.googleapis.com/envoy';

/** Extension category name and message per kind. */
export const wasmExtensions = {
  http: { name: 'envoy.filters.http.wasm', type: `${types}.extensions.filters.http.wasm.v3.Wasm` },
  network: { name: 'envoy.filters.network.wasm', type: `${types}.extensions.filters.network.wasm.v3.Wasm` },
  service: { name: 'envoy.bootstrap.wasm', type: `${types}.extensions.wasm.v3.WasmService` },
  'access-log': {
    name: 'envoy.access_loggers.wasm',
    type: `${types}.extensions.access_loggers.wasm.v3.WasmAccessLog`,
  },
} as const satisfies Record<FilterKind, { name: string; type: string }>;

export const managerType = `${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
export const routerType = `${types}.extensions.filters.http.router.v3.Router`;

/** typed_config of a kind around a PluginConfig. */
export function wasmMessage(
  kind: FilterKind,
  config: AnnotatedDocument,
): { readonly [key: string]: AnnotatedDocument } {
  const message = { '@type': wasmExtensions[kind].type };
  return kind === 'service' ? { ...message, singleton: true, config } : { ...message, config };
}

/**
 * The list entry. HTTP filters carry the plugin's own name, by which routes and ECDS refer to them; elsewhere the name
 * only has to be the extension's.
 */
export function wasmEntry(
  kind: FilterKind,
  id: string,
  config: AnnotatedDocument,
): { readonly [key: string]: AnnotatedDocument } {
  return {
    name: kind === 'http' || kind === 'network' ? id : wasmExtensions[kind].name,
    typed_config: wasmMessage(kind, config),
  };
}

export const routerFilter = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': routerType },
} as const;
