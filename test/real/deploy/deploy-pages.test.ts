/** docs/deploy/*.md typed line by line. What needs a cluster's data plane is named here, and on the page. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { run } from '../../../commands/cli.ts';
import { type Outcome, type Screen, type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { type TestEnvoy, realEnvoy } from '../../helpers/servers/envoy.ts';
import { guest } from '../../helpers/guests/guests.ts';
import { type TestCluster, clusterTools, startCluster } from '../../helpers/servers/kubernetes.ts';
import { answerPattern, stepsOf, wordsOf } from '../../helpers/docs/pages.ts';
import { freePort } from '../../helpers/servers/ports.ts';
import { fakeRegistry } from '../../helpers/servers/registry.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';
import { until } from '../../helpers/until.ts';

/** Does what a line says, and gives what it printed; undefined: this is no line of its kind. */
type Hand = (words: readonly string[], line: string) => Promise<string | undefined> | string | undefined;

/** Types every line of a page; a line that no hand takes is a failure. */
async function follow(page: string, replace: Record<string, string>, hands: readonly Hand[]): Promise<void> {
  const steps = stepsOf(page);
  expect(steps.length).toBeGreaterThan(2);
  for (const { line, answer } of steps) {
    const changed = (text: string): string =>
      Object.entries(replace).reduce((now, [from, to]) => now.replaceAll(from, to), text);
    const words = wordsOf(changed(line));
    let printed: string | undefined;
    for (const hand of hands) printed ??= await hand(words, line);
    if (printed === undefined) throw new Error(`nothing knows how to do: ${line}`);
    for (const shown of answer) expect(printed, line).toMatch(answerPattern(changed(shown)));
  }
}

function good(outcome: Outcome, line: string): string {
  expect(outcome.exitCode, `${line}\n${outcome.stdout}${outcome.stderr}`).toBe(0);
  return outcome.stdout;
}

/** The project of docs/deploy.md#from-nothing, with a filter that sets x-tag. */
function project(machine: TestMachine): void {
  const file = { name: 'add-header', language: 'assemblyscript', rootId: 'add-header' };
  writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(file));
  mkdirSync(join(machine.cwd, 'build'));
  writeFileSync(join(machine.cwd, 'build', 'add-header.wasm'), guest('deploy-tag'));
}

