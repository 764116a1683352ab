/** Builds the parts of an Envoy bootstrap that scenarios need: listeners, filters, plugins and clusters. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvoyVersion } from './envoy.ts';
import type { FilterSpec } from '../scenario.ts';

/** Name of the plugin of filter `index` in a scenario; also its root id unless it has one. */
export function pluginName(scenario: { readonly id: string }, index: number): string {
  return `${scenario.id}.${index}`;
}

/** All but the listeners and clusters of scenarios: admin on a free port, and the cluster `refused`. */
export function bootstrap(
  clusters: readonly object[],
  listeners: readonly object[],
  rest: object = {},
): object {
  return {
    node: { id: 'scenario-node', cluster: 'scenario-cluster' },
    admin: { address: address(0) },
    static_resources: { listeners, clusters },
    ...rest,
  };
}

/** On a free port, with this name. */
export function listener(name: string, filters: readonly object[], bufferLimitBytes?: number): object {
  return { name, address: address(0), ...limited(bufferLimitBytes), filter_chains: [{ filters }] };
}

/** The HTTP connection manager: everything goes through the filters to `target`. */
export function httpManager(
  id: string,
  target: string,
  { filters = [], loggers = [] }: { filters?: readonly object[]; loggers?: readonly object[] },
): object {
  return extension(
    'envoy.filters.network.http_connection_manager',
    'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: id,
      http_protocol_options: { enable_trailers: true },
      route_config: {
        name: 'local_route',
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [{ name: 'default', match: { prefix: '/' }, route: { cluster: target } }],
          },
        ],
      },
      access_log: loggers.map(accessLogger),
      http_filters: [
        ...filters.map(config =>
          extension('envoy.filters.http.wasm', 'extensions.filters.http.wasm.v3.Wasm', { config }),
        ),
        extension('envoy.filters.http.router', 'extensions.filters.http.router.v3.Router', {}),
      ],
    },
  );
}

export function accessLogger(config: object): object {
  return extension('envoy.access_loggers.wasm', 'extensions.access_loggers.wasm.v3.WasmAccessLog', {
    config,
  });
}

export function extension(name: string, type: string, config: object): object {
  return { name, typed_config: { '@type': `type.googleapis.com/envoy.${type}`, ...config } };
}

/** Envoy's PluginConfig; the module is written to `dir`. */
export function pluginConfig(
  name: string,
  filter: Omit<FilterSpec, 'script'>,
  code: Uint8Array,
  dir: string,
  version: EnvoyVersion,
): object {
  const filename = join(dir, `${name}.wasm`);
  writeFileSync(filename, code);
  const text = (value: string): object => ({
    '@type': 'type.googleapis.com/google.protobuf.StringValue',
    value,
  });
  const capabilities = filter.allowedCapabilities && {
    allowed_capabilities: Object.fromEntries(filter.allowedCapabilities.map(item => [item, {}])),
  };
  return {
    name,
    root_id: filter.rootId ?? name,
    ...(filter.configuration !== undefined && { configuration: text(filter.configuration) }),
    ...(filter.failurePolicy && { failure_policy: filter.failurePolicy }),
    ...(filter.failOpen && { fail_open: true }),
    ...(filter.reloadBackoffMs !== undefined && {
      reload_config: { backoff: { base_interval: `${filter.reloadBackoffMs / 1000}s` } },
    }),
    ...(filter.allowOnHeadersStopIteration && { allow_on_headers_stop_iteration: true }),
    ...(capabilities && version !== '1.40' && { capability_restriction_config: capabilities }),
    vm_config: {
      vm_id: filter.vmId ?? name,
      runtime: 'envoy.wasm.runtime.v8',
      code: { local: { filename } },
      ...(filter.vmConfiguration !== undefined && { configuration: text(filter.vmConfiguration) }),
      ...(filter.env && { environment_variables: { key_values: filter.env } }),
      ...(capabilities && version === '1.40' && { capability_restriction_config: capabilities }),
    },
  };
}

/** One endpoint on this machine, or none at all. */
export function cluster(
  name: string,
  port: number | undefined,
  { http2 = false, bufferLimitBytes }: { http2?: boolean; bufferLimitBytes?: number | undefined } = {},
): object {
  const protocol = http2
    ? { http2_protocol_options: {} }
    : { http_protocol_options: { enable_trailers: true } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...limited(bufferLimitBytes),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: protocol,
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: port === undefined ? [] : [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
  };
}

function limited(bytes: number | undefined): object {
  return bytes === undefined ? {} : { per_connection_buffer_limit_bytes: bytes };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
