/** A complete Envoy bootstrap around a filter or a chain of them: listener, routes, clusters, admin. */
import { isIP } from 'node:net';
import type { DeployIntent } from '../intent.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { parseEndpoint } from '../../io/http/endpoint.ts';
import { cluster } from './clusters.ts';
import { managerType, routerFilter, wasmEntry } from './filters.ts';
import type { EnvoyAddress, EnvoyOptions } from './options.ts';
import { localCode, pluginConfig, remoteCode } from './plugin.ts';
import { envoyVersion } from './versions.ts';

export const upstreamCluster = 'upstream';
const defaultListen: EnvoyAddress = { address: '0.0.0.0', port: 8080 };
const defaultAdmin: EnvoyAddress = { address: '127.0.0.1', port: 9901 };

export interface NamedCluster {
  readonly name: string;
  readonly cluster: AnnotatedDocument;
}

/** PluginConfig of an intent, whose code is a file or a URL. */
export function pluginOf(intent: DeployIntent, { version }: EnvoyOptions): AnnotatedDocument {
  const { code } = intent;
  if (code.from === 'image') throw new TypeError('an image has to be turned into a file before');
  return pluginConfig(
    intent,
    envoyVersion(version),
    code.from !== 'http'
      ? localCode(code.path)
      : remoteCode(code.url, (code.digest ?? '').replace('sha256:', ''), codeCluster(intent.id)),
  );
}

/** Clusters the filter needs: those of call-outs, and the one its code comes through. */
export function clustersOf(
  { id, code }: DeployIntent,
  { clusters = {}, caFile, trailers, version }: EnvoyOptions,
): NamedCluster[] {
  const urls = Object.entries(clusters);
  if (code.from === 'http') urls.push([codeCluster(id), code.url]);
  return urls.map(([name, url]) => ({
    name,
    cluster: withReason(
      cluster(name, parseEndpoint(url), { caFile, trailers, version: envoyVersion(version) }),
      name === codeCluster(id)
        ? 'Envoy fetches the code through it'
        : 'for call-outs of the filter (--cluster)',
    ),
  }));
}

function codeCluster(id: string): string {
  return `wasme_code_${id}`;
}

/** The bootstrap. `entry` stands in for the filter's list entry where it is discovered instead of written down. */
export function bootstrap(
  intent: DeployIntent,
  options: EnvoyOptions,
  entry?: AnnotatedDocument,
): AnnotatedDocument {
  const filter = entry ?? wasmEntry(intent.kind, intent.id, pluginOf(intent, options));
  return around(intent, [filter], options, entry !== undefined);
}

/** The bootstrap of a chain in the order of the request. All filters are of the kind of the first; code in files. */
export function chainBootstrap(
  chain: readonly [DeployIntent, ...DeployIntent[]],
  options: EnvoyOptions,
): AnnotatedDocument {
  const entries = chain.map(intent => wasmEntry(intent.kind, intent.id, pluginOf(intent, options)));
  return around(chain[0], entries, options, false);
}

function around(
  intent: DeployIntent,
  filters: readonly AnnotatedDocument[],
  options: EnvoyOptions,
  discovered: boolean,
): AnnotatedDocument {
  const { upstream, listen = defaultListen, admin = defaultAdmin } = options;
  const clusters = [
    ...(upstream === undefined
      ? []
      : [
          withReason(
            cluster(upstreamCluster, parseEndpoint(upstream), {
              ...options,
              version: envoyVersion(options.version),
            }),
            'the backend (--upstream)',
          ),
        ]),
    ...clustersOf(intent, options)
      .filter(({ name }) => name !== upstreamCluster || upstream === undefined)
      .map(named => named.cluster),
  ];
  return {
    node: discovered ? withReason({ id: intent.id, cluster: 'wasme' }, 'discovery needs a node') : undefined,
    admin:
      admin === 'none'
        ? undefined
        : { address: withReason(socketAddress(admin), 'status, statistics and logging (--admin)') },
    static_resources: {
      listeners:
        intent.kind === 'service' && upstream === undefined
          ? undefined
          : [
              withReason(
                {
                  name: 'main',
                  address: withReason(socketAddress(listen), 'where traffic comes in (--port)'),
                  filter_chains: [
                    {
                      filters:
                        intent.kind === 'network'
                          ? tcpFilters(filters, options)
                          : httpFilters(intent, filters, options),
                    },
                  ],
                },
                'traffic comes in here and goes through the filter',
              ),
            ],
      clusters: clusters.length === 0 ? undefined : clusters,
    },
    bootstrap_extensions:
      intent.kind === 'service'
        ? withReason(filters, 'a service is one VM beside the traffic, started with Envoy')
        : undefined,
  };
}

function tcpFilters(filters: readonly AnnotatedDocument[], { upstream }: EnvoyOptions): AnnotatedDocument[] {
  const end =
    upstream === undefined
      ? withReason(
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
  return [...filters, end];
}

function httpFilters(
  { kind }: DeployIntent,
  filters: readonly AnnotatedDocument[],
  options: EnvoyOptions,
): AnnotatedDocument[] {
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
          ...(kind === 'http'
            ? filters.map(filter => withReason(filter, 'before the router, which must be last'))
            : []),
          routerFilter,
        ],
        access_log: kind === 'access-log' ? filters : undefined,
        http_protocol_options: options.trailers
          ? withReason({ enable_trailers: true }, trailersReason)
          : undefined,
      },
    },
  ];
}

const trailersReason = 'without it Envoy drops the trailers of HTTP/1.1';

function destination({ upstream, timeoutMs }: EnvoyOptions): Record<string, AnnotatedDocument> {
  if (upstream === undefined) {
    return {
      direct_response: withReason(
        { status: 200, body: { inline_string: 'Envoy answers: no upstream was named\n' } },
        'no --upstream: Envoy answers by itself',
      ),
    };
  }
  const { tls, host } = parseEndpoint(upstream);
  return {
    route: {
      cluster: upstreamCluster,
      auto_host_rewrite:
        tls && isIP(host) === 0
          ? withReason(true, 'a server behind TLS expects its own name as the host')
          : undefined,
      timeout:
        timeoutMs === undefined
          ? undefined
          : withReason(`${timeoutMs / 1000}s`, 'from the end of the request on'),
    },
  };
}

function socketAddress({ address, port }: EnvoyAddress): AnnotatedDocument {
  return { socket_address: { address, port_value: port } };
}
