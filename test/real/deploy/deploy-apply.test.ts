import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl } from '../../../src/io/process/kubectl.ts';
import { type Outcome, newMachine } from '../../helpers/cli/cli.ts';
import { type TestCluster, clusterTools, startCluster } from '../../helpers/servers/kubernetes.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';

const digest = `sha256:${'3b'.repeat(32)}`;
const other = `sha256:${'4c'.repeat(32)}`;
const image = 'registry.example:5000/me/add-header:v0.1';

interface Stored {
  readonly metadata: {
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly resourceVersion: string;
  };
  readonly spec: Record<string, unknown>;
}

describeWith(clusterTools, 'deploying to a real API server', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    cluster.kubectl(['create', 'namespace', 'bookinfo']);
    cluster.install('istio-1.31.1.yaml', ['WasmPlugin', 'TrafficExtension', 'EnvoyFilter']);
  });
  afterAll(() => cluster.stop());

  const wasme = (...argv: string[]): Promise<Outcome> => newMachine({ env: cluster.env }).wasme(...argv);
  const deploy = (target: string, id: string, ...argv: string[]): Promise<Outcome> =>
    wasme('deploy', target, image, '--digest', digest, '--id', id, ...argv);
  const read = (kind: string, name: string, namespace = 'bookinfo'): Stored | undefined =>
    cluster.read(kind, name, namespace) as unknown as Stored | undefined;
  const codeOf = ({ stderr }: Outcome): string | undefined => /error\[(\w+)\]/.exec(stderr)?.[1];

  describe('Istio', () => {
    const istio = (id: string, ...argv: string[]): Promise<Outcome> =>
      deploy('istio', id, '-n', 'bookinfo', '--istio-version', '1.31', ...argv);

    it('creates an object, reports it unchanged, then configured after a change', async () => {
      const first = await istio('one', '-l', 'app=details', '--apply');
      expect(first).toMatchObject({ exitCode: 0, stdout: 'TrafficExtension/bookinfo/one created\n' });
      expect(read('trafficextensions', 'one')?.metadata.labels).toEqual({
        'app.kubernetes.io/managed-by': 'wasme',
        'wasme.io/id': 'one',
      });
      const second = await istio('one', '-l', 'app=details', '--apply');
      expect(second.stdout).toBe('TrafficExtension/bookinfo/one unchanged\n');
      const third = await istio('one', '--config', '{"a":1}', '--apply');
      expect(third.stdout).toBe('TrafficExtension/bookinfo/one configured\n');
      // What is no longer said is gone.
      expect(read('trafficextensions', 'one')?.spec).toEqual({
        wasm: { url: `oci://${image}@${digest}`, sha256: digest.slice(7), pluginConfig: { a: 1 } },
      });
    });

    it('--diff and --dry-run=server show the change and change nothing', async () => {
      await istio('two', '--apply');
      const before = read('trafficextensions', 'two');
      const diff = await istio('two', '--phase', 'authn', '--diff');
      expect(diff.stdout).toContain('+  phase: AUTHN\n');
      expect(diff.stdout).not.toContain('managedFields');
      expect((await istio('two', '--diff')).stdout).toBe('nothing would change\n');
      const tried = await istio('two', '--phase', 'authn', '--dry-run=server');
      expect(tried.exitCode).toBe(0);
      expect((await istio('new', '--dry-run=server')).exitCode).toBe(0);
      expect(read('trafficextensions', 'two')).toEqual(before);
      expect(read('trafficextensions', 'new')).toBeUndefined();
    });

    it('leaves only one object when the kind changes', async () => {
      await istio('three', '--apply');
      const diff = await istio('three', '--config', 'raw text', '--diff');
      expect(diff.stdout).toMatch(/^\+kind: EnvoyFilter$/m);
      expect(diff.stdout).toMatch(/^-kind: TrafficExtension$/m);
      const tried = await istio('three', '--config', 'raw text', '--dry-run=server');
      expect(tried.stdout).toBe(
        'EnvoyFilter/bookinfo/three created\nTrafficExtension/bookinfo/three deleted\n',
      );
      expect(read('trafficextensions', 'three')).toBeDefined();
      const changed = await istio('three', '--config', 'raw text', '--apply');
      expect(changed.stdout).toBe(
        'EnvoyFilter/bookinfo/three created\nTrafficExtension/bookinfo/three deleted\n',
      );
      expect(read('trafficextensions', 'three')).toBeUndefined();
      expect(read('trafficextensions', 'one')).toBeDefined();
    });

    it('does not change an object that another tool created', async () => {
      const theirs = {
        apiVersion: 'extensions.istio.io/v1alpha1',
        kind: 'TrafficExtension',
        metadata: { name: 'theirs', namespace: 'bookinfo' },
        spec: { wasm: { url: 'oci://elsewhere.example/x:v1' } },
      };
      cluster.create(theirs);
      const before = read('trafficextensions', 'theirs');
      const refused = await istio('theirs', '--apply');
      expect(codeOf(refused)).toBe('KUBE_CONFLICT');
      expect(refused.stderr).toContain('TrafficExtension/bookinfo/theirs exists');
      expect(read('trafficextensions', 'theirs')).toEqual(before);
    });

    it('reports a field that another manager took over, and takes it back with a flag', async () => {
      await istio('five', '--phase', 'authn', '--apply');
      cluster.kubectl(
        ['apply', '--server-side', '--field-manager=somebody', '--force-conflicts', '-f', '-'],
        JSON.stringify({
          apiVersion: 'extensions.istio.io/v1alpha1',
          kind: 'TrafficExtension',
          metadata: { name: 'five', namespace: 'bookinfo' },
          spec: { phase: 'STATS' },
        }),
      );
      const refused = await istio('five', '--phase', 'authn', '--apply');
      expect(codeOf(refused)).toBe('KUBE_CONFLICT');
      expect(refused.stderr).toContain('somebody');
      expect(read('trafficextensions', 'five')?.spec['phase']).toBe('STATS');
      const forced = await istio('five', '--phase', 'authn', '--apply', '--force-conflicts');
      expect(forced.exitCode).toBe(0);
      expect(read('trafficextensions', 'five')?.spec['phase']).toBe('AUTHN');
    });

    it('reads the version from the control plane, the lower of two', async () => {
      cluster.kubectl(['create', 'namespace', 'istio-system']);
      cluster.create(...['1.27.3-distroless', '1.30.0'].map(controlPlane));
      const { stdout, stderr } = await deploy('istio', 'six', '-n', 'bookinfo', '--apply');
      expect(stderr).toContain('Istio 1.27.3 in the cluster');
      expect(stdout).toBe('WasmPlugin/bookinfo/six created\n');
      cluster.kubectl(['delete', 'deployments', '-n', 'istio-system', '--all']);
      const newer = await deploy('istio', 'six', '-n', 'bookinfo', '--apply');
      expect(newer.stdout).toBe('TrafficExtension/bookinfo/six created\nWasmPlugin/bookinfo/six deleted\n');
    });

    it.each([
      ['a user without rights', ['--context', 'nobody'], 'KUBE_FORBIDDEN'],
      ['a context that is not there', ['--context', 'elsewhere'], 'KUBE_UNREACHABLE'],
      ['a namespace that is not there', ['-n', 'nowhere'], 'KUBE_NOT_FOUND'],
      ['a value the schema refuses', ['--root-id', 'r'.repeat(257)], 'KUBE_REFUSED'],
    ])('fails before any change: %s', async (_title, argv, code) => {
      const outcome = await istio('seven', '--apply', ...argv);
      expect({ exitCode: outcome.exitCode, code: codeOf(outcome) }, outcome.stderr).toEqual({
        exitCode: 1,
        code,
      });
      expect(read('trafficextensions', 'seven')).toBeUndefined();
    });

    it('fails before any change: a cluster that does not answer', async () => {
      const machine = newMachine({
        env: { PATH: join(root, 'test', 'fixtures', 'bin', 'kubectl-that-hangs') },
      });
      const failed = kubectl(['get', 'pods'], {}, machine.system, { timeoutMs: 200 });
      await expect(failed).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
    });

    it.each([
      ['deploy', 'istio', image, '--digest', digest, '--apply'],
      ['deploy', 'istio', image, '--digest', digest, '--istio-version', '1.31', '--dry-run=server'],
      ['deploy', 'gloo', image, '--digest', digest, '--root-id', 'r', '--apply'],
      ['deploy', 'envoy-gateway', image, '--digest', digest, '--gateway', 'eg', '--diff'],
      ['deploy', 'higress', image, '--digest', digest, '--apply'],
      ...['istio', 'gloo', 'envoy-gateway', 'higress'].map(target => ['undeploy', target, '--id', 'x']),
    ])('fails without kubectl, and without a cluster: %s %s', async (...argv) => {
      const noProgram = await newMachine({ env: { ...cluster.env, PATH: '/nowhere' } }).wasme(...argv);
      expect(codeOf(noProgram)).toBe('TOOL_MISSING');
      expect(noProgram.stderr).toContain('without --apply');
      const noCluster = await newMachine({ env: { ...cluster.env, KUBECONFIG: '/nowhere' } }).wasme(...argv);
      expect(codeOf(noCluster), noCluster.stderr).toBe('KUBE_UNREACHABLE');
    });
  });

  describe('a control plane that is not installed', () => {
    it.each([
      ['gloo', []],
      ['envoy-gateway', ['--gateway', 'eg']],
    ])('%s', async (target, argv) => {
      const outcome = await deploy(target, 'x', '--apply', ...argv);
      expect(codeOf(outcome), outcome.stderr).toBe('KUBE_NOT_INSTALLED');
    });
  });

  describe('Gloo', () => {
    const filters = (name: string): unknown =>
      (
        read('gateways.gateway.solo.io', name, 'gloo-system')?.spec[
          'httpGateway'
        ] as typeof gatewaySpec.httpGateway
      ).options.wasm.filters;

    beforeAll(() => installGloo(cluster));

    it('puts the filter beside those that are there, in HTTP gateways only', async () => {
      const diff = await deploy('gloo', 'tagger', '--root-id', 'r', '-l', 'team=busy', '--diff');
      expect(diff.stdout).toMatch(/^\+ +name: tagger$/m);
      expect(diff.stdout).not.toMatch(/^-[^-]/m);
      const { stdout } = await deploy('gloo', 'tagger', '--root-id', 'r', '--config', 'world', '--apply');
      expect(stdout).toBe('Gateway/gloo-system/bare configured\nGateway/gloo-system/busy configured\n');
      expect(filters('busy')).toEqual([
        gatewaySpec.httpGateway.options.wasm.filters[0],
        {
          name: 'tagger',
          image: `${image}@${digest}`,
          rootId: 'r',
          vmType: 'V8',
          config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'world' },
        },
      ]);
      const again = await deploy('gloo', 'tagger', '--root-id', 'r', '--config', 'world', '--apply');
      expect(again.stdout).toBe('Gateway/gloo-system/bare unchanged\nGateway/gloo-system/busy unchanged\n');
    });

    it('changes only its own item, in the gateways that were chosen', async () => {
      const { stdout } = await deploy('gloo', 'tagger', '--root-id', 'r', '-l', 'team=busy', '--apply');
      expect(stdout).toBe('Gateway/gloo-system/busy configured\n');
      expect(filters('busy')).toMatchObject([{ name: 'a-filter' }, { name: 'tagger' }]);
      expect(filters('bare')).toMatchObject([{ config: { value: 'world' } }]);
    });

    const beside = async (times: number, ...argv: string[]): Promise<Outcome> => {
      const machine = newMachine({ env: cluster.env });
      const count = join(machine.cwd, 'count');
      writeFileSync(count, '0');
      Object.assign(machine.env, {
        REAL_KUBECTL: tool('kubectl'),
        RIVAL_TIMES: String(times),
        RIVAL_COUNT: count,
        PATH: [join(root, 'test', 'fixtures', 'bin', 'kubectl-with-rival'), process.env['PATH']].join(
          delimiter,
        ),
      });
      return machine.wasme('deploy', 'gloo', image, '--digest', digest, '--root-id', 'r', '--apply', ...argv);
    };

    it('repeats its change when the object was changed at the same moment, and gives up after some attempts', async () => {
      const raced = await beside(2, '--id', 'raced', '-l', 'team=bare');
      expect(raced, raced.stderr).toMatchObject({
        exitCode: 0,
        stdout: 'Gateway/gloo-system/bare configured\n',
      });
      const gateway = read('gateways.gateway.solo.io', 'bare', 'gloo-system');
      expect(gateway?.metadata.annotations).toMatchObject({ 'rival.example/turn': '2' });
      expect(filters('bare')).toMatchObject([{ name: 'tagger' }, { name: 'raced' }]);
      const lost = await beside(100, '--id', 'lost', '-l', 'team=bare');
      expect(codeOf(lost), lost.stderr).toBe('KUBE_CONFLICT');
      expect(lost.stderr).toContain('keeps changing');
      expect(filters('bare')).toMatchObject([{ name: 'tagger' }, { name: 'raced' }]);
      await wasme('undeploy', 'gloo', '--id', 'raced');
      const name = 'gateways.gateway.solo.io';
      cluster.kubectl(['annotate', name, 'bare', '-n', 'gloo-system', 'rival.example/turn-']);
    });

    it('changes nothing with rights that do not reach to the end', async () => {
      cluster.create(
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name: 'reader' },
          rules: [{ apiGroups: ['gateway.solo.io'], resources: ['gateways'], verbs: ['get', 'list'] }],
        },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          metadata: { name: 'reader' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
          subjects: [{ kind: 'User', name: 'nobody', apiGroup: 'rbac.authorization.k8s.io' }],
        },
      );
      const before = read('gateways.gateway.solo.io', 'busy', 'gloo-system');
      const diff = await deploy('gloo', 'reader', '--root-id', 'r', '--context', 'nobody', '--diff');
      expect(diff.stdout, diff.stderr).toMatch(/^\+ +name: reader$/m);
      const refused = await deploy('gloo', 'reader', '--root-id', 'r', '--context', 'nobody', '--apply');
      expect(codeOf(refused), refused.stderr).toBe('KUBE_FORBIDDEN');
      expect(refused.stderr).toContain('cannot patch resource');
      const out = await wasme('undeploy', 'gloo', '--id', 'tagger', '--context', 'nobody');
      expect(codeOf(out), out.stderr).toBe('KUBE_FORBIDDEN');
      expect(read('gateways.gateway.solo.io', 'busy', 'gloo-system')).toEqual(before);
    });

    it('does not change a filter of the same name that another tool created', async () => {
      const outcome = await deploy('gloo', 'a-filter', '--root-id', 'r', '-l', 'team=busy', '--apply');
      expect(codeOf(outcome), outcome.stderr).toBe('KUBE_CONFLICT');
      expect(filters('busy')).toMatchObject([{ image: 'r.example/a:v1' }, { name: 'tagger' }]);
    });

    it('goes into gateways of the other forms too: matchable ones, and listener options when asked for', async () => {
      cluster.install('gloo-other.yaml');
      const named = (kind: string, spec: object): object => ({
        apiVersion: 'gateway.solo.io/v1',
        kind,
        metadata: { name: 'form', namespace: 'gloo-system', labels: { team: 'forms' } },
        spec,
      });
      const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'http' }];
      cluster.create(
        named('MatchableHttpGateway', { httpGateway: {} }),
        named('HttpListenerOption', { targetRefs, options: { healthCheck: { path: '/up' } } }),
      );
      const forms = ['--root-id', 'r', '-l', 'team=forms', '--apply'];
      const usual = await deploy('gloo', 'formed', ...forms);
      expect(usual.stdout, usual.stderr).toBe('MatchableHttpGateway/gloo-system/form configured\n');
      const asked = await deploy('gloo', 'formed', ...forms, '--kind', 'http-listener-option');
      expect(asked.stdout, asked.stderr).toBe('HttpListenerOption/gloo-system/form configured\n');
      const option = (): unknown => read('httplisteneroptions.gateway.solo.io', 'form', 'gloo-system')?.spec;
      expect(option()).toMatchObject({ options: { wasm: { filters: [{ name: 'formed' }] } } });
      const status = await wasme('status', 'gloo', '--id', 'formed', '--json');
      expect(JSON.parse(status.stdout)).toMatchObject({
        rows: [
          { where: 'MatchableHttpGateway/gloo-system/form' },
          { where: 'HttpListenerOption/gloo-system/form' },
        ],
      });
      const out = await wasme('undeploy', 'gloo', '--id', 'formed');
      expect(out.stdout, out.stderr).toBe(
        'MatchableHttpGateway/gloo-system/form restored\nHttpListenerOption/gloo-system/form restored\n',
      );
      expect(option()).toEqual({ targetRefs, options: { healthCheck: { path: '/up' } } });
      const crds = ['httpgateways.gateway.solo.io', 'httplisteneroptions.gateway.solo.io'];
      cluster.kubectl(['delete', 'crd', ...crds]);
    });

    it('says so when no gateway matches', async () => {
      const outcome = await deploy('gloo', 'tagger', '--root-id', 'r', '-l', 'team=none', '--apply');
      expect(codeOf(outcome), outcome.stderr).toBe('KUBE_NOT_FOUND');
    });
  });

  describe('Higress', () => {
    const higress = (...argv: string[]): Promise<Outcome> => deploy('higress', 'tagger', ...argv);
    const kind = 'wasmplugins.extensions.higress.io';

    beforeAll(() => {
      cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'higress-system' } });
      cluster.install('higress-wasmplugin.yaml');
    });

    it("goes in and out, and is not taken for Istio's kind of the same name", async () => {
      const istios = ['-n', 'higress-system', '--istio-version', '1.29'];
      await deploy('istio', 'tagger', ...istios, '--apply');
      expect((await higress('--apply')).stdout).toBe('WasmPlugin/higress-system/tagger created\n');
      expect((await higress('--apply')).stdout).toBe('WasmPlugin/higress-system/tagger unchanged\n');
      const rules = ['--domain', 'shop.example', '--higress-sdk', '--config', '{"a":1}'];
      expect((await higress(...rules, '--diff')).stdout).toMatch(/^\+ +- shop\.example$/m);
      expect((await higress(...rules, '--apply')).stdout).toMatch(/configured\n$/);
      expect(read(kind, 'tagger', 'higress-system')?.spec['matchRules']).toEqual([
        { domain: ['shop.example'], config: { a: 1 } },
      ]);
      const gone = await wasme('undeploy', 'higress', '--id', 'tagger');
      expect(gone.stdout).toBe('WasmPlugin/higress-system/tagger deleted\n');
      expect(read('wasmplugins.extensions.istio.io', 'tagger', 'higress-system')).toBeDefined();
      await wasme('undeploy', 'istio', '--id', 'tagger', '-n', 'higress-system');
      cluster.kubectl(['delete', 'crd', kind]);
      expect(codeOf(await higress('--apply'))).toBe('KUBE_NOT_INSTALLED');
    });
  });

  describe('Envoy Gateway', () => {
    const policies = 'envoyextensionpolicies.gateway.envoyproxy.io';
    const names = (name: string): unknown[] =>
      (read(policies, name)?.spec['wasm'] as { name: string }[]).map(filter => filter.name);

    beforeAll(() => installEnvoyGateway(cluster));

    it('makes a policy, and puts a second filter for the same gateway into it', async () => {
      const eg = (id: string, ...argv: string[]): Promise<Outcome> =>
        deploy('envoy-gateway', id, '-n', 'bookinfo', '--gateway', 'eg', '--apply', ...argv);
      expect((await eg('first')).stdout).toBe('EnvoyExtensionPolicy/bookinfo/first created\n');
      expect((await eg('second')).stdout).toBe('EnvoyExtensionPolicy/bookinfo/first configured\n');
      expect(names('first')).toEqual(['first', 'second']);
      expect((await eg('first')).stdout).toBe('EnvoyExtensionPolicy/bookinfo/first unchanged\n');
      expect((await eg('first', '--fail-policy', 'open')).exitCode).toBe(0);
      expect(names('first')).toEqual(['first', 'second']);
      expect(read(policies, 'second')).toBeUndefined();
    });

    it('is applied by the unchanged command line of the README', async () => {
      const readme = readFileSync(join(root, 'README.md'), 'utf8');
      const line = /^wasme (deploy envoy-gateway .* --apply)$/m.exec(readme)?.[1] ?? '';
      const [, , reference = ''] = line.split(' ');
      const machine = newMachine({ env: cluster.env });
      guestFile(machine.cwd, 'deploy-tag');
      const made = await machine.wasme(
        'convert',
        'deploy-tag.wasm',
        reference,
        '--layout',
        'compat',
        '--json',
      );
      const stored = (JSON.parse(made.stdout) as { digest: string }).digest;
      const { exitCode, stdout, stderr } = await machine.wasme(...line.split(' '));
      expect({ exitCode, stdout }, stderr).toEqual({
        exitCode: 0,
        stdout: 'EnvoyExtensionPolicy/default/hello created\n',
      });
      expect(read(policies, 'hello', 'default')?.spec).toMatchObject({
        targetRefs: [{ kind: 'Gateway', name: 'eg' }],
        wasm: [{ code: { image: { url: `${reference}@${stored}`, sha256: stored.slice(7) } } }],
      });
      expect((await machine.wasme('undeploy', 'envoy-gateway', '--id', 'hello')).exitCode).toBe(0);
    });

    it('reads the version from the controller in the cluster', async () => {
      const labels = { 'control-plane': 'envoy-gateway' };
      cluster.create({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'envoy-gateway', namespace: 'bookinfo', labels },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [{ name: 'eg', image: 'docker.io/envoyproxy/gateway:v1.8.2' }] },
          },
        },
      });
      const argv = ['-n', 'bookinfo', '--route', 'merged', '--merge', 'json', '--apply'];
      const refused = await deploy('envoy-gateway', 'merged', ...argv);
      expect(codeOf(refused), refused.stderr).toBe('DEPLOY_UNSUPPORTED');
      expect(refused.stderr).toContain('Envoy Gateway 1.8.2 has no field for --merge');
      expect(read(policies, 'merged')).toBeUndefined();
      cluster.kubectl(['delete', 'deployment', 'envoy-gateway', '-n', 'bookinfo']);
      expect((await deploy('envoy-gateway', 'merged', ...argv)).exitCode).toBe(0);
      expect(read(policies, 'merged')?.spec['mergeType']).toBe('JSONMerge');
      await wasme('undeploy', 'envoy-gateway', '--id', 'merged', '-n', 'bookinfo');
    });

    it('refuses what would put a filter elsewhere than asked, or push another one out', async () => {
      const eg = (id: string, ...argv: string[]): Promise<Outcome> =>
        deploy('envoy-gateway', id, '-n', 'bookinfo', '--apply', ...argv);
      const refused = async (outcome: Promise<Outcome>, ...words: string[]): Promise<void> => {
        const { exitCode, stdout, stderr } = await outcome;
        expect({ exitCode, stdout, code: codeOf({ stderr } as Outcome) }, stderr).toEqual({
          exitCode: 1,
          stdout: '',
          code: 'KUBE_CONFLICT',
        });
        for (const word of words) expect(stderr).toContain(word);
      };
      await eg('here', '--gateway', 'a');
      await eg('beside', '--gateway', 'a');
      await eg('there', '--gateway', 'b');
      const undeployFirst = 'wasme undeploy envoy-gateway --id beside --namespace bookinfo';
      await refused(eg('beside', '--gateway', 'b'), 'bookinfo/there already extends', undeployFirst);
      await refused(eg('beside', '--gateway', 'c'), 'attached otherwise', undeployFirst);
      await refused(eg('beside', '--gateway', 'a', '--policy', 'there'), 'here has beside', undeployFirst);
      await refused(eg('new', '--gateway', 'a', '--gateway', 'c'), 'attached otherwise', '--policy');
      await refused(eg('new', '--route', 'r', '--policy', 'here'), 'attached otherwise');
      await refused(eg('new', '--gateway', 'a', '--policy', 'other'), '--policy here');
      await refused(eg('there', '--gateway', 'a'), 'bookinfo/here already extends', '--id there');
      // Its own policy keeps its name when the filter that it is called after has gone.
      await wasme('undeploy', 'envoy-gateway', '--id', 'here', '-n', 'bookinfo');
      await refused(eg('here', '--gateway', 'c'), 'holds other filters', '--policy');
      expect(names('here')).toEqual(['beside']);
      expect(names('there')).toEqual(['there']);
      // Alone in its policy, a filter takes the policy along.
      expect((await eg('there', '--gateway', 'c')).stdout).toBe(
        'EnvoyExtensionPolicy/bookinfo/there configured\n',
      );
      expect(read(policies, 'there')?.spec['targetRefs']).toMatchObject([{ name: 'c' }]);
      for (const id of ['beside', 'there'])
        await wasme('undeploy', 'envoy-gateway', '--id', id, '-n', 'bookinfo');
      expect(read(policies, 'here')).toBeUndefined();
    });

    it('loses no filter that another tool adds to the same policy at the same moment', async () => {
      const machine = newMachine({ env: cluster.env });
      const argv = ['-n', 'bookinfo', '--gateway', 'raced', '--apply'];
      await deploy('envoy-gateway', 'one', ...argv);
      const rival = ['annotate', policies, 'one', '-n', 'bookinfo', 'rival.example/turn=1'];
      Object.assign(machine.env, {
        REAL_KUBECTL: tool('kubectl'),
        RIVAL_BEFORE_APPLY: JSON.stringify(rival),
        PATH: [join(root, 'test', 'fixtures', 'bin', 'kubectl-with-rival'), process.env['PATH']].join(
          delimiter,
        ),
      });
      const second = ['--id', 'two', '--digest', digest, ...argv];
      const lost = await machine.wasme('deploy', 'envoy-gateway', image, ...second);
      expect(codeOf(lost), lost.stderr).toBe('KUBE_CONFLICT');
      expect(lost.stderr).toContain('run the command again');
      expect(names('one')).toEqual(['one']);
      expect((await deploy('envoy-gateway', 'two', ...argv)).exitCode).toBe(0);
      expect(names('one')).toEqual(['one', 'two']);
      for (const id of ['one', 'two']) await wasme('undeploy', 'envoy-gateway', '--id', id, '-n', 'bookinfo');
    });

    it('is added to a policy of another tool only if that policy is named', async () => {
      const argv = ['-n', 'bookinfo', '--route', 'shop', '--apply'];
      const refused = await deploy('envoy-gateway', 'guest', ...argv);
      expect(codeOf(refused), refused.stderr).toBe('KUBE_CONFLICT');
      expect(refused.stderr).toContain('--policy theirs');
      const put = await deploy('envoy-gateway', 'guest', ...argv, '--policy', 'theirs');
      expect(put.stdout).toBe('EnvoyExtensionPolicy/bookinfo/theirs configured\n');
      expect(names('theirs')).toEqual(['guest']);
      expect(read(policies, 'theirs')?.spec['extProc']).toHaveLength(1);
      const again = await deploy('envoy-gateway', 'guest', ...argv, '--digest', other);
      expect(again.stdout).toBe('EnvoyExtensionPolicy/bookinfo/theirs configured\n');
    });
  });

  describe('undeploy', () => {
    const kinds =
      'trafficextensions,wasmplugins,envoyfilters,gateways.gateway.solo.io,envoyextensionpolicies,namespaces';
    /** Everything of everyone, without what any change of an object changes. */
    const everything = (): unknown => {
      const { items } = JSON.parse(cluster.kubectl(['get', kinds, '-A', '-o', 'json'])) as {
        items: Stored[];
      };
      const changing = ['resourceVersion', 'generation', 'managedFields'];
      return items.map(({ metadata, ...rest }) => ({
        ...rest,
        metadata: Object.entries(metadata).filter(([key]) => !changing.includes(key)),
      }));
    };
    beforeAll(() => {
      installGloo(cluster);
      installEnvoyGateway(cluster);
    });
    const undeploy = (target: string, id: string, ...argv: string[]): Promise<Outcome> =>
      wasme('undeploy', target, '--id', id, ...argv);

    it('takes out what was deployed and leaves all else as it was', async () => {
      const ns = ['-n', 'bookinfo'];
      await deploy('envoy-gateway', 'stays', ...ns, '--gateway', 'shared', '--apply');
      const before = everything();
      await deploy('istio', 'gone', ...ns, '--istio-version', '1.31', '--apply');
      await deploy('istio', 'gone-raw', ...ns, '--istio-version', '1.31', '--config', 'raw', '--apply');
      await deploy('gloo', 'gone', '--root-id', 'r', '--apply');
      await deploy('envoy-gateway', 'gone', ...ns, '--gateway', 'shared', '--apply');
      await deploy('envoy-gateway', 'gone-alone', ...ns, '--gateway', 'eg2', '--apply');
      await deploy('envoy-gateway', 'gone-guest', ...ns, '--route', 'shop', '--policy', 'theirs', '--apply');
      const deployed = everything();
      expect(deployed).not.toEqual(before);

      const dry = await undeploy('istio', 'gone', ...ns, '--dry-run');
      expect(dry.stdout).toContain('-kind: TrafficExtension');
      const dryGloo = await undeploy('gloo', 'gone', '--dry-run');
      expect(dryGloo.stdout).toMatch(/^- +name: gone$/m);
      await undeploy('envoy-gateway', 'gone', ...ns, '--dry-run');
      expect(everything()).toEqual(deployed);

      expect((await undeploy('istio', 'gone', ...ns)).stdout).toBe(
        'TrafficExtension/bookinfo/gone deleted\n',
      );
      expect((await undeploy('istio', 'gone-raw', ...ns)).stdout).toBe(
        'EnvoyFilter/bookinfo/gone-raw deleted\n',
      );
      expect((await undeploy('gloo', 'gone')).stdout).toBe(
        'Gateway/gloo-system/bare restored\nGateway/gloo-system/busy restored\n',
      );
      expect((await undeploy('envoy-gateway', 'gone', ...ns)).stdout).toMatch(/restored\n$/);
      expect((await undeploy('envoy-gateway', 'gone-alone', ...ns)).stdout).toBe(
        'EnvoyExtensionPolicy/bookinfo/gone-alone deleted\n',
      );
      expect((await undeploy('envoy-gateway', 'gone-guest', ...ns)).stdout).toMatch(/theirs restored\n$/);
      expect(everything()).toEqual(before);
    });

    it('changes nothing when it fails before the first change', async () => {
      const machine = newMachine({ env: cluster.env });
      const project = {
        name: 'demo',
        language: 'rust',
        image: { reference: image },
        configurationSchema: 's.json',
      };
      writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
      writeFileSync(join(machine.cwd, 's.json'), JSON.stringify({ type: 'object', required: ['tag'] }));
      guestFile(machine.cwd, 'deploy-tag');
      await machine.wasme('convert', 'deploy-tag.wasm', 'r.example/compat:v1', '--layout', 'compat');
      writeFileSync(join(machine.cwd, 'two.yaml'), 'a: 1\n---\nb: 2\n');
      writeFileSync(join(machine.cwd, 'bad.yaml'), 'a: [\n');
      const v2 = 'type.googleapis.com/envoy.api.v2.Listener';
      writeFileSync(join(machine.cwd, 'v2.yaml'), `resources:\n- '@type': ${v2}\n`);
      const files = (): unknown =>
        readdirSync(machine.cwd).map(name => [name, readFileSync(join(machine.cwd, name), 'utf8')]);
      const [objects, before] = [everything(), files()];
      const pinned = [image, '--digest', digest];
      const rows: readonly (readonly [string, readonly string[], string])[] = [
        ['an image that Gloo cannot load', ['gloo', 'r.example/compat:v1', '--root-id', 'r'], 'NOT_LOADABLE'],
        [
          'a configuration against its schema',
          ['istio', '--digest', digest, '--config', '{}'],
          'DEPLOY_CONFIGURATION',
        ],
        ['a name', ['istio', ...pinned, '--id', 'Not_A_Name', '-n', 'bookinfo'], 'DEPLOY_NAME'],
        ['a namespace', ['envoy-gateway', ...pinned, '-n', 'a_b', '--gateway', 'eg'], 'DEPLOY_NAME'],
        ['a label', ['istio', ...pinned, '-l', 'app=det*', '-n', 'bookinfo'], 'DEPLOY_NAME'],
        ['a version', ['istio', ...pinned, '--istio-version', '0.8'], 'USAGE'],
        [
          'rights',
          ['istio', ...pinned, '-n', 'bookinfo', '--context', 'nobody', '--istio-version', '1.31'],
          'KUBE_FORBIDDEN',
        ],
        ['a reference', ['istio', 'NOT/A:ref', '--digest', digest], 'REFERENCE_INVALID'],
      ];
      for (const [title, argv, code] of rows) {
        const outcome = await machine.wasme('deploy', ...argv, '--apply', '-o', 'out.yaml');
        expect({ code: codeOf(outcome), stdout: outcome.stdout }, title).toEqual({ code, stdout: '' });
      }
      for (const name of ['two.yaml', 'bad.yaml', 'v2.yaml']) {
        const outcome = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--in', name, '-o', name);
        expect({ code: codeOf(outcome), stdout: outcome.stdout }, name).toEqual({
          code: 'DEPLOY_FILE',
          stdout: '',
        });
      }
      expect(everything()).toEqual(objects);
      expect(files()).toEqual(before);
    });

    it('takes the containers it made out of a shared object with its last filter', async () => {
      await undeploy('gloo', 'tagger');
      await deploy('gloo', 'last', '--root-id', 'r', '-l', 'team=bare', '--apply');
      await undeploy('gloo', 'last');
      const bare = read('gateways.gateway.solo.io', 'bare', 'gloo-system');
      expect(bare?.spec).toEqual({ httpGateway: {} });
      expect(bare?.metadata.annotations).toBeUndefined();
    });

    it.each(['istio', 'gloo', 'envoy-gateway'])(
      '%s: says so when nothing of that name is ours',
      async target => {
        const outcome = await undeploy(target, 'theirs', '-n', 'bookinfo');
        expect(codeOf(outcome), outcome.stderr).toBe('KUBE_NOT_FOUND');
      },
    );

    it('understands the lines of the old tool', async () => {
      await deploy(
        'istio',
        'old',
        '-n',
        'bookinfo',
        '--labels',
        'app=details',
        '--patch-context',
        'inbound',
        '--apply',
      );
      const line =
        'undeploy istio --id=old --namespace bookinfo -l app=details -t deployment --patch-context inbound --istio-namespace istio-system --root-id r --config world';
      expect((await wasme(...line.split(' '))).stdout).toMatch(/old deleted\n$/);
    });
  });
});

