/** Runs many scenarios in one real Envoy: a listener, clusters and VMs for each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileProbe } from '../probe/compile.ts';
import { refusedPort } from '../ports.ts';
import { tool } from '../tools.ts';
import { send } from './client.ts';
import { type Outcome, type RequestSeen, type ResponseSeen, maskText } from './outcome.ts';
import { settled } from './pace.ts';
import { type FilterSpec, type Scenario, clusterName, scriptOf } from './scenario.ts';
import { type TestUpstream, startUpstream } from './upstream.ts';

/** Newest first. CI has the first and the last; the ones between are for who installs them. */
export const envoyVersions = ['1.40', '1.39', '1.38', '1.37', '1.36'] as const;
export type EnvoyVersion = (typeof envoyVersions)[number];

/** Most of a scenario is waiting for what may still come. */
export const atOnce = 8;

interface Prepared {
  readonly scenario: Scenario;
  readonly upstream: TestUpstream;
  readonly clusters: ReadonlyMap<string, TestUpstream>;
}

/** Outcomes by scenario id, each when it is as expected or does not become so. Several at a time. */
export async function runInEnvoy(
  version: EnvoyVersion,
  scenarios: readonly Scenario[],
  expected: Readonly<Record<string, unknown>>,
): Promise<Map<string, Outcome>> {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-envoy-'));
  const prepared: Prepared[] = [];
  for (const scenario of scenarios) prepared.push(await prepare(scenario));
  let envoy: RunningEnvoy | undefined;
  try {
    const config = bootstrap(prepared, refusedPort, dir, version);
    writeFileSync(join(dir, 'envoy.json'), JSON.stringify(config));
    envoy = await startEnvoy(version, dir);
    const ports = await envoy.listenerPorts();
    const outcomes = new Map<string, Outcome>();
    const queue = [...prepared];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { id } = next.scenario;
        outcomes.set(id, await runOne(next, ports.get(id) ?? 0, envoy!, expected[id]));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return outcomes;
  } finally {
    await envoy?.stop();
    for (const { upstream, clusters } of prepared) {
      await upstream.close();
      for (const cluster of clusters.values()) await cluster.close();
    }
    rmSync(dir, { recursive: true, force: true });
  }
}

async function prepare(scenario: Scenario): Promise<Prepared> {
  const clusters = new Map<string, TestUpstream>();
  for (const [name, answer] of Object.entries(scenario.clusters ?? {}))
    clusters.set(name, await startUpstream(answer));
  return { scenario, upstream: await startUpstream(scenario.upstream), clusters };
}

async function runOne(
  { scenario, upstream, clusters }: Prepared,
  port: number,
  envoy: RunningEnvoy,
  expected: unknown,
): Promise<Outcome> {
  const responses: ResponseSeen[] = [];
  for (const request of scenario.requests) responses.push(await send(port, request));
  const look = async (): Promise<Outcome> => {
    const { logs, startLogs } = splitLogs(envoy.guestLog(scenario.id));
    return {
      responses,
      upstream: [...upstream.seen],
      callouts: calloutsOf(clusters),
      logs: logs.filter(line => !scenario.ignoreLogs?.pattern.test(line)),
      startLogs: scenario.ignoreStartLogs === undefined ? startLogs : [],
      metrics: scenario.metrics ? await envoy.metrics(scenario.metrics) : {},
    };
  };
  return settled(look, scenario.settleMs, expected);
}

export function calloutsOf(clusters: ReadonlyMap<string, TestUpstream>): Outcome['callouts'] {
  const all: (RequestSeen & { cluster: string })[] = [];
  for (const [cluster, { seen }] of clusters) all.push(...seen.map(request => ({ cluster, ...request })));
  return all;
}