async function serve(answer: (path: string) => string | Uint8Array): Promise<string> {
  const server = createServer((request, response) => response.end(answer(request.url ?? '')));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A command that stays, until the test is over or `stop`. */
function background(
  machine: TestMachine,
  argv: readonly string[],
): { screen: Screen; stop: () => Promise<number> } {
  const interrupt = new AbortController();
  const screen: Screen = { out: '', err: '' };
  const ended = run([...argv], {
    ...machine.system,
    env: machine.env,
    signal: interrupt.signal,
    stdin: process.stdin,
    stdout: { write: text => (screen.out += String(text)) },
    stderr: { write: text => (screen.err += String(text)) },
  });
  const stop = (): Promise<number> => {
    interrupt.abort();
    return ended;
  };
  onTestFinished(async () => void (await stop()));
  return { screen, stop };
}

describeWith(['envoy-1.40'], 'pages about deploying to Envoy', () => {
  /** Hands for Envoys and for requests to the last one that was started. */
  function envoyHands(machine: TestMachine): readonly Hand[] {
    let envoy: TestEnvoy | undefined;
    return [
      async ([program, , file = '']) => {
        if (program !== 'envoy') return undefined;
        await envoy?.stop();
        const text = readFileSync(join(machine.cwd, file), 'utf8');
        envoy = await realEnvoy(
          text
            .replace('address: 0.0.0.0', 'address: 127.0.0.1')
            .replace(/port_value: (8080|9901)$/gm, 'port_value: 0'),
        );
        return '';
      },
      async ([program]) => {
        if (program !== 'curl' || envoy === undefined) return undefined;
        const response = await fetch(envoy.url);
        expect(response.status).toBe(200);
        expect(response.headers.get('x-tag')).not.toBeNull();
        return '';
      },
      async ([, verb, ...words], line) =>
        verb === 'status' && envoy !== undefined
          ? good(await machine.wasme('status', ...words, '--admin', envoy.admin.url), line)
          : undefined,
    ];
  }

  it('docs/deploy/envoy.md', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'wasme-bin-'));
    onTestFinished(() => rmSync(bin, { recursive: true, force: true }));
    symlinkSync(tool('envoy-1.40'), join(bin, 'envoy'));
    const machine = newMachine({ env: { PATH: [bin, process.env['PATH']].join(delimiter) } });
    project(machine);
    const upstream = await serve(() => 'hello');
    const files = await serve(() => guest('deploy-tag'));
    let own: string | undefined;
    const build = guest('deploy-tag', { '"none"': '"nope"' });
    await follow(
      'docs/deploy/envoy.md',
      { 'http://127.0.0.1:3000': upstream, 'https://files.example': files },
      [
        async ([, , , ...words]) => {
          if (!words.includes('--run')) return undefined;
          const [port, admin] = [await freePort(), await freePort()];
          const argv = ['deploy', 'envoy', ...words, '-p', `${port}`, '--admin', `${admin}`];
          const { stop } = background(machine, argv);
          await expect
            .poll(async () =>
              (await fetch(`http://127.0.0.1:${port}`).catch(() => undefined))?.headers.get('x-tag'),
            )
            .toBe('none');
          expect(await stop()).toBe(130);
          return '';
        },
        ...envoyHands(machine),
        async ([, verb], line) => {
          if (verb !== 'build') return undefined;
          // What a compiler would leave; the other half of the line is typed next.
          writeFileSync(join(machine.cwd, 'build', 'add-header.wasm'), build);
          const [, , ...words] = wordsOf(line.replace(/^.*&& /, ''));
          return good(await machine.wasme('deploy', ...words), line);
        },
        async ([, ...words], line) => {
          const path = join(machine.cwd, 'envoy.yaml');
          if (words.includes('--in') && own === undefined) {
            // A file of a person's own: one that has no filter.
            good(await machine.wasme('undeploy', 'envoy', '--in', 'envoy.yaml', '-o', 'envoy.yaml'), line);
            own = readFileSync(path, 'utf8');
          }
          const outcome = good(await machine.wasme(...words), line);
          if (words[0] === 'undeploy' && words.includes('--in')) {
            expect(readFileSync(path, 'utf8')).toBe(own);
          }
          return outcome;
        },
      ],
    );
  });

  it('docs/serve.md', async () => {
    const registry = await fakeRegistry();
    const machine = newMachine();
    project(machine);
    await machine.wasme('push', `${registry.host}/me/add-header:v1`);
    // The page is for one who has the image only.
    rmSync(join(machine.cwd, 'wasme.json'));
    let url = '';
    await follow('docs/serve.md', { 'registry.example': registry.host }, [
      async ([, verb]) => {
        if (verb !== 'serve') return undefined;
        const { screen } = background(machine, ['serve', '-p', '0']);
        const printed = await until(
          () => screen.out || undefined,
          () => screen.err,
        );
        [url = ''] = printed.split(' ');
        return printed;
      },
      ...envoyHands(machine),
      async ([, ...words], line) =>
        good(await machine.wasme(...words.map(word => (word.includes('…') ? url : word))), line),
    ]);
  });

  it('docs/deploy/gcp.md', async () => {
    const registry = await fakeRegistry();
    const machine = newMachine();
    project(machine);
    await follow('docs/deploy/gcp.md', { 'us-docker.pkg.dev': registry.host }, [
      // Nothing of Google Cloud is here, which the page says.
      ([program]) => (program === 'gcloud' ? '' : undefined),
      async ([, ...words], line) => {
        const { exitCode, stdout, stderr } = await machine.wasme(...words);
        expect(exitCode, stderr).toBe(0);
        if (line.includes('jq')) {
          const { documents } = JSON.parse(stdout) as { documents: { content: object }[] };
          expect(documents[1]?.content).toHaveProperty('extensionChains');
        }
        return `${stderr}${stdout}`;
      },
    ]);
  });
});

