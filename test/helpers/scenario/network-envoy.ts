/** Runs network scenarios in one real Envoy: listeners for filters and loggers, bootstrap extensions for services. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusedPort } from '../ports.ts';
import { compileProbe } from '../probe/compile.ts';
import { send } from './client.ts';
import {
  type EnvoyVersion,
  type RunningEnvoy,
  address,
  atOnce,
  pluginConfig,
  pluginName,
  startEnvoy,
} from './envoy.ts';
import { type NetworkOutcome, type NetworkScenario, networkScript, runningLog } from './network.ts';
import { settled } from './pace.ts';
import { type PeerSeen, playClient } from './peer.ts';
import { type Stage, setStage } from './stage.ts';

/** Outcomes by scenario id, each when it is as expected or does not become so. Several at a time. */
export async function runNetworkInEnvoy(
  version: EnvoyVersion,
  scenarios: readonly NetworkScenario[],
  expected: Readonly<Record<string, unknown>>,
): Promise<Map<string, NetworkOutcome>> {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-envoy-'));
  const prepared: { scenario: NetworkScenario; stage: Stage }[] = [];
  for (const scenario of scenarios) prepared.push({ scenario, stage: await setStage(scenario) });
  let envoy: RunningEnvoy | undefined;
  try {
    const config = bootstrap(prepared, refusedPort, dir, version);
    writeFileSync(join(dir, 'envoy.json'), JSON.stringify(config));
    envoy = await startEnvoy(version, dir);
    const ports = await envoy.listenerPorts();
    const outcomes = new Map<string, NetworkOutcome>();
    const queue = [...prepared];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { id } = next.scenario;
        const log = (): string[] => envoy?.guestLog(id) ?? [];
        outcomes.set(id, await playNetwork(next.scenario, next.stage, ports.get(id) ?? 0, log, expected[id]));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return outcomes;
  } finally {
    await envoy?.stop();
    for (const { stage } of prepared) await stage.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Clients and requests one after the other, then what everybody saw. */
export async function playNetwork(
  scenario: NetworkScenario,
  stage: Stage,
  port: number,
  log: () => readonly string[],
  expected: unknown,
): Promise<NetworkOutcome> {
  const clients: PeerSeen[] = [];
  for (const moves of scenario.clients ?? []) clients.push(await playClient(port, moves, scenario));
  const statuses: number[] = [];
  for (const request of scenario.requests ?? []) statuses.push((await send(port, request)).status);
  const look = (): NetworkOutcome => ({
    clients,
    upstream: [...(stage.upstream?.seen ?? [])],
    grpc: Object.fromEntries([...stage.grpc].map(([name, { seen }]) => [name, [...seen]])),
    statuses,
    logs: runningLog(scenario, log()).map(line => line.replaceAll(`${scenario.id}.`, '')),
  });
  return settled(look, scenario.settleMs, expected);
}

function bootstrap(
  prepared: readonly { scenario: NetworkScenario; stage: Stage }[],
  refused: number,
  dir: string,
  version: EnvoyVersion,
): object {
  const plugins = ({ id, filters, ...rest }: NetworkScenario): object[] =>
    filters.map((filter, index) => {
      const code = compileProbe(networkScript({ id, filters, ...rest }, filter));
      return pluginConfig(pluginName({ id }, index), filter, code, dir, version);
    });
  const services = prepared.filter(({ scenario }) => scenario.place === 'service');
  return {
    node: { id: 'scenario-node', cluster: 'scenario-cluster' },
    admin: { address: address(0) },
    bootstrap_extensions: services.flatMap(({ scenario }) =>
      plugins(scenario).map(config =>
        extension('envoy.bootstrap.wasm', 'extensions.wasm.v3.WasmService', { config, singleton: true }),
      ),
    ),
    static_resources: {
      listeners: prepared
        .filter(({ scenario }) => scenario.place !== 'service')
        .map(({ scenario }) => listener(scenario, plugins(scenario))),
      clusters: [
        ...prepared.flatMap(({ scenario: { id, upstream }, stage }) => [
          cluster(`${id}.upstream`, upstream === 'refused' ? refused : stage.upstreamPort, false),
          ...[...stage.grpc].map(([name, { port }]) => cluster(`${id}.${name}`, port, true)),
        ]),
        cluster('refused', refused, true),
      ],
    },
  };
}

function listener({ id, place, upstream }: NetworkScenario, plugins: readonly object[]): object {
  const target = `${id}.upstream`;
  const last =
    upstream === 'echo'
      ? extension('envoy.filters.network.echo', 'extensions.filters.network.echo.v3.Echo', {})
      : extension('envoy.filters.network.tcp_proxy', 'extensions.filters.network.tcp_proxy.v3.TcpProxy', {
          stat_prefix: id,
          cluster: target,
        });
  const filters =
    place === 'network'
      ? [
          ...plugins.map(config =>
            extension('envoy.filters.network.wasm', 'extensions.filters.network.wasm.v3.Wasm', { config }),
          ),
          last,
        ]
      : [httpManager(id, target, plugins)];
  return { name: id, address: address(0), filter_chains: [{ filters }] };
}

function httpManager(id: string, target: string, loggers: readonly object[]): object {
  const type = 'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  return extension('envoy.filters.network.http_connection_manager', type, {
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
    access_log: loggers.map(config =>
      extension('envoy.access_loggers.wasm', 'extensions.access_loggers.wasm.v3.WasmAccessLog', { config }),
    ),
    http_filters: [extension('envoy.filters.http.router', 'extensions.filters.http.router.v3.Router', {})],
  });
}

function extension(name: string, type: string, config: object): object {
  return { name, typed_config: { '@type': `type.googleapis.com/envoy.${type}`, ...config } };
}

function cluster(name: string, port: number, http2: boolean): object {
  const protocol = http2
    ? { http2_protocol_options: {} }
    : { http_protocol_options: { enable_trailers: true } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: protocol,
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
  };
}
