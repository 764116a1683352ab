/** Push and pull work through proxies and with certificates on both sides, as in a company's network. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { forwardProxy } from '../../helpers/servers/forward-proxy.ts';
import { moduleOfSize } from '../../helpers/guests/images.ts';
import { account, makeCertificate, realRegistry } from '../../helpers/servers/real-registry.ts';
import { describeWith } from '../../helpers/tools.ts';

const module = moduleOfSize(300_000);
const portOf = (host: string): number => Number(host.split(':')[1]);

function machineWithModule(env: Record<string, string | undefined> = {}): TestMachine {
  const machine = newMachine({ env });
  writeFileSync(join(machine.cwd, 'm.wasm'), module);
  return machine;
}

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-certificates-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Pushes and pulls back; gives what was printed with -v. */
async function roundTrip(machine: TestMachine, reference: string, ...flags: string[]): Promise<string> {
  const pushed = await machine.wasme('push', reference, '-f', 'm.wasm', '-v', ...flags);
  expect(pushed.exitCode, pushed.stderr).toBe(0);
  const pulled = await machine.wasme('pull', reference, '-o', 'back.wasm', '--force', '-v', ...flags);
  expect(pulled.exitCode, pulled.stderr).toBe(0);
  expect(readFileSync(join(machine.cwd, 'back.wasm')).equals(module)).toBe(true);
  return pushed.stderr + pulled.stderr;
}

