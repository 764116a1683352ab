/** The servers of a network scenario: its upstream, and its gRPC clusters. */
import { type TestGrpcServer, startGrpcServer } from './grpc-server.ts';
import type { NetworkScenario } from './network.ts';
import { type TestPeer, startPeer } from './peer.ts';
import { startUpstream } from './upstream.ts';

export interface ScenarioServers {
  /** The TCP upstream; an `access-log` scenario has an HTTP one. */
  readonly upstream: TestPeer | undefined;
  readonly upstreamPort: number;
  readonly grpc: ReadonlyMap<string, TestGrpcServer>;
  close(): Promise<void>;
}

export async function startScenarioServers(scenario: NetworkScenario): Promise<ScenarioServers> {
  const { place, upstream: moves, grpc: answers } = scenario;
  const http =
    place === 'access-log' ? await startUpstream({ headers: [['x-up', 'yes']], body: ['abc'] }) : undefined;
  const peer = http ? undefined : await startPeer(typeof moves === 'object' ? moves : [], scenario);
  const grpc = new Map<string, TestGrpcServer>();
  for (const [name, answer] of Object.entries(answers ?? {})) grpc.set(name, await startGrpcServer(answer));
  return {
    upstream: peer,
    upstreamPort: (http ?? peer)?.port ?? 0,
    grpc,
    close: async () => {
      for (const server of grpc.values()) server.close();
      await http?.close();
      await peer?.close();
    },
  };
}