/** Start-up is over at the first stream context: `on_context_create(n, parent)` with a parent. */
export function splitLogs(lines: readonly string[]): {
  logs: readonly string[];
  startLogs: readonly string[];
} {
  const first = lines.findIndex(line => /: on_context_create\(\d+, [1-9]/.test(line));
  const start = first === -1 ? lines : lines.slice(0, first);
  return { logs: first === -1 ? [] : lines.slice(first), startLogs: [...new Set(start)] };
}

/** Name of the plugin of filter `index` in a scenario; also its root id unless it has one. */
export function pluginName(scenario: { readonly id: string }, index: number): string {
  return `${scenario.id}.${index}`;
}

function bootstrap(
  prepared: readonly Prepared[],
  refused: number,
  dir: string,
  version: EnvoyVersion,
): object {
  const clusters = prepared.flatMap(({ scenario, upstream, clusters: own }) => [
    cluster(clusterName(scenario.id, 'main'), upstream.port, scenario),
    ...[...own].map(([name, { port }]) => cluster(clusterName(scenario.id, name), port, scenario)),
  ]);
  return {
    node: { id: 'scenario-node', cluster: 'scenario-cluster' },
    admin: { address: address(0) },
    static_resources: {
      listeners: prepared.map(({ scenario }) => listener(scenario, dir, version)),
      clusters: [...clusters, cluster('refused', refused, undefined), emptyCluster('empty')],
    },
  };
}

function listener(scenario: Scenario, dir: string, version: EnvoyVersion): object {
  const filters = scenario.filters.map((filter, index) => wasmFilter(scenario, filter, index, dir, version));
  return {
    name: scenario.id,
    address: address(0),
    ...(scenario.bufferLimitBytes !== undefined && {
      per_connection_buffer_limit_bytes: scenario.bufferLimitBytes,
    }),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: scenario.id,
              http_protocol_options: { enable_trailers: true },
              route_config: {
                name: 'local_route',
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [
                      {
                        name: 'default',
                        match: { prefix: '/' },
                        route: { cluster: clusterName(scenario.id, 'main') },
                      },
                    ],
                  },
                ],
              },
              http_filters: [
                ...filters,
                {
                  name: 'envoy.filters.http.router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function wasmFilter(
  scenario: Scenario,
  filter: FilterSpec,
  index: number,
  dir: string,
  version: EnvoyVersion,
): object {
  const code = compileProbe(scriptOf(scenario, filter));
  return {
    name: `wasm-${index}`,
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
      config: pluginConfig(pluginName(scenario, index), filter, code, dir, version),
    },
  };
}

/** Envoy's PluginConfig; the module is written to `dir`. */
export function pluginConfig(
  name: string,
  filter: FilterSpec,
  code: Uint8Array,
  dir: string,
  version: EnvoyVersion,
): object {
  const filename = join(dir, `${name}.wasm`);
  writeFileSync(filename, code);
  const text = (value: string): object => ({
    '@type': 'type.googleapis.com/google.protobuf.StringValue',
    value,
  });
  const capabilities = filter.allowedCapabilities && {
    allowed_capabilities: Object.fromEntries(filter.allowedCapabilities.map(item => [item, {}])),
  };
  return {
    name,
    root_id: filter.rootId ?? name,
    ...(filter.configuration !== undefined && { configuration: text(filter.configuration) }),
    ...(filter.failurePolicy && { failure_policy: filter.failurePolicy }),
    ...(filter.failOpen && { fail_open: true }),
    ...(filter.reloadBackoffMs !== undefined && {
      reload_config: { backoff: { base_interval: `${filter.reloadBackoffMs / 1000}s` } },
    }),
    ...(filter.allowOnHeadersStopIteration && { allow_on_headers_stop_iteration: true }),
    ...(capabilities && version !== '1.40' && { capability_restriction_config: capabilities }),
    vm_config: {
      vm_id: filter.vmId ?? name,
      runtime: 'envoy.wasm.runtime.v8',
      code: { local: { filename } },
      ...(filter.vmConfiguration !== undefined && { configuration: text(filter.vmConfiguration) }),
      ...(filter.env && { environment_variables: { key_values: filter.env } }),
      ...(capabilities && version === '1.40' && { capability_restriction_config: capabilities }),
    },
  };
}

function cluster(name: string, port: number, scenario: Scenario | undefined): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...(scenario?.bufferLimitBytes !== undefined && {
      per_connection_buffer_limit_bytes: scenario.bufferLimitBytes,
    }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http_protocol_options: { enable_trailers: true } },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
  };
}

/** A cluster without hosts. */
function emptyCluster(name: string): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [] },
  };
}

export function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

export interface RunningEnvoy {
  listenerPorts(): Promise<Map<string, number>>;
  /** `plugin: message` of the guests of one scenario, in order. */
  guestLog(id: string): string[];
  metrics(names: readonly string[]): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

export async function startEnvoy(version: EnvoyVersion, dir: string): Promise<RunningEnvoy> {
  const adminFile = join(dir, 'admin');
  const child: ChildProcess = spawn(
    tool(`envoy-${version}`),
    [
      '-c',
      join(dir, 'envoy.json'),
      '--concurrency',
      '1',
      '--disable-hot-restart',
      '-l',
      'info',
      '--admin-address-path',
      adminFile,
      '--log-format',
      '%v',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr?.setEncoding('latin1').on('data', (text: string) => (output += text));
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const { readFileSync, existsSync } = await import('node:fs');
  const admin = async (path: string): Promise<string> => {
    const response = await fetch(`http://${readFileSync(adminFile, 'utf8')}${path}`);
    return response.text();
  };
  for (let tries = 0; ; tries++) {
    if (existsSync(adminFile) && (await admin('/ready').catch(() => '')).includes('LIVE')) break;
    if (child.exitCode !== null || tries > 600)
      throw new Error(`Envoy ${version} did not start:\n${output.slice(-4000)}`);
    await sleep(100);
  }
  return {
    async listenerPorts() {
      const text = await admin('/listeners?format=json');
      const { listener_statuses } = JSON.parse(text) as {
        listener_statuses: { name: string; local_address: { socket_address: { port_value: number } } }[];
      };
      return new Map(
        listener_statuses.map(({ name, local_address }) => [name, local_address.socket_address.port_value]),
      );
    },
    guestLog: id => guestLines(output, id),
    async metrics(names) {
      const text = await admin('/stats?filter=wasmcustom');
      const all = new Map(text.split('\n').map(line => line.split(': ') as [string, string]));
      return Object.fromEntries(names.map(name => [name, Number(all.get(`wasmcustom.${name}`) ?? NaN)]));
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Lines `wasm log[ plugin] root vm: text`; the plugin's name is missing for root contexts, whose root id is the same. */
function guestLines(output: string, id: string): string[] {
  const lines: string[] = [];
  for (const line of output.split('\n')) {
    const match = /^wasm log ([^\s:]+)(?: [^:]*)?: (.*)$/.exec(line);
    if (match?.[1]?.startsWith(`${id}.`))
      lines.push(`${match[1].slice(id.length + 1)}: ${maskText(match[2] ?? '')}`);
  }
  return lines;
}
