/** A real API server for tests: etcd and kube-apiserver of our own, on loopback, without nodes; gone with the test file. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { freePort } from './ports.ts';
import { type ToolName, tool, toolsDir } from '../tools.ts';

/** Tools that `startCluster` needs. */
export const clusterTools: readonly ToolName[] = ['kubectl', 'etcd', 'kube-apiserver'];

export interface TestCluster {
  /** For the environment of what is tested: KUBECONFIG, and a PATH whose kubectl is the real one. */
  readonly env: Record<string, string>;
  /** Ends both programs and removes their files. */
  stop(): Promise<void>;
  /** Runs kubectl as the administrator and gives its stdout; throws with stderr. */
  kubectl(args: readonly string[], input?: string): string;
  /** The object as it is in the cluster; undefined when it is not. */
  read(kind: string, name: string, namespace?: string): Record<string, unknown> | undefined;
  /** Creates or changes objects as another tool than wasme. */
  create(...objects: readonly object[]): void;
  /** Installs custom resource definitions from a file of $WASME_TOOLS/crds or test/fixtures/crds and waits until they serve. */
  install(file: string, kinds?: readonly string[]): void;
}

/** Contexts: `admin` may do everything, `nobody` nothing. To be stopped in `afterAll`. */
export async function startCluster(): Promise<TestCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-cluster-'));
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) {
      const gone = new Promise(resolve => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  const [client, peer, port] = await Promise.all([freePort(), freePort(), freePort()]);
  const run = (name: ToolName, args: readonly string[]): void => {
    children.push(
      spawn(tool(name), args, {
        cwd: dir,
        stdio: ['ignore', 'ignore', openSync(join(dir, `${name}.log`), 'a')],
        env: { PATH: process.env['PATH'] },
      }),
    );
  };
  const at = (number: number): string => `http://127.0.0.1:${number}`;
  run('etcd', [
    ...['--data-dir', join(dir, 'etcd'), '--log-level', 'fatal', '--logger', 'zap', '--unsafe-no-fsync'],
    ...['--listen-client-urls', at(client), '--advertise-client-urls', at(client)],
    ...['--listen-peer-urls', at(peer), '--initial-advertise-peer-urls', at(peer)],
    ...['--initial-cluster', `default=${at(peer)}`],
  ]);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(dir, 'tokens.csv'), 'admin-token,admin,1,"system:masters"\nnobody-token,nobody,2\n');
  mkdirSync(join(dir, 'certs'));
  run('kube-apiserver', [
    ...['--etcd-servers', at(client), '--bind-address', '127.0.0.1', '--secure-port', String(port)],
    ...['--cert-dir', join(dir, 'certs'), '--service-cluster-ip-range', '10.0.0.0/24'],
    ...['--disable-admission-plugins', 'ServiceAccount', '--authorization-mode', 'RBAC'],
    ...['--service-account-issuer', 'https://kubernetes.default.svc'],
    ...[
      '--service-account-key-file',
      join(dir, 'key.pem'),
      '--service-account-signing-key-file',
      join(dir, 'key.pem'),
    ],
    ...['--token-auth-file', join(dir, 'tokens.csv')],
  ]);
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, stringify(accessFile(port)), { mode: 0o600 });
  const env = {
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(dir, 'cache'),
    HOME: dir,
    PATH: `${dirname(tool('kubectl'))}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  const kubectl: TestCluster['kubectl'] = (args, input = '') =>
    execFileSync(tool('kubectl'), args, {
      env,
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    });
  await ready(kubectl, () => children.every(({ exitCode }) => exitCode === null)).catch(
    async (error: unknown) => {
      const log = readFileSync(join(dir, 'kube-apiserver.log'), 'utf8').slice(-2_000);
      await stop();
      throw new Error(`the API server did not start:\n${log}`, { cause: error });
    },
  );
  return {
    env,
    kubectl,
    stop,
    read(kind, name, namespace = 'default') {
      const text = kubectl(['get', kind, name, '-n', namespace, '--ignore-not-found', '-o', 'json']);
      return text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
    },
    create(...objects) {
      kubectl(
        ['apply', '--server-side', '--field-manager=somebody', '-f', '-'],
        objects.map(object => JSON.stringify(object)).join('\n'),
      );
    },
    install(file, kinds) {
      const definitions = parseAllDocuments(readFileSync(definitionFile(file), 'utf8'))
        .map(
          document =>
            document.toJS() as { metadata: { name: string }; spec: { names: { kind: string } } } | null,
        )
        .filter(found => found !== null && (kinds === undefined || kinds.includes(found.spec.names.kind)));
      const text = definitions.map(definition => JSON.stringify(definition)).join('\n');
      kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], text);
      const names = definitions.map(definition => `crd/${definition?.metadata.name ?? ''}`);
      kubectl(['wait', '--for=condition=Established', '--timeout=120s', ...names]);
    },
  };
}

function definitionFile(file: string): string {
  const own = join(import.meta.dirname, '..', '..', 'fixtures', 'crds', file);
  return existsSync(own) ? own : join(toolsDir, 'crds', file);
}

function accessFile(port: number): object {
  const names = ['admin', 'nobody'];
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'admin',
    clusters: [
      { name: 'test', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: names.map(name => ({ name, user: { token: `${name}-token` } })),
    contexts: names.map(name => ({ name, context: { cluster: 'test', user: name } })),
  };
}

async function ready(kubectl: TestCluster['kubectl'], running: () => boolean): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      kubectl(['get', '--raw', '/readyz']);
      kubectl(['get', 'namespace', 'default']);
      return;
    } catch (error) {
      if (tries > 240 || !running()) throw error;
      await new Promise(resolve => setTimeout(resolve, 250));
    }
  }
}
