import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { StatusResult } from '../../../src/status.ts';
import { type Outcome, newMachine } from '../../helpers/cli/cli.ts';
import { type TestEnvoy, realEnvoy } from '../../helpers/servers/envoy.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { type TestCluster, clusterTools, startCluster } from '../../helpers/servers/kubernetes.ts';
import { fakeRegistry } from '../../helpers/servers/registry.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';

const digest = `sha256:${'3b'.repeat(32)}`;
const other = `sha256:${'4c'.repeat(32)}`;
const image = 'registry.example:5000/me/add-header:v0.1';

describeWith([...clusterTools, 'envoy-1.40'], 'status in a real API server', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    cluster.kubectl(['create', 'namespace', 'bookinfo']);
    cluster.kubectl(['create', 'namespace', 'gloo-system']);
    cluster.install('istio-1.31.1.yaml', ['WasmPlugin', 'TrafficExtension', 'EnvoyFilter']);
    cluster.install('envoy-gateway-1.9.1.yaml');
    cluster.install('gloo-gateway.yaml');
    cluster.kubectl(['create', 'namespace', 'higress-system']);
    cluster.install('higress-wasmplugin.yaml');
  });
  afterAll(() => cluster.stop());

  const wasme = (...argv: string[]): Promise<Outcome> => newMachine({ env: cluster.env }).wasme(...argv);
  const deploy = (target: string, ...argv: string[]): Promise<Outcome> =>
    wasme('deploy', target, image, '--digest', digest, '--id', 'tagger', ...argv, '--apply');
  const rowsOf = ({ stdout }: Outcome): StatusResult['rows'] => (JSON.parse(stdout) as StatusResult).rows;
  /** As a controller would: the status part of an object. */
  const report = (kind: string, namespace: string, name: string, status: object): void => {
    const text = JSON.stringify({ status });
    cluster.kubectl([
      'patch',
      kind,
      name,
      '-n',
      namespace,
      '--subresource=status',
      '--type=merge',
      '-p',
      text,
    ]);
  };

  describe('Envoy Gateway', () => {
    const policy = 'envoyextensionpolicies.gateway.envoyproxy.io';
    const status = (...argv: string[]): Promise<Outcome> =>
      wasme('status', 'envoy-gateway', '-n', 'bookinfo', '--id', 'tagger', '--json', ...argv);
    interface Said {
      readonly type: string;
      readonly value: string;
      readonly reason: string;
      readonly message: string;
    }
    const sayAll = (said: readonly Said[], observedGeneration = 99): void =>
      report(policy, 'bookinfo', 'tagger', {
        ancestors: [
          {
            ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'eg' },
            controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
            conditions: said.map(({ value, ...condition }) => ({
              ...condition,
              status: value,
              observedGeneration,
              lastTransitionTime: '2026-01-01T00:00:00Z',
            })),
          },
        ],
      });
    const say = (type: string, value: string, reason: string, observedGeneration?: number): void =>
      sayAll([{ type, value, reason, message: 'said by the test.' }], observedGeneration);

    it('reports the conditions that the controller has set', async () => {
      const none = await status();
      expect(none.exitCode).toBe(1);
      expect(rowsOf(none)).toMatchObject([{ where: 'namespace bookinfo', state: 'missing' }]);
      await deploy('envoy-gateway', '-n', 'bookinfo', '--gateway', 'eg');
      expect(rowsOf(await status())).toMatchObject([{ state: 'missing', digest }]);
      say('Accepted', 'True', 'Accepted', 0);
      expect(rowsOf(await status())).toMatchObject([
        { state: 'missing', detail: expect.stringContaining('last change') as string },
      ]);
      say('Accepted', 'False', 'Invalid', 0);
      expect(rowsOf(await status())).toMatchObject([{ state: 'missing' }]);
      say('Accepted', 'True', 'Accepted');
      const good = await status();
      expect(good.exitCode).toBe(0);
      expect(rowsOf(good)).toMatchObject([{ where: 'Gateway/eg', state: 'loaded', digest }]);
      const all = await wasme('status', 'envoy-gateway', '-n', 'bookinfo', '--all', '--json');
      expect(rowsOf(all)).toEqual(rowsOf(good));
      expect(rowsOf(await status('--digest', other))).toMatchObject([
        { state: 'other-digest', expected: other },
      ]);
      // As Envoy Gateway 1.9.1 wrote them for the policy of a Gateway of which one route has its own.
      const message =
        'This policy is being overridden by other envoyExtensionPolicies for these routes: [egshop/r2]';
      sayAll([
        { type: 'Accepted', value: 'True', reason: 'Accepted', message: 'Policy has been accepted.' },
        { type: 'Overridden', value: 'True', reason: 'Overridden', message },
      ]);
      const partly = await status();
      expect(partly.exitCode).toBe(0);
      expect(rowsOf(partly)).toMatchObject([
        {
          state: 'loaded',
          detail: expect.stringContaining('not everywhere: Overridden: This policy') as string,
        },
      ]);
      say('Accepted', 'False', 'Invalid');
      const bad = await status();
      expect(bad.exitCode).toBe(1);
      expect(rowsOf(bad)).toMatchObject([{ state: 'rejected', detail: 'Invalid: said by the test.' }]);
    });

    it('sees that the tag names another image by now, which the store does not know', async () => {
      const registry = await fakeRegistry();
      const machine = newMachine({ env: cluster.env });
      const reference = `${registry.host}/team/moved:v1`;
      const push = async (name: string): Promise<void> => {
        guestFile(machine.cwd, name);
        await machine.wasme('push', reference, '-f', `${name}.wasm`, '--force');
      };
      const argv = ['envoy-gateway', reference, '-n', 'bookinfo'];
      const status = async (): Promise<{ rows: StatusResult['rows']; exitCode: number }> => {
        const outcome = await machine.wasme('status', ...argv, '--id', 'moved', '--json');
        return { rows: rowsOf(outcome), exitCode: outcome.exitCode };
      };
      await push('deploy-tag');
      await machine.wasme('pull', reference);
      const made = await machine.wasme('deploy', ...argv, '--id', 'moved', '--gateway', 'other', '--apply');
      expect(made.exitCode, made.stderr).toBe(0);
      const accepted = [
        {
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          lastTransitionTime: '2026-01-01T00:00:00Z',
          message: '',
        },
      ];
      const ancestorRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'other' };
      report(policy, 'bookinfo', 'moved', {
        ancestors: [
          {
            ancestorRef,
            controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
            conditions: accepted,
          },
        ],
      });
      expect(await status()).toMatchObject({ rows: [{ state: 'loaded' }], exitCode: 0 });
      await push('deploy-kinds');
      expect(await status()).toMatchObject({
        rows: [{ state: 'other-digest', detail: 'the policy names another image: deploy again' }],
        exitCode: 1,
      });
      await machine.wasme('undeploy', 'envoy-gateway', '-n', 'bookinfo', '--id', 'moved');
    });

    it('waits for a result and reports it', async () => {
      const refused = await deploy(
        'envoy-gateway',
        '-n',
        'bookinfo',
        '--gateway',
        'eg',
        '--priority-is-no-flag',
      );
      expect(refused.exitCode).toBe(2);
      const argv = ['envoy-gateway', '-n', 'bookinfo', '--gateway', 'eg', '--wait', '0'] as const;
      say('Accepted', 'False', 'Invalid');
      expect((await deploy(...argv)).stderr).toContain(
        'error[DEPLOY_REJECTED]: Gateway/eg: rejected: Invalid',
      );
      expect((await deploy(...argv, '--fail-policy', 'open')).stderr).toContain('fail-open');
      report(policy, 'bookinfo', 'tagger', { ancestors: [] });
      expect((await deploy(...argv)).stderr).toContain('error[DEPLOY_NOT_RUNNING]: after 0 s');
      say('Accepted', 'True', 'Accepted');
      expect((await deploy(...argv)).exitCode).toBe(0);
    });
  });

  it('Gloo: reports the status that Gloo has set', async () => {
    cluster.create({
      apiVersion: 'gateway.solo.io/v1',
      kind: 'Gateway',
      metadata: { name: 'gateway-proxy', namespace: 'gloo-system' },
      spec: { httpGateway: {} },
    });
    const status = async (...argv: string[]): Promise<StatusResult['rows']> =>
      rowsOf(await wasme('status', 'gloo', '--id', 'tagger', '--json', ...argv));
    const say = (state: string | number): void =>
      report('gateways.gateway.solo.io', 'gloo-system', 'gateway-proxy', {
        statuses: { 'gloo-system': { state, reason: 'said by the test' } },
      });
    expect(await status()).toMatchObject([{ state: 'missing' }]);
    await deploy('gloo', '--root-id', 'r');
    expect(await status()).toMatchObject([
      { where: 'Gateway/gloo-system/gateway-proxy', state: 'missing', digest },
    ]);
    say('Accepted');
    expect(await status()).toMatchObject([{ state: 'loaded', digest }]);
    expect(rowsOf(await wasme('status', 'gloo', '--all', '--json'))).toEqual(await status());
    expect(await status('--digest', other)).toMatchObject([{ state: 'other-digest' }]);
    say(2);
    expect(await status()).toMatchObject([
      { state: 'rejected', detail: 'Gloo says Rejected: said by the test' },
    ]);
  });

  describe('Istio', () => {
    const pod = (
      name: string,
      app: string,
      container = 'istio-proxy',
      { namespace, key } = { namespace: 'bookinfo', key: 'app' },
    ): void => {
      cluster.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, labels: { [key]: app } },
        spec: { nodeName: 'none', containers: [{ name: container, image: 'registry.example/x:v1' }] },
      });
      report('pods', namespace, name, { phase: 'Running' });
    };
    const istio = ['-n', 'bookinfo', '--istio-version', '1.31', '-l', 'app=details'] as const;

    it('reports what it cannot see', async () => {
      const status = (): Promise<Outcome> =>
        wasme('status', 'istio', '-n', 'bookinfo', '--id', 'tagger', '--json');
      expect(rowsOf(await status())).toMatchObject([{ where: 'namespace bookinfo', state: 'missing' }]);
      await deploy('istio', ...istio);
      expect(rowsOf(await status())).toMatchObject([
        { state: 'missing', detail: 'no running pod with a proxy is chosen by it' },
      ]);
      pod('details-0', 'details');
      report('pods', 'bookinfo', 'details-0', { phase: 'Pending' });
      expect(rowsOf(await status())).toMatchObject([
        { state: 'missing', detail: 'no running pod with a proxy is chosen by it (1 not running yet)' },
      ]);
      pod('details-1', 'details');
      pod('details-2', 'details', 'no-proxy');
      pod('reviews-1', 'reviews');
      const asked = await status();
      expect(asked.exitCode).toBe(1);
      // There is no node behind these pods, so the API server cannot get at their proxies.
      expect(rowsOf(asked)).toMatchObject([{ where: 'Pod/bookinfo/details-1', state: 'unreachable' }]);
      expect(rowsOf(await wasme('status', 'istio', '-n', 'bookinfo', '--all', '--json'))).toEqual(
        rowsOf(asked),
      );
    });

    it('looks for the pods of all namespaces that an object of the root namespace is meant for', async () => {
      cluster.kubectl(['create', 'namespace', 'istio-system']);
      pod('gateway-1', 'ingress', 'istio-proxy', { namespace: 'istio-system', key: 'istio' });
      pod('gateway-2', 'ingress', 'istio-proxy', { namespace: 'bookinfo', key: 'istio' });
      const flags = ['-n', 'istio-system', '-l', 'istio=ingress', '--istio-version', '1.31'];
      await deploy('istio', ...flags);
      const places = async (): Promise<readonly string[]> =>
        rowsOf(await wasme('status', 'istio', '-n', 'istio-system', '--id', 'tagger', '--json')).map(
          ({ where }) => where,
        );
      expect(await places()).toEqual(['Pod/bookinfo/gateway-2', 'Pod/istio-system/gateway-1']);
    });

    describe('with its control plane elsewhere', () => {
      const flags = ['-n', 'mesh-root', '--istio-version', '1.31'] as const;
      beforeAll(() => {
        for (const namespace of ['control', 'mesh-root']) cluster.kubectl(['create', 'namespace', namespace]);
        const labels = { app: 'istiod', 'istio.io/rev': 'canary' };
        const template = {
          metadata: { labels },
          spec: { containers: [{ name: 'discovery', image: 'registry.example/pilot:1.31.0' }] },
        };
        cluster.create(
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'istiod-canary', namespace: 'control', labels },
            spec: { selector: { matchLabels: labels }, template },
          },
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'istio-canary', namespace: 'control' },
            data: { mesh: 'accessLogFile: /dev/stdout\nrootNamespace: mesh-root # ours\n' },
          },
        );
        pod('everywhere-1', 'all', 'istio-proxy', { namespace: 'bookinfo', key: 'part' });
        pod('everywhere-2', 'all', 'istio-proxy', { namespace: 'mesh-root', key: 'part' });
      });
      afterAll(() => {
        cluster.kubectl(['delete', 'namespace', 'control', 'mesh-root', '--wait=false']);
        cluster.kubectl(['delete', 'deployment,configmap', '-n', 'control', '--all']);
        cluster.kubectl(['delete', 'pods', '-n', 'bookinfo', '-l', 'part=all', '--force']);
      });
      const ask = async (...argv: string[]): Promise<Outcome> => {
        await deploy('istio', ...flags, '-l', 'part=all');
        return wasme('status', 'istio', '-n', 'mesh-root', '--id', 'tagger', '--json', ...argv);
      };
      const places = (outcome: Outcome): readonly string[] => rowsOf(outcome).map(({ where }) => where);

      it('looks for the pods of all namespaces from the root namespace of its mesh configuration', async () => {
        const outcome = await ask();
        expect(places(outcome)).toEqual(['Pod/bookinfo/everywhere-1', 'Pod/mesh-root/everywhere-2']);
        expect(outcome.stderr).not.toContain('root namespace');
      });

      it('reports objects that apply to the whole mesh, and objects that apply nowhere', async () => {
        const mesh = ['istio', image, '--digest', digest, '--istio-version', '1.31', '--diff'] as const;
        const whole = await wasme('deploy', ...mesh, '--id', 'whole', '-n', 'mesh-root');
        expect(whole.stderr).toContain("in mesh-root, Istio's root namespace, it counts for the whole mesh");
        const own = await wasme('deploy', ...mesh, '--id', 'own', '-n', 'bookinfo');
        expect(own.stderr).not.toContain('whole mesh');
        const forClass = ['--target-ref', 'GatewayClass/istio-waypoint', '-n', 'bookinfo'];
        const nowhere = await wasme('deploy', ...mesh, '--id', 'class', ...forClass);
        expect(nowhere.stderr).toContain('in its root namespace only, mesh-root');
      });

      it('reports that it could not read which namespace is the root namespace', async () => {
        const subjects = [{ kind: 'User', name: 'nobody', apiGroup: 'rbac.authorization.k8s.io' }];
        const roleRef = { kind: 'Role', name: 'reader', apiGroup: 'rbac.authorization.k8s.io' };
        const metadata = { name: 'reader', namespace: 'mesh-root' };
        cluster.create(
          {
            apiVersion: 'rbac.authorization.k8s.io/v1',
            kind: 'Role',
            metadata,
            rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }],
          },
          { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata, subjects, roleRef },
        );
        const outcome = await ask('--context', 'nobody');
        expect(places(outcome)).toEqual(['Pod/mesh-root/everywhere-2']);
        expect(outcome.stderr).toMatch(
          /^warning: Istio's root namespace is taken to be istio-system, it cannot be read: .*forbidden/m,
        );
      });
    });

    it.each([
      {
        mesh: 'istio',
        namespace: 'bookinfo',
        kind: 'TrafficExtension',
        resource: 'extensions.istio.io/trafficextension/bookinfo.tagger',
        flags: istio,
        prepare: () => pod('details-1', 'details'),
        where: 'Pod/bookinfo/details-1',
      },
      {
        mesh: 'higress',
        namespace: 'higress-system',
        kind: 'WasmPlugin',
        resource: 'extensions.istio.io/wasmplugin/higress-system.tagger',
        flags: [],
        prepare: () => {
          const place = { namespace: 'higress-system', key: 'higress' };
          pod('gateway-1', 'higress-system-higress-gateway', 'higress-gateway', place);
          pod('console-1', 'console', 'higress-console', { ...place, key: 'app' });
        },
        where: 'Pod/higress-system/gateway-1',
      },
    ])('$mesh: asks the proxies, real Envoys that have what the agent would give them', async mesh => {
      await deploy(mesh.mesh, ...mesh.flags);
      mesh.prepare();
      const dir = mkdtempSync(join(tmpdir(), 'wasme-mesh-'));
      onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
      const name = `${mesh.namespace}.tagger`;
      const module = join(dir, 'agent', `${digest.slice(7)}.wasm`);
      mkdirSync(join(dir, 'agent'));
      copyFileSync(guestFile(dir, 'deploy-tag'), module);
      const { resource, where } = mesh;
      const wasm = {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
        config: {
          name,
          vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: module } } },
          configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'blue' },
        },
      };
      const rules = (action: string): object => ({
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
        rules: { action },
        rules_stat_prefix: action === 'DENY' ? 'wasm-default-deny' : 'wasm-default-allow',
      });
      const ask = async (config: object, ...argv: string[]): Promise<StatusResult['rows']> => {
        const file = join(dir, 'ecds.json');
        writeFileSync(file, discovery(resource, config));
        const envoy = await realEnvoy(proxy(resource, file));
        await expect.poll(async () => (await fetch(envoy.url).catch(() => undefined))?.status).toBeDefined();
        const machine = newMachine({ env: proxyEnv(cluster, envoy) });
        const outcome = await machine.wasme(
          'status',
          mesh.mesh,
          '-n',
          mesh.namespace,
          '--id',
          'tagger',
          '--json',
          ...argv,
        );
        await envoy.stop();
        return rowsOf(outcome);
      };
      expect(await ask(wasm)).toMatchObject([
        { where, filter: 'tagger', state: 'loaded', digest, expected: digest },
      ]);
      expect(await ask(wasm, '--digest', other)).toMatchObject([
        { where: `${mesh.kind}/${mesh.namespace}/tagger`, state: 'other-digest' },
        { where, state: 'other-digest', digest, expected: other },
      ]);
      expect(await ask(rules('DENY'))).toMatchObject([
        { where, state: 'failing', detail: expect.stringContaining('403') as string },
      ]);
      expect(await ask(rules('ALLOW'))).toMatchObject([{ where, state: 'fail-open' }]);
    });

    it.each([
      ['FAIL_CLOSED', 'failing'],
      ['FAIL_OPEN', 'fail-open'],
    ])('sees in the log what proxies of a mesh do not count (%s)', async (failurePolicy, state) => {
      await deploy('istio', ...istio);
      pod('details-1', 'details');
      const dir = mkdtempSync(join(tmpdir(), 'wasme-mesh-'));
      onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
      const resource = 'extensions.istio.io/trafficextension/bookinfo.tagger';
      const module = join(dir, `${digest.slice(7)}.wasm`);
      copyFileSync(guestFile(dir, 'deploy-trap'), module);
      const file = join(dir, 'ecds.json');
      const give = (filename: string): void => {
        const vm = { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename } } };
        const config = { name: 'bookinfo.tagger', vm_config: vm, failure_policy: failurePolicy };
        const type = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
        writeFileSync(`${file}.new`, discovery(resource, { '@type': type, config }));
        renameSync(`${file}.new`, file);
      };
      give(module);
      const envoy = await realEnvoy(proxy(resource, file));
      const log = join(dir, 'envoy.log');
      const ask = async (more: object = { ENVOY_LOG: log }): Promise<StatusResult['rows'][number]> => {
        writeFileSync(log, envoy.log.join('\n'));
        const machine = newMachine({ env: { ...proxyEnv(cluster, envoy), ...more } });
        const argv = ['status', 'istio', '-n', 'bookinfo', '--id', 'tagger', '--json'];
        return rowsOf(await machine.wasme(...argv))[0]!;
      };
      expect(await ask()).toMatchObject({ state: 'loaded', detail: '' });
      expect((await fetch(envoy.url, { headers: { 'x-crash': '1' } })).status).toBe(503);
      await envoy.logged('failed: ');
      expect(await ask()).toMatchObject({
        state,
        detail: expect.stringContaining('crashed in proxy_on_request_headers') as string,
      });
      // Without the log nothing shows it, and that is said: there is no node behind the pod to ask for it.
      expect(await ask({})).toMatchObject({
        state: 'loaded',
        detail: expect.stringMatching(
          /^the log of details-1 cannot be read: .*; a crash would be recorded there$/s,
        ) as string,
      });
      give('/nowhere.wasm');
      await envoy.logged('rejected');
      expect(await ask()).toMatchObject({
        state: 'rejected',
        detail: 'Envoy refused an update (log): Invalid path: /nowhere.wasm',
      });
    });
  });
});