describeWith(['docker-registry', 'openssl'], 'a forward proxy', () => {
  it('tunnels HTTPS: it sees the host name, and nothing of what is sent', async () => {
    const registry = await realRegistry({ tls: true, auth: 'basic' });
    const proxy = await forwardProxy({ ports: { 'registry.test': portOf(registry.host) } });
    const machine = machineWithModule({
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
      SSL_CERT_FILE: registry.caFile,
    });
    const login = ['login', 'registry.test', '-u', account.username, '-p', account.password];
    expect((await machine.wasme(...login)).exitCode).toBe(0);
    await roundTrip(machine, 'registry.test/team/filter:v1');
    expect(new Set(proxy.log)).toEqual(new Set(['CONNECT registry.test:443']));
    expect(proxy.seen.filter(headers => headers.authorization !== undefined)).toEqual([]);
  });

  it('is asked for whole URLs over plain HTTP', async () => {
    const registry = await realRegistry();
    const proxy = await forwardProxy({ ports: { 'registry.test': portOf(registry.host) } });
    const machine = machineWithModule({ http_proxy: `127.0.0.1:${proxy.port}` });
    await roundTrip(machine, 'registry.test/team/filter:v1', '--plain-http');
    expect(proxy.log.length).toBeGreaterThan(5);
    expect(proxy.log.every(line => / http:\/\/registry\.test\/v2\//.test(line))).toBe(true);
  });

  it('gets its login over plain HTTP, too', async () => {
    const registry = await realRegistry();
    const proxy = await forwardProxy({ ports: { 'registry.test': portOf(registry.host) }, login: 'me:p@ss' });
    const at = `127.0.0.1:${proxy.port}`;
    const machine = machineWithModule({ HTTP_PROXY: `http://${at}` });
    const refused = await machine.wasme('push', 'registry.test/a:v1', '-f', 'm.wasm', '--plain-http');
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stderr).toContain(`the proxy ${at} does not connect to registry.test: it answered 407`);
    expect(refused.stderr).toContain('put name:password@ in front of its host in HTTP_PROXY');
    machine.env['HTTP_PROXY'] = `http://me:p%40ss@${at}`;
    const printed = await roundTrip(machine, 'registry.test/a:v1', '--plain-http');
    expect(printed).not.toMatch(/p@ss|p%40ss/);
  });

  it.each([false, true])(
    'gets its credentials, and no other server does (TLS to the proxy: %s)',
    async secure => {
      const registry = await realRegistry({ tls: true });
      const certificate = makeCertificate(tempDir());
      const proxy = await forwardProxy({
        ports: { 'registry.test': portOf(registry.host) },
        login: 'me:p@ss',
        ...(secure ? { tls: certificate } : {}),
      });
      const at = `localhost:${proxy.port}`;
      const machine = machineWithModule({
        HTTPS_PROXY: `${secure ? 'https' : 'http'}://${at}`,
        SSL_CERT_FILE: registry.caFile,
        NODE_EXTRA_CA_CERTS: certificate.cert,
      });
      const refused = await machine.wasme('push', 'registry.test/a:v1', '-f', 'm.wasm');
      expect(refused).toMatchObject({ exitCode: 1 });
      expect(refused.stderr).toContain(`the proxy ${at} does not connect to registry.test: it answered 407`);
      expect(refused.stderr).toContain('put name:password@ in front of its host in HTTPS_PROXY');
      machine.env['HTTPS_PROXY'] = `${secure ? 'https' : 'http'}://me:p%40ss@${at}`;
      const printed = await roundTrip(machine, 'registry.test/a:v1');
      expect(printed).not.toMatch(/p@ss|p%40ss/);
    },
  );

  it('that forbids the host says so; NO_PROXY goes past it', async () => {
    const proxy = await forwardProxy({ ports: {} });
    const machine = machineWithModule({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    const forbidden = await machine.wasme('pull', 'registry.test/a:v1');
    expect(forbidden.stderr).toContain('it answered 403');
    expect(proxy.log).toHaveLength(1);
    machine.env['NO_PROXY'] = '.test';
    const past = await machine.wasme('pull', 'registry.test/a:v1');
    expect(past.stderr).toContain('registry.test: no such host name');
    expect(proxy.log).toHaveLength(1);
  });

  it('that cannot be reached is named in the error', async () => {
    const machine = machineWithModule({ HTTPS_PROXY: 'http://127.0.0.1:9' });
    const { exitCode, stderr } = await machine.wasme('pull', 'registry.test/a:v1');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('the proxy 127.0.0.1:9: nothing listens there (connection refused)');
  });
});

describeWith(['docker-registry', 'openssl'], 'certificates', () => {
  it('of clients: a registry that wants one gets it, from one file or two', async () => {
    const dir = tempDir();
    const [client, stranger] = [makeCertificate(dir, 'client'), makeCertificate(dir, 'stranger')];
    const registry = await realRegistry({ tls: true, clientCaFile: client.cert });
    const machine = machineWithModule();
    const reference = `${registry.host}/team/filter:v1`;
    const ca = ['--ca-file', registry.caFile ?? ''];
    await roundTrip(machine, reference, ...ca, '--cert-file', client.cert, '--key-file', client.key);
    writeFileSync(
      join(machine.cwd, 'both.pem'),
      readFileSync(client.cert, 'utf8') + readFileSync(client.key, 'utf8'),
    );
    await roundTrip(machine, reference, ...ca, '--cert-file', 'both.pem');
    for (const flags of [[], ['--cert-file', stranger.cert, '--key-file', stranger.key]]) {
      const { exitCode, stderr } = await machine.wasme('pull', reference, ...ca, ...flags);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('--cert-file');
    }
    const missing = await machine.wasme('pull', reference, ...ca, '--cert-file', 'absent.pem');
    expect(missing.stderr).toContain('error[FILE_NOT_FOUND]');
    const broken = await machine.wasme('pull', reference, ...ca, '--cert-file', 'm.wasm');
    expect(broken.stderr).toContain('error[CREDENTIALS_INVALID]');
  });

  it('of an authority of our own: by flag, and by each of the variables', async () => {
    const registry = await realRegistry({ tls: true });
    const reference = `${registry.host}/team/filter:v1`;
    await roundTrip(machineWithModule(), reference, '--ca-file', registry.caFile ?? '');
    for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
      await roundTrip(machineWithModule({ [name]: registry.caFile }), reference, '--no-plain-http');
    }
  });
});
