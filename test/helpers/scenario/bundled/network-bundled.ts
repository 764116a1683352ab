/** Runs a network scenario in our own host and proxy, in process, through real sockets. */
import { LocalMetrics, createHost, findProfile } from '../../../../src/host/index.ts';
import { MetricType } from '../../../../src/host/state/metrics.ts';
import type { Host } from '../../../../src/host/host.ts';
import type { Plugin } from '../../../../src/host/plugin.ts';
import type { HostProfile } from '../../../../src/host/profiles.ts';
import type { LogEntry } from '../../../../src/host/types.ts';
import { Clusters } from '../../../../src/proxy/upstream/clusters.ts';
import { NodeEnvironment } from '../../../../src/proxy/environment.ts';
import { startProxy } from '../../../../src/proxy/proxy.ts';
import { startTcpProxy } from '../../../../src/proxy/tcp.ts';
import { refusedPort } from '../../servers/ports.ts';
import { compileProbe } from '../../guests/probe/compile.ts';
import type { EnvoyVersion } from '../envoy/envoy.ts';
import { pluginName } from '../envoy/envoy-config.ts';
import { type NetworkOutcome, type NetworkScenario, networkScript, pluginsOf } from '../network.ts';
import { playNetwork } from '../envoy/network-envoy.ts';
import { pluginOptions } from './bundled.ts';
import { maskText } from '../outcome.ts';
import { startScenarioServers } from '../stage.ts';

export async function runNetworkInOurs(
  version: EnvoyVersion,
  scenario: NetworkScenario,
  expected: unknown,
): Promise<NetworkOutcome> {
  const stage = await startScenarioServers(scenario);
  const endpoint = (port: number, http2 = false) => ({ host: '127.0.0.1', port, tls: false, http2 });
  const main = endpoint(scenario.upstream === 'refused' ? refusedPort : stage.upstreamPort);
  const clusters = new Clusters(
    new Map([
      ['upstream', main],
      ['refused', endpoint(refusedPort, true)],
      ...[...stage.grpc].map(([name, { port }]) => [`${scenario.id}.${name}`, endpoint(port)] as const),
    ]),
    { trailers: true, connectTimeoutMs: 1_000 },
  );
  const profile = findProfile(`envoy@${version}`)!;
  const lines: string[] = [];
  const log = ({ prefix, message, source }: LogEntry): void => {
    const name = /^wasm log ([^\s:]+)/.exec(prefix)?.[1];
    if (source === 'guest' && name !== undefined)
      lines.push(
        `${name.slice(scenario.id.length + 1)}: ${maskText(Buffer.from(message).toString('latin1'))}`,
      );
  };
  const environment = new NodeEnvironment({
    clusters,
    log,
    showTransportFailure: profile.transportFailureText,
  });
  const metrics = new LocalMetrics();
  const host = createHost({
    environment,
    profile,
    metrics,
    node: { id: 'scenario-node', cluster: 'scenario-cluster' },
  });
  const plugins: Plugin[] = [];
  for (const [index, filter] of pluginsOf(scenario).entries()) {
    const code = compileProbe(networkScript(scenario, filter));
    plugins.push(await host.loadPlugin(code, pluginOptions(filter, pluginName(scenario, index))));
  }
  const front = await listen(scenario, host, plugins, clusters, main, profile);
  if (scenario.place === 'stats-sink') flushFiveTimes(metrics, plugins);
  try {
    return await playNetwork(scenario, stage, front.port, () => lines, expected);
  } finally {
    await front.close();
    clusters.close();
    host.close();
    await stage.close();
  }
}

/** Flushes as Envoy does: a stats sink sees its own changes in the next flush. */
function flushFiveTimes(metrics: LocalMetrics, sinks: readonly Plugin[]): void {
  const before = new Map<string, bigint>();
  for (let left = 5; left > 0; left--) {
    const stats = metrics.list().flatMap(metric => {
      const value = metric.value();
      const name = `wasmcustom.${metric.name}`;
      const delta = value - (before.get(name) ?? 0n);
      before.set(name, value);
      if (metric.type === MetricType.Histogram) return [];
      const type = metric.type === MetricType.Counter ? ('counter' as const) : ('gauge' as const);
      return [{ type, name, value, delta, used: value > 0n }];
    });
    for (const sink of sinks) sink.statsUpdate(stats);
  }
}

async function listen(
  { place, upstream, filters }: NetworkScenario,
  host: Host,
  plugins: readonly Plugin[],
  clusters: Clusters,
  main: { host: string; port: number; tls: boolean; http2: boolean },
  profile: HostProfile,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const at = { host: '127.0.0.1', port: 0 };
  if (place === 'service' || place === 'stats-sink') return { port: 0, close: async () => {} };
  if (place === 'network') {
    const accessLoggers = plugins.slice(filters.length);
    const chain = host.tcpChain(plugins.slice(0, filters.length), { accessLoggers });
    const target = upstream === 'echo' ? undefined : main;
    const resets = { client: profile.clientResets, upstream: profile.upstreamResets };
    return startTcpProxy({ ...at, chain: () => chain, upstream: target, resets });
  }
  return startProxy({
    ...at,
    clusters,
    routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
    chain: host.httpChain([], { accessLoggers: plugins }),
    trailers: true,
    showTransportFailure: profile.transportFailureText,
  });
}
