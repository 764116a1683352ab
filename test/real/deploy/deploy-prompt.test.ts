/** Objects that others own too, changed from a terminal: shown first, and only with consent. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newMachine } from '../../helpers/cli/cli.ts';
import { type TestCluster, clusterTools, startCluster } from '../../helpers/servers/kubernetes.ts';
import { enter, onTerminal } from '../../helpers/cli/terminal.ts';
import { describeWith } from '../../helpers/tools.ts';

const image = ['registry.example/me/add-header:v1', '--digest', `sha256:${'3b'.repeat(32)}`];

describeWith(clusterTools, 'a shared object and somebody at a terminal', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gloo-system' } });
    cluster.install('gloo-gateway.yaml');
    cluster.create({
      apiVersion: 'gateway.solo.io/v1',
      kind: 'Gateway',
      metadata: { name: 'proxy', namespace: 'gloo-system' },
      spec: { httpGateway: {} },
    });
  });
  afterAll(() => cluster.stop());

  const filters = (): unknown =>
    (
      cluster.read('gateways.gateway.solo.io', 'proxy', 'gloo-system') as {
        spec: { httpGateway: { options?: { wasm: { filters: { name: string }[] } } } };
      }
    ).spec.httpGateway.options?.wasm.filters.map(({ name }) => name);
  const deploy = ['deploy', 'gloo', ...image, '--id', 'tagger', '--root-id', 'r', '--apply'];
  const undeploy = ['undeploy', 'gloo', '--id', 'tagger'];
  const terminal = (
    argv: readonly string[],
    ...answers: readonly (readonly [string, string])[]
  ): ReturnType<typeof onTerminal> => {
    const machine = newMachine({ env: cluster.env });
    return onTerminal(machine.cwd, machine.env, argv, answers);
  };

  it('shows the change and asks; no is no', async () => {
    const no = await terminal(deploy, ['Change it?', enter]);
    expect(no.exitCode, no.screen).toBe(1);
    expect(no.screen).toMatch(/\+ +name: tagger/);
    expect(no.screen).toContain('error[DEPLOY_DECLINED]: nothing was applied to Gateway/gloo-system/proxy');
    expect(filters()).toBeUndefined();
    const yes = await terminal(deploy, ['Change it?', `y${enter}`]);
    expect(yes.exitCode, yes.screen).toBe(0);
    expect(filters()).toEqual(['tagger']);
    const again = await terminal(deploy);
    expect(again.screen).toContain('unchanged');
    const kept = await terminal(undeploy, ['Change it?', `n${enter}`]);
    expect(kept.screen).toContain('error[DEPLOY_DECLINED]: nothing was taken out of');
    expect(filters()).toEqual(['tagger']);
    const out = await terminal(undeploy, ['Change it?', `y${enter}`]);
    expect(out.exitCode, out.screen).toBe(0);
    expect(filters()).toBeUndefined();
  });

  it('does not ask with --yes, for a trial of the server, or without a terminal', async () => {
    const tried = await terminal([...deploy.slice(0, -1), '--dry-run=server']);
    expect(tried.exitCode, tried.screen).toBe(0);
    expect(filters()).toBeUndefined();
    const yes = await terminal([...deploy, '--yes']);
    expect(yes.exitCode, yes.screen).toBe(0);
    expect(yes.screen).not.toContain('?');
    expect((await newMachine({ env: cluster.env }).wasme(...undeploy)).exitCode).toBe(0);
    expect(filters()).toBeUndefined();
  });
});
