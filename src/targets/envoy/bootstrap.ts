/** A complete Envoy bootstrap around one filter: listener, routes, clusters, admin. */
import type { DeployIntent } from '../intent.ts';
import { type Tree, because } from '../tree.ts';
import { cluster, parseEndpoint } from './clusters.ts';
import { managerType, routerFilter, wasmEntry } from './filters.ts';
import type { Address, EnvoyOptions } from './options.ts';
import { localCode, pluginConfig, remoteCode } from './plugin.ts';
import { type EnvoyVersion, envoyVersion } from './versions.ts';

export const upstreamCluster = 'upstream';

/** What is put around an intent: the plugin's message and the clusters it needs. */
export interface PluginParts {
  readonly config: Tree;
  readonly clusters: readonly Tree[];
}

/** PluginConfig of the intent, and the cluster its code is fetched through when it is remote. */
export function pluginParts(intent: DeployIntent, options: EnvoyOptions): PluginParts {
  const version: EnvoyVersion = envoyVersion(options.version);
  const { code } = intent;
  if (code.from === 'file' || code.from === 'proxy-file') {
    return { config: pluginConfig(intent, version, localCode(code.path)), clusters: [] };
  }
  if (code.from === 'image') throw new TypeError('an image has to be turned into a file before');
  const name = codeCluster(intent.id);
  const sha256 = (code.digest ?? '').replace('sha256:', '');
  return {
    config: pluginConfig(intent, version, remoteCode(code.url, sha256, name)),
    clusters: [cluster(name, parseEndpoint(code.url), options.caFile)],
  };
}

/** Name of the cluster that a filter's remote code comes through. */
export function codeCluster(id: string): string {
  return `wasme_code_${id}`;
}

/** The bootstrap. `entry` stands in for the filter's list entry where it is discovered instead of written down. */
export function bootstrap(intent: DeployIntent, options: EnvoyOptions, entry?: Tree): Tree {
  const { config, clusters: codeClusters } = pluginParts(intent, options);
  const filter = entry ?? wasmEntry(intent.kind, intent.id, config);
  const clusters = [
    ...(options.upstream === undefined
      ? []
      : [cluster(upstreamCluster, parseEndpoint(options.upstream), options.caFile)]),
    ...Object.entries(options.clusters)
      .filter(([name]) => name !== upstreamCluster || options.upstream === undefined)
      .map(([name, url]) => cluster(name, parseEndpoint(url), options.caFile)),
    ...codeClusters,
  ];
  return {
    node:
      entry === undefined
        ? undefined
        : because({ id: intent.id, cluster: 'wasme' }, 'discovery needs a node'),
    admin:
      options.admin === undefined
        ? undefined
        : { address: because(socketAddress(options.admin), 'status, statistics and logging (--admin)') },
    static_resources: {
      listeners:
        intent.kind === 'service' && options.upstream === undefined
          ? undefined
          : [
              {
                name: 'main',
                address: because(socketAddress(options.listen), 'where traffic comes in (--port)'),
                filter_chains: [
                  {
                    filters:
                      intent.kind === 'network'
                        ? tcpFilters(filter, options)
                        : httpFilters(intent, filter, options),
                  },
                ],
              },
            ],
      clusters: clusters.length === 0 ? undefined : clusters,
    },
    bootstrap_extensions:
      intent.kind === 'service'
        ? because([filter], 'a service is one VM beside the traffic, started with Envoy')
        : undefined,
  };
}

function tcpFilters(filter: Tree, { upstream }: EnvoyOptions): Tree[] {
  const end =
    upstream === undefined
      ? because(
          {
            name: 'envoy.filters.network.echo',
            typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo' },
          },
          'no --upstream: Envoy sends back what it receives',
        )
      : {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
            stat_prefix: 'tcp',
            cluster: upstreamCluster,
          },
        };
  return [filter, end];
}

function httpFilters({ kind }: DeployIntent, filter: Tree, options: EnvoyOptions): Tree[] {
  return [
    {
      name: 'envoy.filters.network.http_connection_manager',
      typed_config: {
        '@type': managerType,
        stat_prefix: 'http',
        route_config: {
          virtual_hosts: [
            { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, ...destination(options) }] },
          ],
        },
        http_filters: [
          ...(kind === 'http' ? [because(filter, 'before the router, which must be last')] : []),
          routerFilter,
        ],
        access_log: kind === 'access-log' ? [filter] : undefined,
      },
    },
  ];
}

function destination({ upstream }: EnvoyOptions): Record<string, Tree> {
  if (upstream === undefined) {
    return {
      direct_response: because(
        { status: 200, body: { inline_string: 'Envoy answers: no upstream was named\n' } },
        'no --upstream: Envoy answers by itself',
      ),
    };
  }
  const { tls } = parseEndpoint(upstream);
  return {
    route: {
      cluster: upstreamCluster,
      auto_host_rewrite: tls
        ? because(true, 'a server behind TLS expects its own name as the host')
        : undefined,
    },
  };
}

function socketAddress({ address, port }: Address): Tree {
  return { socket_address: { address, port_value: port } };
}
