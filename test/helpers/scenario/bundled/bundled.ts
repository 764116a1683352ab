/** Runs a scenario in our own host and proxy, in process, through real sockets. */
import { LocalMetrics, createHost, findProfile } from '../../../../src/host/index.ts';
import type { LogEntry } from '../../../../src/host/types.ts';
import { Clusters } from '../../../../src/proxy/upstream/clusters.ts';
import { NodeEnvironment } from '../../../../src/proxy/environment.ts';
import { startProxy } from '../../../../src/proxy/proxy.ts';
import { refusedPort } from '../../servers/ports.ts';
import { compileProbe } from '../../guests/probe/compile.ts';
import { send } from '../client.ts';
import { type EnvoyVersion, calloutsOf, splitLogs } from '../envoy/envoy.ts';
import { pluginName } from '../envoy/envoy-config.ts';
import { type Outcome, type ResponseSeen, maskText } from '../outcome.ts';
import { settled } from '../pace.ts';
import { type FilterSpec, type Scenario, clusterName, scriptOf } from '../scenario.ts';
import { type TestUpstream, startUpstream } from '../upstream.ts';

export async function runInOurs(
  version: EnvoyVersion,
  scenario: Scenario,
  expected: unknown,
): Promise<Outcome> {
  const upstream = await startUpstream(scenario.upstream);
  const side = new Map<string, TestUpstream>();
  for (const [name, answer] of Object.entries(scenario.clusters ?? {}))
    side.set(name, await startUpstream(answer));
  const endpoint = (port: number) => ({ host: '127.0.0.1', port, tls: false, http2: false });
  const profile = findProfile(`envoy@${version}`)!;
  const clusters = new Clusters(
    new Map([
      [clusterName(scenario.id, 'main'), endpoint(upstream.port)],
      ['refused', endpoint(refusedPort)],
      ...[...side].map(([name, { port }]) => [clusterName(scenario.id, name), endpoint(port)] as const),
    ]),
    { trailers: true, connectTimeoutMs: 1_000, keepAliveShown: !profile.removesKeepAlive },
  );
  const lines: string[] = [];
  const metrics = new LocalMetrics();
  const log = ({ prefix, message, source }: LogEntry): void => {
    const match = /^wasm log ([^\s:]+)/.exec(prefix);
    if (source === 'guest' && match) {
      const text = maskText(Buffer.from(message).toString('latin1'));
      lines.push(`${(match[1] ?? '').slice(scenario.id.length + 1)}: ${text}`);
    }
  };
  const environment = new NodeEnvironment({
    clusters,
    log,
    showTransportFailure: profile.transportFailureText,
  });
  const call = environment.httpCall.bind(environment);
  // A cluster without hosts: our configuration has no way to say it.
  environment.httpCall = (request, listener) =>
    request.cluster === 'empty' ? { status: 'unavailable' } : call(request, listener);
  const host = createHost({
    environment,
    profile,
    metrics,
    node: { id: 'scenario-node', cluster: 'scenario-cluster' },
  });
  const plugins = [];
  for (const [index, filter] of scenario.filters.entries()) {
    plugins.push(
      await host.loadPlugin(
        compileProbe(scriptOf(scenario, filter)),
        pluginOptions(filter, pluginName(scenario, index)),
      ),
    );
  }
  const { bufferLimitBytes } = scenario;
  const chain = host.httpChain(plugins, bufferLimitBytes === undefined ? {} : { bufferLimitBytes });
  const proxy = await startProxy({
    host: '127.0.0.1',
    port: 0,
    clusters,
    routes: [{ prefix: '/', cluster: clusterName(scenario.id, 'main'), timeoutMs: 15_000 }],
    chain,
    trailers: true,
    showTransportFailure: profile.transportFailureText,
  });
  try {
    const responses: ResponseSeen[] = [];
    for (const request of scenario.requests) responses.push(await send(proxy.port, request));
    const look = (): Outcome => {
      const { logs, startLogs } = splitLogs(lines);
      const values = new Map(metrics.list().map(metric => [metric.name, Number(metric.value())]));
      return {
        responses,
        upstream: [...upstream.seen],
        callouts: calloutsOf(side),
        logs: logs.filter(line => !scenario.ignoreLogs?.pattern.test(line)),
        startLogs: scenario.ignoreStartLogs === undefined ? startLogs : [],
        metrics: Object.fromEntries((scenario.metrics ?? []).map(name => [name, values.get(name) ?? NaN])),
      };
    };
    return await settled(look, scenario.settleMs, expected);
  } finally {
    await proxy.close();
    clusters.close();
    host.close();
    await upstream.close();
    for (const cluster of side.values()) await cluster.close();
  }
}

export function pluginOptions(filter: Omit<FilterSpec, 'script'>, name: string) {
  const bytes = (text: string | undefined): Uint8Array => new TextEncoder().encode(text ?? '');
  const policies = { FAIL_OPEN: 'open', FAIL_CLOSED: 'closed', FAIL_RELOAD: 'reload' } as const;
  return {
    name,
    rootId: filter.rootId ?? name,
    vmId: filter.vmId ?? name,
    configuration: bytes(filter.configuration),
    vmConfiguration: bytes(filter.vmConfiguration),
    environmentVariables: filter.env ?? {},
    ...(filter.failurePolicy && { failurePolicy: policies[filter.failurePolicy] }),
    ...(filter.failOpen && { legacyFailOpen: true }),
    ...(filter.reloadBackoffMs !== undefined && { reloadBackoffMs: filter.reloadBackoffMs }),
    ...(filter.allowOnHeadersStopIteration && { allowOnHeadersStopIteration: true }),
    ...(filter.allowedCapabilities && { allowedCapabilities: filter.allowedCapabilities }),
  };
}
