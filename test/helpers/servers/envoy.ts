/** Real Envoys for tests: started from a bootstrap on free ports, with their log and statistics, stopped with the test. */
import { onTestFinished } from 'vitest';
import { silentReporter } from '../../../src/reporter.ts';
import type { EnvoyAdmin } from '../../../src/targets/envoy/status/admin.ts';
import { bootstrap } from '../../../src/targets/envoy/bootstrap.ts';
import { findEnvoy, startEnvoy } from '../../../src/targets/envoy/launch.ts';
import type { EnvoyOptions } from '../../../src/targets/envoy/options.ts';
import type { DeployIntent } from '../../../src/targets/intent.ts';
import { renderYaml } from '../../../src/targets/yaml.ts';
import { tool } from '../tools.ts';
import { until } from '../until.ts';

export type EnvoyRelease = '1.40' | '1.36';

export interface TestEnvoy {
  /** Listener `main`: http://127.0.0.1:port. */
  readonly url: string;
  readonly port: number;
  readonly admin: EnvoyAdmin;
  /** Every line of its log so far. */
  readonly log: readonly string[];
  /** Messages that the guest logged, in order. */
  guestLog(): string[];
  /** Waits until the log has a line with this text; fails with the log. */
  logged(text: string | RegExp): Promise<string>;
  /** Counters and gauges whose name matches the regular expression. */
  stats(filter: string): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

export interface StartTestEnvoy {
  readonly release?: EnvoyRelease;
  readonly logLevel?: string;
  readonly concurrency?: number;
  /** Do not stop it with the test that started it (for beforeAll). */
  readonly keep?: boolean;
}

/** Starts a real Envoy with a bootstrap text. Use port 0 in it; its traffic listener must be called `main`. */
export async function realEnvoy(text: string, options: StartTestEnvoy = {}): Promise<TestEnvoy> {
  const log: string[] = [];
  const system = {
    cwd: '/',
    env: process.env,
    platform: process.platform,
    homeDir: '/',
    now: Date.now,
    signal: new AbortController().signal,
    reporter: silentReporter,
  };
  const envoy = await startEnvoy(
    {
      envoy: findEnvoy({ path: tool(`envoy-${options.release ?? '1.40'}`) }, system),
      bootstrap: text,
      concurrency: options.concurrency ?? 1,
      logLevel: options.logLevel ?? 'info',
      onLine: line => log.push(line),
    },
    system,
  );
  if (!options.keep) onTestFinished(() => envoy.stop());
  const port = text.includes('listeners:') ? await envoy.port('main') : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    admin: envoy.admin,
    log,
    guestLog: () => log.map(line => /wasm log[^:]*: (.*)/.exec(line)?.[1]).filter(line => line !== undefined),
    logged: wanted =>
      until(
        () => log.find(line => (typeof wanted === 'string' ? line.includes(wanted) : wanted.test(line))),
        () => `${wanted.toString()} in\n${log.join('\n')}`,
      ),
    stats: filter => envoy.admin.stats(filter),
    stop: () => envoy.stop(),
  };
}

/** A module file in front of an upstream, with what `deploy envoy` writes. */
export function filterBootstrap(
  modulePath: string,
  intent: Partial<DeployIntent> = {},
  options: Partial<EnvoyOptions> = {},
): string {
  const free = { address: '127.0.0.1', port: 0 };
  return renderYaml([
    bootstrap(
      {
        id: 'filter',
        kind: 'http',
        rootId: '',
        vmId: '',
        runtime: 'v8',
        code: { from: 'file', path: modulePath, digest: '' },
        env: {},
        hostEnv: [],
        failPolicy: undefined,
        allowedCapabilities: undefined,
        allowOnHeadersStopIteration: undefined,
        ...intent,
      },
      { listen: free, admin: free, ...options },
    ),
  ]);
}

/** A connection manager without filters in front of an upstream; `manager` and `route` are further YAML in their places. */
export function proxyBootstrap(port: number, manager = '', route = ''): string {
  return `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: main
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: http
          ${manager}
          http_protocol_options: {enable_trailers: true}
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: upstream, ${route}}}]}]}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: upstream
    type: STATIC
    load_assignment: {cluster_name: upstream, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}]}]}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http_protocol_options: {enable_trailers: true}}
`;
}
