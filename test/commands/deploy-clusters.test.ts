import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { DeployResult } from '../../src/deploy.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guestFile } from '../helpers/guests/guests.ts';

const digest = `sha256:${'3b'.repeat(32)}`;
const image = 'registry.example/me/add-header:v0.1';

/** Creates a machine without kubectl whose store has `image` in a layout; returns the digest of the image as well. */
async function withImage(layout: string): Promise<{ machine: TestMachine; stored: string }> {
  const machine = newMachine({ env: { PATH: '/nowhere' } });
  guestFile(machine.cwd, 'deploy-tag');
  const made = await machine.wasme('convert', 'deploy-tag.wasm', image, '--layout', layout, '--json');
  expect(made.stderr).toBe('');
  return { machine, stored: (JSON.parse(made.stdout) as { digest: string }).digest };
}

describe('the documents of deploy for a control plane', () => {
  it('are printed without kubectl, and pin the digest of the image in the store', async () => {
    const { machine, stored } = await withImage('compat');
    const { exitCode, stdout, stderr } = await machine.wasme('deploy', 'istio', image, '-n', 'bookinfo');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(parse(stdout)).toMatchObject({
      kind: 'TrafficExtension',
      metadata: { name: 'add-header', namespace: 'bookinfo' },
      spec: { wasm: { url: `oci://${image}@${stored}`, sha256: stored.slice(7) } },
    });
  });

  it('are not printed for an image that the target does not load, except with --force', async () => {
    const { machine } = await withImage('compat');
    const refused = await machine.wasme('deploy', 'gloo', image, '--root-id', 'r', '-o', 'gateway.yaml');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('error[NOT_LOADABLE]: gloo@ee would not load');
    expect(refused.stderr).toContain(`wasme convert ${image} --layout oci`);
    expect((await machine.wasme('deploy', 'gloo', image, '--root-id', 'r', '--force')).exitCode).toBe(0);
    const good = await withImage('oci');
    expect((await good.machine.wasme('deploy', 'gloo', image, '--root-id', 'r')).exitCode).toBe(0);
  });

  it('are resources of Google Cloud, with events from the callbacks of the module, and the lines to type', async () => {
    const { machine, stored } = await withImage('compat');
    const rule = 'projects/my-project/global/forwardingRules/web';
    const flags = ['--project', 'my-project', '--forwarding-rule', rule, '--config', 'blue'];
    const { exitCode, stdout, stderr } = await machine.wasme('deploy', 'gcp', image, ...flags, '--json');
    expect(exitCode, stderr).toBe(0);
    const { documents, notes, warnings } = JSON.parse(stdout) as DeployResult;
    const name = image.replace(':v0.1', '');
    expect(documents).toMatchObject([
      { content: { name: 'projects/my-project/locations/global/wasmPlugins/add-header' } },
      {
        name: 'LbTrafficExtension/add-header',
        content: {
          forwardingRules: [`https://www.googleapis.com/compute/v1/${rule}`],
          extensionChains: [{ extensions: [{ supportedEvents: ['REQUEST_HEADERS', 'RESPONSE_HEADERS'] }] }],
        },
      },
    ]);
    expect(Object.values((documents[0]?.content as { versions: object }).versions)).toEqual([
      { imageUri: `${name}@${stored}`, pluginConfigData: Buffer.from('blue').toString('base64') },
    ]);
    expect(notes[0]).toContain('--plugin-config=blue');
    expect(stderr).toContain(notes[1]);
    expect(warnings.join()).toContain('Artifact Registry');
    const none = await machine.wasme('deploy', 'gcp', image);
    expect(none.stderr).toContain('error[USAGE]');
    const oci = await withImage('oci');
    expect((await oci.machine.wasme('deploy', 'gcp', image, ...flags)).stderr).toContain(
      'error[NOT_LOADABLE]',
    );
  });

  it('use the deploy section of wasme.json, and flags override it', async () => {
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    const deploy = {
      istio: { id: 'tagger', namespace: 'shop', labels: { app: 'cart' }, phase: 'authn', version: '1.27' },
      envoyGateway: { route: 'checkout', namespace: 'shop' },
      gloo: { namespaces: ['edge'] },
    };
    writeFileSync(
      join(machine.cwd, 'wasme.json'),
      JSON.stringify({
        name: 'demo',
        language: 'rust',
        rootId: 'r',
        configuration: { a: 1 },
        image: { reference: image },
        deploy,
      }),
    );
    const document = async (...argv: string[]): Promise<unknown> => {
      const { stdout, stderr } = await machine.wasme('deploy', ...argv, '--digest', digest);
      expect(stderr.replace(/^warning: .*\n/gm, '')).toBe('');
      return parse(stdout);
    };
    expect(await document('istio')).toMatchObject({
      kind: 'WasmPlugin',
      metadata: { name: 'tagger', namespace: 'shop' },
      spec: {
        selector: { matchLabels: { app: 'cart' } },
        phase: 'AUTHN',
        pluginName: 'r',
        pluginConfig: { a: 1 },
      },
    });
    expect(await document('istio', '--gateway', 'in', '-n', 'edge', '--phase', 'stats')).toMatchObject({
      metadata: { namespace: 'edge' },
      spec: { targetRefs: [{ kind: 'Gateway', name: 'in' }], phase: 'STATS' },
    });
    expect(await document('envoy-gateway')).toMatchObject({
      metadata: { name: 'demo', namespace: 'shop' },
      spec: {
        targetRefs: [{ kind: 'HTTPRoute', name: 'checkout' }],
        wasm: [{ name: 'demo', config: { a: 1 } }],
      },
    });
    expect(await document('gloo')).toMatchObject({ metadata: { namespace: 'edge' } });
  });

  it.each([
    ['istio', ['--phase', 'authn'], ['--priority', '1'], ['-l', 'a=b'], ['--pull-secret', 's']],
    ['istio', ['--match-port', '80'], ['--patch-context', 'inbound'], ['--config', '{"a":1}']],
    ['higress', ['--phase', 'authn'], ['--priority', '1'], ['--pull-policy', 'always'], ['--env', 'A']],
  ])('%s: the hash is another with each thing that is asked for: %j', async (target, ...asked) => {
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    const hashOf = async (...argv: string[]): Promise<string> => {
      const line = ['deploy', target, image, '--digest', digest, ...argv, '--json'];
      const { hash, documents } = JSON.parse((await machine.wasme(...line)).stdout) as DeployResult;
      expect(documents[0]?.content).toMatchObject({ metadata: { annotations: { 'wasme.io/intent': hash } } });
      return hash;
    };
    const hashes = [await hashOf()];
    for (const flags of asked) hashes.push(await hashOf(...flags));
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(await hashOf('-n', 'elsewhere')).toBe(hashes[0]);
  });

  it('are printed for command lines of the old tool', async () => {
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    const line = `deploy istio ${image} --digest ${digest} --id=myfilter --namespace bookinfo --labels app=details --patch-context inbound --workload-type deployment`;
    const istio = await machine.wasme(...line.split(' '));
    expect(istio.stderr).toBe('note: --workload-type is not used: --labels choose pods of any workload\n');
    expect(parse(istio.stdout)).toMatchObject({
      metadata: { name: 'myfilter', namespace: 'bookinfo' },
      spec: { selector: { matchLabels: { app: 'details' } }, match: [{ mode: 'SERVER' }] },
    });
    const gloo = await machine.wasme(
      ...`deploy gloo ${image} --digest ${digest} --id=myfilter --namespaces a,b --labels x=y`.split(' '),
    );
    expect(gloo.exitCode).toBe(0);
  });

  it.each([
    ['a name Kubernetes refuses', ['--id', 'My_Filter'], 'DEPLOY_NAME', 2],
    ['a label that is none', ['-l', 'app'], 'USAGE', 2],
    ['an unknown dry run', ['--dry-run=client'], 'USAGE', 2],
    ['a wait for nothing', ['--wait'], 'USAGE', 2],
    ['a wait for a trial', ['--wait', '--dry-run=server'], 'USAGE', 2],
    ['a variable set and passed on', ['--env', 'A=1', '--env', 'A'], 'USAGE', 2],
    ['a secret of another namespace', ['--pull-secret', 'ns/access'], 'DEPLOY_NAME', 2],
    ['no kubectl', ['--apply', '--istio-version', '1.31'], 'TOOL_MISSING', 1],
    ['a reference that is none', [], 'REFERENCE_INVALID', 2],
  ])('fail with a code: %s', async (title, argv, code, exitCode) => {
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    const operand = title.startsWith('a reference') ? 'Registry/UPPER:v1' : image;
    const outcome = await machine.wasme('deploy', 'istio', operand, '--digest', digest, ...argv);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(outcome.exitCode).toBe(exitCode);
  });
});
