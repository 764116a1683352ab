/** Runs load scenarios in real Envoy. Listeners come from a file: what Envoy refuses it goes on without, and it takes changes. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../client.ts';
import { bootstrap, cluster, httpManager, listener, pluginConfig, pluginName } from './envoy-config.ts';
import { type EnvoyVersion, type RunningEnvoy, severalAtATime, startEnvoy } from './envoy.ts';
import { type LoadOutcome, type LoadScenario, codeOf, loadAtPace, once, plainLines } from '../load.ts';
import { type TestUpstream, startUpstream } from '../upstream.ts';

export async function runLoadsInEnvoy(
  version: EnvoyVersion,
  scenarios: readonly LoadScenario[],
  pace: number,
): Promise<Map<string, LoadOutcome>> {
  const outcomes = new Map<string, LoadOutcome>();
  await severalAtATime(scenarios, async scenario => {
    outcomes.set(scenario.id, await runLoadInEnvoy(version, loadAtPace(scenario, pace)));
  });
  return outcomes;
}

async function runLoadInEnvoy(version: EnvoyVersion, scenario: LoadScenario): Promise<LoadOutcome> {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-envoy-'));
  const upstreams: TestUpstream[] = [];
  const serve = async (name: string, answer?: Parameters<typeof startUpstream>[0]): Promise<object> => {
    const upstream = await startUpstream(answer);
    upstreams.push(upstream);
    return cluster(name, upstream.port);
  };
  const clusters = [await serve('main')];
  for (const [name, answer] of Object.entries(scenario.clusters ?? {}))
    clusters.push(await serve(name, answer));
  const configs = scenario.filters.map((filter, index) =>
    pluginConfig(pluginName(scenario, index), filter, codeOf(filter), dir, version),
  );
  const listeners = new ListenerFile(join(dir, 'listeners.json'));
  listeners.put(configs);
  const discovery = { dynamic_resources: { lds_config: { path_config_source: { path: listeners.path } } } };
  writeFileSync(join(dir, 'envoy.json'), JSON.stringify(bootstrap(clusters, [], discovery)));
  const draining = ['--drain-time-s', '1', '--drain-strategy', 'immediate'];
  const envoy = await startEnvoy(version, dir, { format: '%l|%n|%v', args: draining });
  try {
    const marks = [envoy.output().length];
    const port = (await envoy.listenerPorts()).get('main');
    const statuses: number[] = [];
    if (port !== undefined) {
      for (const request of scenario.requests ?? [{}]) statuses.push((await send(port, request)).status);
      await sleep(scenario.settleMs ?? 150);
      marks.push(envoy.output().length);
      if (scenario.removedForMs !== undefined) {
        listeners.put(configs.slice(1));
        await drained(envoy);
        await sleep(scenario.removedForMs);
      }
    }
    await envoy.stop();
    const output = envoy.output();
    const part = (from: number, to?: number): string[] =>
      plainLines(scenario, loggedLines(output.slice(from, to)));
    return {
      refused: port === undefined ? refusalIn(output) : '',
      statuses,
      startLogs: once(part(0, marks[0])),
      logs: part(marks[0] ?? 0, marks[1]),
      endLogs: once(marks[1] === undefined ? [] : part(marks[1])),
    };
  } finally {
    await envoy.stop();
    for (const upstream of upstreams) await upstream.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The listener `main` as a discovery response in a file, replaced in one move. */
class ListenerFile {
  readonly path: string;
  #version = 0;

  constructor(path: string) {
    this.path = path;
  }

  put(filters: readonly object[]): void {
    const resource = {
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      ...listener('main', [httpManager('main', 'main', { filters })]),
    };
    const response = { version_info: String(++this.#version), resources: [resource] };
    writeFileSync(`${this.path}.next`, JSON.stringify(response));
    renameSync(`${this.path}.next`, this.path);
  }
}

/** Waits until the filter chain that was replaced is gone, its filters with it. */
async function drained(envoy: RunningEnvoy): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const stats = await envoy.admin('/stats?filter=listener_manager');
    const value = (name: string): number => Number(new RegExp(`${name}: (\\d+)`).exec(stats)?.[1]);
    const replaced = value('listener_in_place_updated') > 0;
    if (replaced && value('total_filter_chains_draining') === 0) return;
    await sleep(50);
  }
  throw new Error(`the listener was not replaced:\n${envoy.output().slice(-4000)}`);
}

interface Entry {
  readonly level: string;
  readonly logger: string;
  readonly text: string;
}

/** Lines of the log; what follows one without a head of its own belongs to it. */
function entriesOf(output: string): Entry[] {
  const entries: Entry[] = [];
  for (const part of output.split(/\n(?=[a-z]+\|[a-z_]+\|)/)) {
    const match = /^([a-z]+)\|([a-z_]+)\|([^]*)$/.exec(part);
    if (match)
      entries.push({ level: match[1] ?? '', logger: match[2] ?? '', text: (match[3] ?? '').trimEnd() });
  }
  return entries;
}

/** Returns what guests logged, and where they trapped. */
function loggedLines(output: string): string[] {
  return entriesOf(output)
    .filter(({ text }) => /^(wasm log|Function: )/.test(text))
    .flatMap(({ text }) => text.split('\n'));
}

/** The first that went wrong, without what Envoy says of every failure. */
function refusalIn(output: string): string {
  const entries = entriesOf(output);
  const wasm = entries.find(({ level, logger }) => level === 'error' && logger === 'wasm');
  const listeners = entries.find(({ text }) => text.includes('adding/updating listener'));
  const [first = ''] = (wasm ?? listeners)?.text.split('\n') ?? [];
  return first.replace(/^Wasm VM failed |^.*listener\(s\) main: /, '');
}