const gatewaySpec = {
  bindPort: 8080,
  proxyNames: ['gateway-proxy'],
  httpGateway: {
    virtualServices: [{ name: 'shop', namespace: 'gloo-system' }],
    options: { wasm: { filters: [{ name: 'a-filter', image: 'r.example/a:v1', rootId: 'a' }] } },
  },
};
const gateway = (name: string, more: object): object => ({
  apiVersion: 'gateway.solo.io/v1',
  kind: 'Gateway',
  metadata: { name, namespace: 'gloo-system', labels: { team: name } },
  spec: more,
});

function installGloo(cluster: TestCluster): void {
  cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gloo-system' } });
  cluster.install('gloo-gateway.yaml');
  if (cluster.read('gateways.gateway.solo.io', 'busy', 'gloo-system') !== undefined) return;
  cluster.create(
    gateway('busy', gatewaySpec),
    gateway('bare', { httpGateway: {} }),
    gateway('tcp', { tcpGateway: { tcpHosts: [] } }),
  );
}

function installEnvoyGateway(cluster: TestCluster): void {
  cluster.install('envoy-gateway-1.9.1.yaml');
  cluster.create({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyExtensionPolicy',
    metadata: { name: 'theirs', namespace: 'bookinfo' },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'shop' }],
      extProc: [{ backendRefs: [{ name: 'ext', port: 9000 }] }],
    },
  });
}

function controlPlane(version: string, index: number): object {
  const labels = { app: 'istiod' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `istiod-${index}`, namespace: 'istio-system', labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'discovery', image: `registry.example:5000/istio/pilot:${version}` }] },
      },
    },
  };
}
