/** Runs network scenarios in one real Envoy: listeners for filters and loggers, bootstrap extensions for services. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusedPort } from '../../servers/ports.ts';
import { compileProbe } from '../../guests/probe/compile.ts';
import { send } from '../client.ts';
import { type EnvoyVersion, type RunningEnvoy, severalAtATime, startEnvoy } from './envoy.ts';
import {
  accessLogger,
  bootstrap,
  cluster,
  extension,
  httpManager,
  listener,
  pluginConfig,
  pluginName,
} from './envoy-config.ts';
import {
  type NetworkOutcome,
  type NetworkScenario,
  networkScript,
  pluginsOf,
  runningLog,
} from '../network.ts';
import { settled } from '../pace.ts';
import { type PeerSeen, playClient } from '../peer.ts';
import { type ScenarioServers, startScenarioServers } from '../stage.ts';

/** Outcomes by scenario id, each when it is as expected or does not become so. Several at a time. */
export async function runNetworkInEnvoy(
  version: EnvoyVersion,
  scenarios: readonly NetworkScenario[],
  expected: Readonly<Record<string, unknown>>,
): Promise<Map<string, NetworkOutcome>> {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-envoy-'));
  const prepared: { scenario: NetworkScenario; stage: ScenarioServers }[] = [];
  for (const scenario of scenarios) prepared.push({ scenario, stage: await startScenarioServers(scenario) });
  let envoy: RunningEnvoy | undefined;
  try {
    const config = bootstrapOf(prepared, dir, version);
    writeFileSync(join(dir, 'envoy.json'), JSON.stringify(config));
    envoy = await startEnvoy(version, dir);
    const ports = await envoy.listenerPorts();
    const outcomes = new Map<string, NetworkOutcome>();
    const running = envoy;
    await severalAtATime(prepared, async ({ scenario, stage }) => {
      const { id } = scenario;
      const log = (): string[] => running.guestLog(id);
      outcomes.set(id, await playNetwork(scenario, stage, ports.get(id) ?? 0, log, expected[id]));
    });
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
  stage: ScenarioServers,
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

function bootstrapOf(
  prepared: readonly { scenario: NetworkScenario; stage: ScenarioServers }[],
  dir: string,
  version: EnvoyVersion,
): object {
  const plugins = (scenario: NetworkScenario): object[] =>
    pluginsOf(scenario).map((filter, index) => {
      const code = compileProbe(networkScript(scenario, filter));
      return pluginConfig(pluginName(scenario, index), filter, code, dir, version);
    });
  const at = (place: NetworkScenario['place']): object[] =>
    prepared.filter(({ scenario }) => scenario.place === place).flatMap(({ scenario }) => plugins(scenario));
  const service = (config: object): object =>
    extension('envoy.bootstrap.wasm', 'extensions.wasm.v3.WasmService', { config, singleton: true });
  return bootstrap(
    [
      ...prepared.flatMap(({ scenario: { id, upstream }, stage }) => [
        cluster(`${id}.upstream`, upstream === 'refused' ? refusedPort : stage.upstreamPort),
        ...[...stage.grpc].map(([name, { port }]) => cluster(`${id}.${name}`, port, { http2: true })),
      ]),
      cluster('refused', refusedPort, { http2: true }),
    ],
    prepared
      .filter(({ scenario: { place } }) => place === 'network' || place === 'access-log')
      .map(({ scenario }) => listener(scenario.id, networkFilters(scenario, plugins(scenario)))),
    {
      bootstrap_extensions: at('service').map(service),
      stats_sinks: at('stats-sink').map(config =>
        extension('envoy.stat_sinks.wasm', 'extensions.stat_sinks.wasm.v3.Wasm', { config }),
      ),
      stats_flush_interval: '0.05s',
      // So that a sink is told of the stats of its own scenario only.
      stats_config: { stats_matcher: { inclusion_list: { patterns: [{ prefix: 'wasmcustom.sink.' }] } } },
    },
  );
}

function networkFilters(
  { id, place, upstream, filters }: NetworkScenario,
  plugins: readonly object[],
): object[] {
  const target = `${id}.upstream`;
  if (place === 'access-log') return [httpManager(id, target, { loggers: plugins })];
  const last =
    upstream === 'echo'
      ? extension('envoy.filters.network.echo', 'extensions.filters.network.echo.v3.Echo', {})
      : extension('envoy.filters.network.tcp_proxy', 'extensions.filters.network.tcp_proxy.v3.TcpProxy', {
          stat_prefix: id,
          cluster: target,
          access_log: plugins.slice(filters.length).map(accessLogger),
        });
  const wasm = (config: object): object =>
    extension('envoy.filters.network.wasm', 'extensions.filters.network.wasm.v3.Wasm', { config });
  return [...plugins.slice(0, filters.length).map(wasm), last];
}
