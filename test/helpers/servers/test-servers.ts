/** The places in which a filter is run for comparison: real Envoys, and the bundled host behind our proxy. */
import { onTestFinished } from 'vitest';
import { startRun } from '../../../src/run.ts';
import type { BuiltTemplate } from '../projects/compilers.ts';
import { compilerContext } from '../projects/compilers.ts';
import { type EnvoyRelease, filterBootstrap, realEnvoy } from './envoy.ts';
import { until } from '../until.ts';

export interface TestServer {
  readonly where: string;
  run(filter: BuiltTemplate, settings: TestServerSettings): Promise<Running>;
}

export interface TestServerSettings {
  readonly kind?: 'http' | 'network';
  readonly configuration: unknown;
  readonly upstream: string;
  readonly clusters?: Readonly<Record<string, string>>;
}

/** A filter behind a port; stopped with the test. */
export interface Running {
  readonly url: string;
  readonly port: number;
  /** Waits until the guest has logged this line, or one that matches, and gives it. */
  logged(line: string | RegExp): Promise<string>;
}

function envoyStand(release: EnvoyRelease): TestServer {
  return {
    where: `Envoy ${release}`,
    async run(filter, { kind = 'http', configuration, ...options }) {
      const envoy = await realEnvoy(
        filterBootstrap(
          filter.module,
          { kind, rootId: filter.name, configuration: { form: 'json', value: configuration } },
          options,
        ),
        { release },
      );
      return { url: envoy.url, port: envoy.port, logged: line => waitFor(line, () => envoy.guestLog()) };
    },
  };
}

/** The newest and the oldest Envoy that are compared. */
export const envoyReleases = ['1.40', '1.36'] as const;
export const envoyServers: readonly TestServer[] = envoyReleases.map(envoyStand);

export const bundledServer: TestServer = {
  where: 'the bundled host',
  async run(filter, { configuration, ...options }) {
    const log: string[] = [];
    const running = await startRun(
      {
        ...options,
        targets: [filter.module],
        rootId: filter.name,
        configurations: [JSON.stringify(configuration)],
        listen: { port: 0 },
        inProcess: true,
        onEvent: event => {
          if (event.type === 'log') log.push(event.line.text.replace(/^wasm log[^:]*: /, ''));
        },
      },
      compilerContext,
    );
    onTestFinished(() => running.stop());
    return { url: running.url, port: running.port, logged: line => waitFor(line, () => log) };
  },
};

function waitFor(wanted: string | RegExp, lines: () => readonly string[]): Promise<string> {
  return until(
    () => lines().find(line => (typeof wanted === 'string' ? line === wanted : wanted.test(line))),
    () => `${String(wanted)} in\n${lines().join('\n')}`,
  );
}
