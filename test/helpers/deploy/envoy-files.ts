/** Envoy files in forms that Envoy 1.36 and 1.40 read, though templates and documentation write others. */

const manager =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** `chain`, `filters`, `http_filters` as they are written: `- ` before an item, or nothing for a single message. */
function listenerFile(dashes: {
  listener?: string;
  chain?: string;
  filter?: string;
  router?: string;
}): string {
  const { listener = '- ', chain = '- ', filter = '- ', router = '- ' } = dashes;
  return `static_resources:
  listeners:
    ${listener}name: main
${pad(listener, 4)}address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
${pad(listener, 4)}filter_chains:
${pad(listener, 6)}${chain}filters:
${pad(listener + chain, 8)}${filter}name: envoy.http_connection_manager
${pad(listener + chain + filter, 8)}typed_config:
${pad(listener + chain + filter, 10)}"@type": ${manager}
${pad(listener + chain + filter, 10)}stat_prefix: main
${pad(listener + chain + filter, 10)}route_config: { virtual_hosts: [{ name: all, domains: ["*"] }] }
${pad(listener + chain + filter, 10)}http_filters:
${pad(listener + chain + filter, 12)}${router}name: envoy.router
${pad(listener + chain + filter + router, 12)}typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
`;
}

function pad(dashes: string, base: number): string {
  return ' '.repeat(base + dashes.length);
}

const tcp = `static_resources:
  listeners:
  - name: db
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: envoy.tcp_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: db
          cluster: db
  clusters:
    name: db
    load_assignment: { cluster_name: db }
`;

/** Files that a filter goes into and comes out of again. */
export const editableFiles = [
  { title: 'names of API v2 with types of API v3', kind: 'http', text: listenerFile({}) },
  { title: 'one listener without a dash', kind: 'http', text: listenerFile({ listener: '' }) },
  { title: 'one filter chain without a dash', kind: 'http', text: listenerFile({ chain: '' }) },
  { title: 'one network filter without a dash', kind: 'http', text: listenerFile({ filter: '' }) },
  {
    title: 'no dash at all above the router',
    kind: 'http',
    text: listenerFile({ listener: '', chain: '', filter: '' }),
  },
  { title: 'a TCP proxy and one cluster without a dash', kind: 'network', text: tcp },
] as const;

/** Files whose list has to become a list before anything is added: Envoy reads them as they are. */
export const singleValueFiles = [
  { title: 'http_filters', kind: 'http', clusters: [], text: listenerFile({ router: '' }) },
  { title: 'filters', kind: 'network', clusters: [], text: listenerFile({ filter: '' }) },
  { title: 'clusters', kind: 'network', clusters: ['more'], text: tcp },
  {
    title: 'access_log',
    kind: 'access-log',
    clusters: [],
    text: listenerFile({}).replace(
      'stat_prefix: main',
      'stat_prefix: main\n                access_log: { name: out, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog } }',
    ),
  },
  {
    title: 'bootstrap_extensions',
    kind: 'service',
    clusters: [],
    text: `bootstrap_extensions:\n  name: envoy.bootstrap.internal_listener\n  typed_config: { "@type": type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener }\n${listenerFile({})}`,
  },
] as const;