describeWith([...clusterTools, 'envoy-1.40'], 'pages about deploying to a cluster', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    cluster.install('istio-1.31.1.yaml', ['WasmPlugin', 'TrafficExtension', 'EnvoyFilter']);
    cluster.install('envoy-gateway-1.9.1.yaml');
    cluster.install('gloo-gateway.yaml');
    cluster.install('higress-wasmplugin.yaml');
    for (const name of ['gloo-system', 'higress-system']) cluster.kubectl(['create', 'namespace', name]);
    const metadata = { name: 'gateway-proxy', namespace: 'gloo-system' };
    cluster.create({
      apiVersion: 'gateway.solo.io/v1',
      kind: 'Gateway',
      metadata,
      spec: { httpGateway: {} },
    });
  });
  afterAll(() => cluster.stop());

  // What would install a control plane, and what asks a data plane, is not here; the pages say so.
  const elsewhere: Hand = ([program, verb, ...words]) =>
    ['istioctl', 'helm', 'curl'].includes(program ?? '') ||
    (program === 'kubectl' && (/^(exec|port-forward)$/.test(verb ?? '') || words.includes('-f')))
      ? ''
      : undefined;
  const kubectl: Hand = ([program, ...words]) => (program === 'kubectl' ? cluster.kubectl(words) : undefined);

  /** A proxy that has what Istio's agent would give it: the module under its image's digest. */
  async function meshProxy(digest: string, plugin: string): Promise<TestEnvoy> {
    const dir = mkdtempSync(join(tmpdir(), 'wasme-mesh-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const filename = join(dir, 'module.wasm');
    writeFileSync(filename, guest('deploy-tag'));
    const named = join(dir, `${digest.slice('sha256:'.length)}.wasm`);
    copyFileSync(filename, named);
    const machine = newMachine();
    const free = ['-p', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--id', plugin];
    const { stdout } = await machine.wasme('deploy', 'envoy', filename, ...free);
    return realEnvoy(stdout.replaceAll(filename, named));
  }

  function pod(name: string, namespace: string, labels: object, container: string): void {
    const spec = { nodeName: 'none', containers: [{ name: container, image: 'registry.example/x:v1' }] };
    cluster.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec });
    report('pods', namespace, name, { phase: 'Running' });
  }

  function report(kind: string, namespace: string, name: string, status: object): void {
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
    cluster.kubectl(['patch', kind, name, '-n', namespace, ...patch]);
  }

  /** Waits until the object is there, and has that text. */
  async function made(kind: string, name: string, namespace: string, text = ''): Promise<void> {
    await until(
      () => (JSON.stringify(cluster.read(kind, name, namespace)) as string | undefined)?.includes(text),
      () => `${kind} ${name} with ${text}`,
    );
  }

  /** Types a page, beginning with the image that it says is pushed. `control`: does the work of the control plane. */
  async function followHere(
    page: string,
    pods: ((digest: string) => Promise<TestEnvoy>) | undefined,
    control: () => Promise<unknown> | void,
  ): Promise<void> {
    const registry = await fakeRegistry();
    const machine = newMachine({ env: cluster.env });
    project(machine);
    const image = `${registry.host}/me/add-header:v1`;
    await machine.wasme('push', image);
    const digest = registry.tags.get('me/add-header:v1') ?? '';
    const envoy = await pods?.(digest);
    const programs = join(root, 'test', 'fixtures', 'bin', 'kubectl-with-proxies');
    if (envoy !== undefined) {
      Object.assign(machine.env, {
        REAL_KUBECTL: tool('kubectl'),
        ENVOY_ADMIN: envoy.admin.url,
        PATH: [programs, process.env['PATH'] ?? ''].join(delimiter),
      });
      writeFileSync(join(machine.home, 'envoy.log'), envoy.log.join('\n'));
      machine.env['ENVOY_LOG'] = join(machine.home, 'envoy.log');
    }
    await follow(page, { 'registry.example': registry.host }, [
      elsewhere,
      kubectl,
      async ([, ...words], line) => {
        const done = machine.wasme(...words);
        if (words.includes('--wait')) await control();
        return good(await done, line);
      },
    ]);
  }

  it('docs/deploy/istio.md', async () => {
    await followHere(
      'docs/deploy/istio.md',
      digest => meshProxy(digest, 'bookinfo.add-header'),
      () => pod('details-1', 'bookinfo', { app: 'details' }, 'istio-proxy'),
    );
  });

  it('docs/deploy/higress.md', async () => {
    await followHere(
      'docs/deploy/higress.md',
      digest => meshProxy(digest, 'higress-system.add-header'),
      () => pod('gateway-1', 'higress-system', { higress: 'gateway' }, 'higress-gateway'),
    );
  });

  it('docs/deploy/envoy-gateway.md', async () => {
    const policy = 'envoyextensionpolicies.gateway.envoyproxy.io';
    await followHere('docs/deploy/envoy-gateway.md', undefined, async () => {
      await made(policy, 'add-header', 'shop');
      const lastTransitionTime = '2026-01-01T00:00:00Z';
      const accepted = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };
      report(policy, 'shop', 'add-header', {
        ancestors: [
          {
            ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'eg' },
            controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
            conditions: [{ ...accepted, observedGeneration: 1, lastTransitionTime }],
          },
        ],
      });
    });
  });

  it('docs/deploy/gloo.md', async () => {
    const gateways = 'gateways.gateway.solo.io';
    await followHere('docs/deploy/gloo.md', undefined, async () => {
      await made(gateways, 'gateway-proxy', 'gloo-system', 'wasme.io/filters');
      report(gateways, 'gloo-system', 'gateway-proxy', {
        statuses: { 'gloo-system': { state: 'Accepted' } },
      });
    });
  });
});
