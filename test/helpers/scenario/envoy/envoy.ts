/** Runs many scenarios in one real Envoy: a listener, clusters and VMs for each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileProbe } from '../../guests/probe/compile.ts';
import { refusedPort } from '../../servers/ports.ts';
import { tool } from '../../tools.ts';
import { send } from '../client.ts';
import { bootstrap, cluster, httpManager, listener, pluginConfig, pluginName } from './envoy-config.ts';
import { type Outcome, type RequestSeen, type ResponseSeen, maskText } from '../outcome.ts';
import { settled } from '../pace.ts';
import { type Scenario, clusterName, scriptOf } from '../scenario.ts';
import { type TestUpstream, startUpstream } from '../upstream.ts';

/** Newest first. CI has the first and the last; the ones between are for who installs them. */
export const envoyVersions = ['1.40', '1.39', '1.38', '1.37', '1.36'] as const;
export type EnvoyVersion = (typeof envoyVersions)[number];

/** Most of a scenario is waiting for what may still come. */
const atOnce = 8;

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
    const all = prepared.map(item => parts(item, dir, version));
    const config = bootstrap(
      [
        ...all.flatMap(({ clusters }) => clusters),
        cluster('refused', refusedPort),
        cluster('empty', undefined),
      ],
      all.map(item => item.listener),
    );
    writeFileSync(join(dir, 'envoy.json'), JSON.stringify(config));
    envoy = await startEnvoy(version, dir);
    const ports = await envoy.listenerPorts();
    const outcomes = new Map<string, Outcome>();
    const running = envoy;
    await severalAtATime(prepared, async item => {
      const { id } = item.scenario;
      outcomes.set(id, await runOne(item, ports.get(id) ?? 0, running, expected[id]));
    });
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

export async function severalAtATime<Item>(
  items: readonly Item[],
  job: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await job(next);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
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

function parts(
  { scenario, upstream, clusters: own }: Prepared,
  dir: string,
  version: EnvoyVersion,
): { clusters: object[]; listener: object } {
  const { id, bufferLimitBytes } = scenario;
  const filters = scenario.filters.map((filter, index) =>
    pluginConfig(pluginName(scenario, index), filter, compileProbe(scriptOf(scenario, filter)), dir, version),
  );
  const main = clusterName(id, 'main');
  return {
    clusters: [
      cluster(main, upstream.port, { bufferLimitBytes }),
      ...[...own].map(([name, { port }]) => cluster(clusterName(id, name), port, { bufferLimitBytes })),
    ],
    listener: listener(id, [httpManager(id, main, { filters })], bufferLimitBytes),
  };
}

export interface RunningEnvoy {
  /** Everything it logged so far. */
  output(): string;
  /** Returns the answer of the admin interface at this path. */
  admin(path: string): Promise<string>;
  listenerPorts(): Promise<Map<string, number>>;
  /** `plugin: message` of the guests of one scenario, in order. */
  guestLog(id: string): string[];
  metrics(names: readonly string[]): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** From `envoy.json` in `dir`; `format` is of its log lines. */
export async function startEnvoy(
  version: EnvoyVersion,
  dir: string,
  { format = '%v', args = [] }: { format?: string; args?: readonly string[] } = {},
): Promise<RunningEnvoy> {
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
      format,
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr?.setEncoding('latin1').on('data', (text: string) => (output += text));
  const exited = new Promise<void>(resolve => child.once('close', () => resolve()));
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
    output: () => output,
    admin,
    async listenerPorts() {
      const text = await admin('/listeners?format=json');
      const { listener_statuses = [] } = JSON.parse(text) as {
        listener_statuses?: { name: string; local_address: { socket_address: { port_value: number } } }[];
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
