/** Runs a load scenario in our own host and proxy, in process, through real sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WasmeError } from '../../../../src/errors.ts';
import { createHost, findProfile } from '../../../../src/host/index.ts';
import type { Plugin } from '../../../../src/host/plugin.ts';
import type { LogEntry } from '../../../../src/host/types.ts';
import { Clusters } from '../../../../src/proxy/upstream/clusters.ts';
import { NodeEnvironment } from '../../../../src/proxy/environment.ts';
import { startProxy } from '../../../../src/proxy/proxy.ts';
import { send } from '../client.ts';
import { pluginName } from '../envoy/envoy-config.ts';
import type { EnvoyVersion } from '../envoy/envoy.ts';
import { type LoadOutcome, type LoadScenario, codeOf, once, plainLines } from '../load.ts';
import { pluginOptions } from './bundled.ts';
import { type TestUpstream, startUpstream } from '../upstream.ts';

export async function runLoadInOurs(version: EnvoyVersion, scenario: LoadScenario): Promise<LoadOutcome> {
  const profile = findProfile(`envoy@${version}`)!;
  const upstreams = new Map<string, TestUpstream>([['main', await startUpstream()]]);
  for (const [name, answer] of Object.entries(scenario.clusters ?? {}))
    upstreams.set(name, await startUpstream(answer));
  const endpoint = (port: number) => ({ host: '127.0.0.1', port, tls: false, http2: false });
  const clusters = new Clusters(
    new Map([...upstreams].map(([name, { port }]) => [name, endpoint(port)] as const)),
    { trailers: true, connectTimeoutMs: 1_000 },
  );
  const lines: string[] = [];
  const said: string[] = [];
  const log = ({ level, prefix, message, source }: LogEntry): void => {
    const text = Buffer.from(message).toString('latin1');
    if (source === 'guest') lines.push(prefix + text);
    else if (text.startsWith('Function: ')) lines.push(...text.split('\n'));
    if (source === 'host' && level === 'error') said.push(text);
  };
  const { transportFailureText: showTransportFailure } = profile;
  const environment = new NodeEnvironment({ clusters, log, showTransportFailure });
  const host = createHost({ environment, profile });
  const part = (from: number, to?: number): string[] => plainLines(scenario, lines.slice(from, to));
  try {
    const plugins: Plugin[] = [];
    try {
      for (const [index, filter] of scenario.filters.entries())
        plugins.push(
          await host.loadPlugin(codeOf(filter), pluginOptions(filter, pluginName(scenario, index))),
        );
    } catch (error) {
      if (!(error instanceof WasmeError)) throw error;
      const refused = plainLines(scenario, [...said, error.message]).join('\n');
      return { refused, statuses: [], startLogs: once(part(0)), logs: [], endLogs: [] };
    }
    const marks = [lines.length];
    const proxy = await startProxy({
      host: '127.0.0.1',
      port: 0,
      clusters,
      routes: [{ prefix: '/', cluster: 'main', timeoutMs: 15_000 }],
      chain: host.httpChain(plugins),
      trailers: true,
      showTransportFailure,
    });
    const statuses: number[] = [];
    for (const request of scenario.requests ?? [{}]) statuses.push((await send(proxy.port, request)).status);
    await sleep(scenario.settleMs ?? 150);
    marks.push(lines.length);
    if (scenario.removedForMs !== undefined) {
      plugins[0]?.close();
      await sleep(scenario.removedForMs);
    }
    await proxy.close();
    host.close();
    return {
      refused: '',
      statuses,
      startLogs: once(part(0, marks[0])),
      logs: part(marks[0] ?? 0, marks[1]),
      endLogs: once(part(marks[1] ?? 0)),
    };
  } finally {
    clusters.close();
    host.close();
    for (const upstream of upstreams.values()) await upstream.close();
  }
}
