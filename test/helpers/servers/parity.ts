/** One project in two places at once: a real Envoy with what `deploy envoy` wrote, and `wasme run`. */
import { join } from 'node:path';
import { deploy } from '../../../src/deploy.ts';
import { startRun } from '../../../src/run.ts';
import { machineContext } from '../projects/assemblyscript.ts';
import { realEnvoy } from './envoy.ts';
import type { AnswerSpec } from '../scenario/scenario.ts';
import { type TestUpstream, startUpstream } from '../scenario/upstream.ts';

/** Settings that both hosts get. */
export interface PairSettings {
  /** Project folder or module. */
  readonly source: string;
  /** For the bootstrap. */
  readonly folder: string;
  readonly rootId?: string;
  readonly configuration?: string;
  /** Default: nobody listens. */
  readonly upstream?: (path: string) => AnswerSpec;
  /** Cluster `check`; `refused` is always there. */
  readonly check?: (originalPath: string) => AnswerSpec;
}

/** One of the two, with servers of its own. */
export interface Side {
  readonly where: 'Envoy' | 'wasme run';
  readonly port: number;
  readonly upstream: TestUpstream;
  readonly check: TestUpstream;
  /** Returns what the filter has logged so far. */
  log(): readonly string[];
  stop(): Promise<void>;
}

/** A server for each; without an answer its port is free again. */
async function backends({ upstream, check }: PairSettings) {
  const free = await startUpstream();
  await free.close();
  const main = await startUpstream(upstream);
  if (upstream === undefined) await main.close();
  const asked = await startUpstream((_path, headers) => check?.(String(headers['x-original-path'])) ?? {});
  const url = ({ port }: TestUpstream) => `http://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    if (upstream !== undefined) await main.close();
    await asked.close();
  };
  return { main, asked, url: url(main), clusters: { check: url(asked), refused: url(free) }, close };
}

/** For beforeAll: stop it in afterAll. */
export async function startEnvoySide(settings: PairSettings): Promise<Side> {
  const { main, asked, url, clusters, close } = await backends(settings);
  const free = { address: '127.0.0.1', port: 0 };
  const { text } = await deploy(
    {
      target: 'envoy',
      source: settings.source,
      rootId: settings.rootId,
      configuration: settings.configuration,
      targetOptions: { listen: free, admin: free, upstream: url, clusters },
      output: join(settings.folder, 'envoy.yaml'),
    },
    machineContext,
  );
  const envoy = await realEnvoy(text, { keep: true });
  return {
    where: 'Envoy',
    port: envoy.port,
    upstream: main,
    check: asked,
    log: () => envoy.guestLog(),
    stop: async () => {
      await envoy.stop();
      await close();
    },
  };
}

/** For beforeAll: stop it in afterAll. */
export async function startRunSide(settings: PairSettings): Promise<Side> {
  const { main, asked, url, clusters, close } = await backends(settings);
  const log: string[] = [];
  const running = await startRun(
    {
      targets: [settings.source],
      rootId: settings.rootId,
      configurations: settings.configuration === undefined ? [] : [settings.configuration],
      listen: { port: 0 },
      upstream: url,
      clusters,
      onEvent: event => {
        if (event.type === 'log') log.push(event.line.text.replace(/^wasm log[^:]*: /, ''));
      },
    },
    machineContext,
  );
  return {
    where: 'wasme run',
    port: running.port,
    upstream: main,
    check: asked,
    log: () => log,
    stop: async () => {
      await running.stop();
      await close();
    },
  };
}
