/** A filter loaded for one pass of a benchmark: a host, an environment and a chain that no other pass has touched. */
import {
  type HostProfile,
  type Plugin,
  type PluginOptions,
  SimulatedEnvironment,
  compileFilter,
  createHost,
} from '../../host/index.ts';
import type { Concurrency } from './measure.ts';
import { type Workload, httpTraffic, tcpTraffic } from './traffic.ts';
import { nodeSignatures } from '../../proxy/signature-provider.ts';
import type { StreamKind } from '../../project/names.ts';

export interface BenchSubject {
  readonly name: string;
  readonly module: Uint8Array;
  readonly rootId: string;
  readonly configuration: Uint8Array;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly kind: StreamKind;
  readonly profile: HostProfile;
  readonly workload: Workload;
}

export interface BenchSetup extends Concurrency {
  readonly plugin: Plugin;
  /** Time to compile, instantiate, start and configure. */
  readonly loadMs: number;
  close(): void;
}

/** Fails with WASM_INVALID, WASM_ABI or WASM_START. */
export async function openBenchSetup(
  subject: BenchSubject,
  onTrace?: NonNullable<PluginOptions['onTrace']>,
): Promise<BenchSetup> {
  const { profile, kind, workload, name, rootId, configuration, environmentVariables } = subject;
  // It keeps nothing: a log or a list of calls would grow with the streams. Call-outs are answered 200, without a body.
  const environment = new SimulatedEnvironment({ signatures: nodeSignatures });
  const host = createHost({ environment, profile });
  const startedMs = performance.now();
  const plugin = await host.loadPlugin(await compileFilter(subject.module, profile), {
    name,
    rootId,
    configuration,
    environmentVariables,
    ...(onTrace === undefined ? {} : { onTrace }),
  });
  const loadMs = performance.now() - startedMs;
  const lane = (plugins: readonly Plugin[]): Concurrency['filtered'] =>
    kind === 'http'
      ? httpTraffic(host.httpChain(plugins), environment, workload)
      : tcpTraffic(host.tcpChain(plugins), environment, workload);
  return {
    plugin,
    loadMs,
    filtered: lane([plugin]),
    empty: lane([]),
    // Without it no tick would run and every rate limit would be exhausted.
    between: () => environment.advance(1),
    close: () => host.close(),
  };
}
