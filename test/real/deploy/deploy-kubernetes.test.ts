import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestCluster, clusterTools, startCluster } from '../../helpers/servers/kubernetes.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import {
  digest,
  envoyGatewayRows,
  envoyGatewayPlan,
  glooPlan,
  glooRows,
  higressPlan,
  higressRows,
  istioPlan,
  istioRows,
} from '../../helpers/deploy/deploy-cases.ts';
import { describeWith } from '../../helpers/tools.ts';
import { plain } from '../../../src/targets/annotated-document.ts';
import type { Plan } from '../../../src/targets/target.ts';

describeWith(clusterTools, 'documents against the real definitions', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    cluster.kubectl(['create', 'namespace', 'bookinfo']);
    cluster.kubectl(['create', 'namespace', 'gateways']);
    cluster.kubectl(['create', 'namespace', 'gloo-system']);
    cluster.kubectl(['create', 'namespace', 'higress-system']);
  });
  afterAll(() => cluster.stop());

  // First: nothing is installed yet.
  it.each([
    ['deploy', 'istio', '--apply'],
    ['deploy', 'istio', '--istio-version', '1.31', '--apply'],
    ['deploy', 'istio', '--istio-version', '1.31', '--diff'],
    ['deploy', 'higress', '--dry-run=server'],
    ['deploy', 'gloo', '--root-id', 'r', '--apply'],
    ['deploy', 'envoy-gateway', '--gateway', 'eg', '--apply'],
    ...['istio', 'gloo', 'envoy-gateway', 'higress'].map(target => ['undeploy', target, '--id', 'x']),
  ])('without the control plane: %s %s', async (verb, target = '', ...flags) => {
    const image = verb === 'deploy' ? ['registry.example/me/f:v1', '--digest', digest] : [];
    const { exitCode, stdout, stderr } = await newMachine({ env: cluster.env }).wasme(
      ...[verb ?? '', target, ...image, ...flags],
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('error[KUBE_NOT_INSTALLED]: ');
    expect(stderr).toContain('\nhelp: install ');
  });

  /** Both ways in are strict, and everything that was said comes back: server-side apply alone drops some fields silently. */
  const tryOut = (plan: Plan): void => {
    const how = ['--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'];
    for (const { content } of plan.documents) {
      const text = JSON.stringify(plain(content));
      const { metadata, spec } = JSON.parse(text) as { metadata: object; spec: object };
      for (const verb of [['create'], ['apply', '--server-side']]) {
        expect(JSON.parse(cluster.kubectl([...verb, ...how], text))).toMatchObject({ metadata, spec });
      }
    }
  };

  /** The definition a row is refused by, the version that has its field, and what is written for the version before. */
  describe('what an older definition has no field for', () => {
    const kinds = ['WasmPlugin', 'TrafficExtension', 'EnvoyFilter'];
    const code = { from: 'proxy-file', path: '/etc/wasm/f.wasm', digest: undefined } as const;
    // Server-side apply drops some unknown fields without a word; creating does not.
    const create = ({ documents }: Plan): void => {
      for (const { content } of documents) {
        const text = JSON.stringify(plain(content));
        cluster.kubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], text);
      }
    };
    it.each<[string, string, string, Omit<Parameters<typeof istioPlan>[0], 'version'>, RegExp, string]>([
      ['1.19.0', '1.20', '1.19', { intent: { kind: 'network', code } }, /"spec\.type"/, 'EnvoyFilter'],
      [
        '1.20.0',
        '1.22',
        '1.20',
        { options: { targetRefs: ['Gateway/g'] } },
        /"spec\.targetRefs"/,
        'WasmPlugin',
      ],
      ['1.22.0', '1.27', '1.26', { intent: { failPolicy: 'reload' } }, /"FAIL_RELOAD"/, 'EnvoyFilter'],
      ['1.29.1', '1.30', '1.29', {}, /TrafficExtension/, 'WasmPlugin'],
    ])(
      'Istio %s refuses what came with %s; for %s it is said otherwise',
      (file, newer, older, row, words, kind) => {
        cluster.kubectl(['delete', 'crd', '--ignore-not-found', 'trafficextensions.extensions.istio.io']);
        cluster.install(`istio-${file}.yaml`, kinds);
        expect(() => create(istioPlan({ ...row, version: newer }))).toThrow(words);
        const said = istioPlan({ ...row, version: older });
        create(said);
        expect(said.documents.map(({ name }) => name)).toEqual([`${kind}/add-header`]);
      },
    );

    it.each<[string, string, string, Omit<Parameters<typeof envoyGatewayPlan>[0], 'version'>, RegExp]>([
      ['1.1.0', '1.3', '1.2', { intent: { hostEnv: ['A'] } }, /env"/],
      ['1.3.0', '1.4', '1.3', { options: { caCertificate: 'Secret/ca' } }, /tls"/],
      ['1.8.0', '1.9', '1.8', { options: { merge: 'json' } }, /"spec\.mergeType"/],
    ])(
      'Envoy Gateway %s refuses what came with %s; for %s it is refused here',
      (file, newer, older, row, words) => {
        cluster.install(`envoy-gateway-${file}.yaml`);
        const options = { targetRefs: ['HTTPRoute/shop'], ...row.options };
        expect(() => create(envoyGatewayPlan({ ...row, options, version: newer }))).toThrow(words);
        expect(() => envoyGatewayPlan({ ...row, options, version: older })).toThrow(
          expect.objectContaining({ code: 'DEPLOY_UNSUPPORTED' }) as Error,
        );
      },
    );
  });

  // The definitions that are provisioned; a row is held to the newest that is not newer than its version, and to the newest.
  describe.each(['1.19.0', '1.20.0', '1.22.0', '1.27.0', '1.29.1', '1.30.1', '1.31.1'])(
    'Istio %s',
    version => {
      beforeAll(() =>
        cluster.install(`istio-${version}.yaml`, ['WasmPlugin', 'TrafficExtension', 'EnvoyFilter']),
      );
      const minor = Number(version.split('.')[1]);
      const rows = istioRows.filter(row => Number(row.version.split('.')[1]) <= minor);
      it.each(rows)('takes $name', row => tryOut(istioPlan(row)));
    },
  );

  describe.each(['1.1.0', '1.3.0', '1.4.0', '1.8.0', '1.9.1'])('Envoy Gateway %s', version => {
    beforeAll(() => cluster.install(`envoy-gateway-${version}.yaml`));
    const minor = Number(version.split('.')[1]);
    const rows = envoyGatewayRows.filter(row => Number(row.version.split('.')[1]) <= minor);
    it.each(rows)('takes $name', row => tryOut(envoyGatewayPlan(row)));
  });

  describe('Higress', () => {
    beforeAll(() => cluster.install('higress-wasmplugin.yaml'));
    it.each(higressRows)('takes $name', row => tryOut(higressPlan(row)));
    it('would refuse a field that Higress does not have', () => {
      const [document] = higressPlan({}).documents;
      const text = JSON.stringify(plain(document?.content)).replace('"sha256"', '"sha-256"');
      expect(() =>
        cluster.kubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], text),
      ).toThrow(/sha-256/);
    });
  });

  describe('Gloo', () => {
    beforeAll(() => {
      cluster.install('gloo-gateway.yaml');
      cluster.install('gloo-other.yaml');
    });
    it.each(glooRows)('takes $name', row => tryOut(glooPlan(row)));
    it('would refuse a field that Gloo does not have', () => {
      const [document] = glooPlan({ intent: { rootId: 'r' } }).documents;
      const text = JSON.stringify(plain(document?.content)).replace('"rootId"', '"root_id"');
      // Not by server-side apply: that drops unknown fields below an open part of the schema without a word.
      expect(() =>
        cluster.kubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], text),
      ).toThrow(/root_id/);
    });
  });
});