/** The one resource of a discovery response. */
function discovery(name: string, config: object): string {
  const type = 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig';
  return JSON.stringify({ resources: [{ '@type': type, name, typed_config: config }] });
}

/** For the environment of a kubectl whose pods all have this Envoy as their proxy. */
function proxyEnv(cluster: TestCluster, { admin }: TestEnvoy): Record<string, string> {
  const programs = join(root, 'test', 'fixtures', 'bin', 'kubectl-with-proxies');
  return {
    ...cluster.env,
    REAL_KUBECTL: tool('kubectl'),
    ENVOY_ADMIN: admin.url,
    PATH: [programs, process.env['PATH'] ?? ''].join(delimiter),
  };
}

/** A listener whose filter is discovered, as istiod writes it, in an Envoy that counts what Istio lets it. */
function proxy(name: string, path: string): string {
  const types = 'type.googleapis.com/envoy.extensions.filters';
  return stringify({
    node: { id: 'test', cluster: 'test' },
    stats_config: {
      stats_matcher: {
        inclusion_list: {
          patterns: ['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'].map(
            prefix => ({ prefix }),
          ),
        },
      },
    },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: {
      listeners: [
        {
          name: 'main',
          address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'hcm',
                  typed_config: {
                    '@type': `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
                    stat_prefix: 'in',
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 'all',
                          domains: ['*'],
                          routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name,
                        config_discovery: {
                          config_source: { path_config_source: { path }, resource_api_version: 'V3' },
                          type_urls: [`${types}.http.wasm.v3.Wasm`, `${types}.http.rbac.v3.RBAC`].map(
                            url => url,
                          ),
                        },
                      },
                      { name: 'router', typed_config: { '@type': `${types}.http.router.v3.Router` } },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    },
  });
}
