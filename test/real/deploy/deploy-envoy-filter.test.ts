import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { plain } from '../../../src/targets/annotated-document.ts';
import { istioPlan, istioRows } from '../../helpers/deploy/deploy-cases.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { type ToolName, describeWith, tool } from '../../helpers/tools.ts';

type Fields = Record<string, unknown>;

interface Patch {
  readonly applyTo: string;
  readonly patch: { readonly value: Fields };
}

// The API server takes anything inside `value`; only Envoy knows whether it is right.
describeWith(['envoy-1.36', 'envoy-1.40'], 'the inside of an EnvoyFilter', () => {
  const rows = istioRows.filter(({ name }) => name.includes('-filter-'));
  const envoys: readonly ToolName[] = ['envoy-1.36', 'envoy-1.40'];

  it.each(rows.flatMap(row => envoys.map(envoy => ({ ...row, envoy }))))('$name is taken by $envoy', row => {
    const [document] = istioPlan(row).documents;
    const { spec } = plain(document?.content) as { spec: { configPatches: readonly Patch[] } };
    const dir = mkdtempSync(join(tmpdir(), 'wasme-envoy-filter-'));
    try {
      const guest = guestFile(dir, 'deploy-tag');
      const text = stringify(bootstrap(spec.configPatches)).replaceAll('/etc/wasm/f.wasm', guest);
      const file = join(dir, 'envoy.yaml');
      writeFileSync(file, text);
      const said = execFileSync(
        tool(row.envoy),
        ['--mode', 'validate', '-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      );
      expect(said).toContain('OK');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

/** Returns the configuration that a proxy would have after istiod applied the patches to one listener. */
function bootstrap(patches: readonly Patch[]): Fields {
  const values = (kind: string): Fields[] =>
    patches.filter(({ applyTo }) => applyTo === kind).map(({ patch }) => patch.value);
  const merged = values('NETWORK_FILTER').find(value => String(value['name']).includes('connection_manager'));
  const isNetwork = (value: Fields): boolean => JSON.stringify(value).includes('filters.network.wasm');
  const [extra = {}] = values('BOOTSTRAP');
  const entries = [
    ...values('EXTENSION_CONFIG'),
    // The discovered form names what was just defined, so it gets a name of its own to stand beside it.
    ...[...values('HTTP_FILTER'), ...values('NETWORK_FILTER')]
      .filter(value => value !== merged)
      .slice(0, 1)
      .map(value => ({ ...value, name: `${String(value['name'])}.discovered` })),
  ];
  const manager = {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type':
        'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: 'in',
      route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [answer] }] },
      http_filters: [...entries.filter(value => !isNetwork(value)), router],
      ...(merged?.['typed_config'] as Fields | undefined),
    },
  };
  const clusters = ['istio-agent-fetches-this', 'xds', 'backend'].map(cluster);
  const extraResources = extra['static_resources'] as { clusters: Fields[] } | undefined;
  return {
    node: { id: 'test', cluster: 'test' },
    ...extra,
    dynamic_resources: {
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
    },
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
          filter_chains: [
            { filters: [...entries.filter(isNetwork), entries.some(isNetwork) ? tcpProxy : manager] },
          ],
        },
      ],
      clusters: [...clusters, ...values('CLUSTER'), ...(extraResources?.clusters ?? [])],
    },
  };
}

const answer = { match: { prefix: '/' }, direct_response: { status: 200 } };
const router = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};
const tcpProxy = {
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    stat_prefix: 'tcp',
    cluster: 'backend',
  },
};

function cluster(name: string): Fields {
  const address = { socket_address: { address: '127.0.0.1', port_value: 1 } };
  return {
    name,
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...(name === 'xds'
      ? {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        }
      : {}),
  };
}
