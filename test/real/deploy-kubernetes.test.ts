import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestCluster, clusterTools, startCluster } from '../helpers/kubernetes.ts';
import {
  envoyGatewayRows,
  envoyGatewayPlan,
  glooPlan,
  glooRows,
  higressPlan,
  higressRows,
  istioPlan,
  istioRows,
} from '../helpers/deploy-cases.ts';
import { describeWith } from '../helpers/tools.ts';
import { plain } from '../../src/targets/tree.ts';
import type { Plan } from '../../src/targets/target.ts';

describeWith(clusterTools, 'documents against the real definitions', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    cluster.kubectl(['create', 'namespace', 'bookinfo']);
    cluster.kubectl(['create', 'namespace', 'gateways']);
    cluster.kubectl(['create', 'namespace', 'gloo-system']);
    cluster.kubectl(['create', 'namespace', 'higress-system']);
  }, 120_000);
  afterAll(() => cluster.stop());

  const tryOut = (plan: Plan): void => {
    for (const { content } of plan.documents) {
      cluster.kubectl(
        ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
        JSON.stringify(plain(content)),
      );
    }
  };

  // The definitions that are provisioned; a row is held to the newest that is not newer than its version, and to the newest.
  describe.each(['1.19.0', '1.20.0', '1.22.0', '1.27.0', '1.29.1', '1.30.1', '1.31.1'])(
    'Istio %s',
    version => {
      beforeAll(
        () => cluster.install(`istio-${version}.yaml`, ['WasmPlugin', 'TrafficExtension', 'EnvoyFilter']),
        60_000,
      );
      const minor = Number(version.split('.')[1]);
      const rows = istioRows.filter(row => Number(row.version.split('.')[1]) <= minor);
      it.each(rows)('takes $name', row => tryOut(istioPlan(row)));
    },
  );

  describe.each(['1.1.0', '1.3.0', '1.9.1'])('Envoy Gateway %s', version => {
    beforeAll(() => cluster.install(`envoy-gateway-${version}.yaml`), 60_000);
    const minor = Number(version.split('.')[1]);
    const rows = envoyGatewayRows.filter(row => Number(row.version.split('.')[1]) <= minor);
    it.each(rows)('takes $name', row => tryOut(envoyGatewayPlan(row)));
  });

  describe('Higress', () => {
    beforeAll(() => cluster.install('higress-wasmplugin.yaml'), 60_000);
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
    beforeAll(() => cluster.install('gloo-gateway.yaml'), 60_000);
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
