/** Real Envoys accept what `deploy envoy` writes (`--mode validate`) and serve traffic with it: every kind, option and release. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeCertificate } from '../../../src/proxy/certificate.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { type EnvoyRelease, realEnvoy } from '../../helpers/servers/envoy.ts';
import { envoyRows, envoyText, goldenModule } from '../../helpers/deploy/envoy-cases.ts';
import { guest, guestFile } from '../../helpers/guests/guests.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const releases = ['1.40', '1.36'] as const;
const ownFile = join(import.meta.dirname, '..', '..', 'fixtures', 'deploy', 'own-envoy.yaml');
const free = ['-p', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

/** Text that `deploy envoy` prints; fails with its error. */
async function deployed(machine: TestMachine, release: EnvoyRelease, ...argv: string[]): Promise<string> {
  const flags = argv.includes('--in') ? [] : free;
  const { exitCode, stdout, stderr } = await machine.wasme(
    ...['deploy', 'envoy', ...argv, ...flags, '--envoy-version', release],
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

/** `--mode validate`; deprecated fields are only in what is written for an `old` release. */
function validate(machine: TestMachine, release: EnvoyRelease, text: string, old = false): void {
  const file = join(machine.cwd, 'validate.yaml');
  writeFileSync(file, text);
  const { status, stderr } = spawnSync(
    tool(`envoy-${release}`),
    ['--mode', 'validate', '-c', file, '--disable-hot-restart', '--concurrency', '1', '-l', 'warning'],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  if (!old) expect(stderr).not.toContain('Deprecated field');
}

async function serve(respond: (path: string) => Uint8Array | string): Promise<string> {
  const server = createServer((request, response) => response.end(respond(request.url ?? '')));
  return `http://127.0.0.1:${await portOfServer(server)}`;
}

/** Starts it; it ends with the test. */
async function portOfServer(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function sendTcp(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.once('data', data => {
      resolve(String(data));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describeWith(['envoy-1.40', 'envoy-1.36'], 'deploy envoy in real Envoy', () => {
  for (const release of releases) {
    it.each(envoyRows.filter(row => row.options?.dynamic === undefined))(`${release}: accepts $name`, row => {
      const machine = newMachine();
      const module = guestFile(machine.cwd, 'deploy-kinds');
      const needed = Number(/^envoy-1\.(\d+)/.exec(row.name)?.[1] ?? 40);
      // What the golden is written for may be newer than this Envoy; the documents must then be asked for anew.
      const version = Math.min(needed, Number(release.slice(2)));
      const text = envoyText({ ...row, options: { ...row.options, version: `1.${version}` } });
      validate(machine, release, text.replaceAll(goldenModule, module), needed < 40);
    });

    it(`${release}: an HTTP filter in front of an upstream`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      const upstream = await serve(path => `upstream ${path}`);
      const text = await deployed(
        machine,
        release,
        'deploy-tag.wasm',
        '--config',
        'bl ue: "x" # y',
        '--upstream',
        upstream,
      );
      validate(machine, release, text);
      const envoy = await realEnvoy(text, { release });
      const response = await fetch(`${envoy.url}/a`);
      expect(response.headers.get('x-tag')).toBe('bl ue: "x" # y');
      expect(await response.text()).toBe('upstream /a');
    });

    it.each([
      ['fail closed', ['--fail-policy', 'closed']],
      ['fail open', ['--fail-policy', 'open']],
      ['fail reload', ['--fail-policy', 'reload']],
      [
        'capabilities by hand',
        [
          '--allow-capabilities',
          'proxy_log,proxy_get_buffer_bytes,proxy_replace_header_map_value,proxy_on_configure,proxy_on_response_headers,proxy_on_context_create',
        ],
      ],
      ['capabilities of the module', ['--allow-capabilities', 'auto']],
      [
        'a named VM with its own configuration',
        ['--vm-id', 'v', '--vm-config', 'for the vm', '--root-id', ''],
      ],
      ['stopping headers', ['--allow-on-headers-stop-iteration']],
      [
        'clusters',
        [
          '--cluster',
          'a=http://localhost:1',
          '--cluster',
          'b=https://127.0.0.1:2',
          '--cluster',
          'c=grpc://[::1]:3',
          '--cluster',
          'd=https://localhost',
        ],
      ],
      ['https upstream', ['--upstream', 'https://127.0.0.1:1']],
      ['explained', ['--explain']],
    ])(`${release}: %s`, async (title, flags) => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      const text = await deployed(machine, release, 'deploy-tag.wasm', '--config', 'tag', ...flags);
      validate(machine, release, text);
      if (title === 'https upstream') return;
      const envoy = await realEnvoy(text, { release });
      expect((await fetch(envoy.url)).headers.get('x-tag')).toBe('tag');
      expect(envoy.log.filter(line => line.includes('restricted'))).toEqual([]);
    });

    it(`${release}: a capability that is missing is refused to the guest`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      const names = 'proxy_log,proxy_on_configure,proxy_on_response_headers,proxy_get_buffer_bytes';
      const envoy = await realEnvoy(
        await deployed(machine, release, 'deploy-tag.wasm', '--config', 'tag', '--allow-capabilities', names),
        { release },
      );
      expect((await fetch(envoy.url)).headers.get('x-tag')).toBeNull();
      await envoy.logged('restricted');
    });

    it(`${release}: variables, with the capabilities of a WASI module`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-env');
      const text = await deployed(
        ...([
          machine,
          release,
          'deploy-env.wasm',
          '--env',
          'SET=a b',
          '--env',
          'HOME',
          '--allow-capabilities',
          'auto',
        ] as const),
      );
      validate(machine, release, text);
      const envoy = await realEnvoy(text, { release });
      const line = await envoy.logged('SET=a b');
      expect(line).toContain('HOME=');
    });

    it(`${release}: a network filter before tcp_proxy, and before an echo`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-kinds');
      const upstream = (await serve(() => 'from upstream')).replace('http', 'tcp');
      const text = await deployed(
        machine,
        release,
        'deploy-kinds.wasm',
        '--kind',
        'network',
        '--upstream',
        upstream,
      );
      validate(machine, release, text);
      const envoy = await realEnvoy(text, { release });
      expect(await sendTcp(envoy.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')).toContain('from upstream');
      for (const line of ['configured', 'connection', 'data']) await envoy.logged(line);
      const echo = await realEnvoy(
        await deployed(machine, release, 'deploy-kinds.wasm', '--kind', 'network'),
        {
          release,
        },
      );
      expect(await sendTcp(echo.port, 'hello')).toBe('hello');
    });

    it(`${release}: a service and an access log`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-kinds');
      const service = await deployed(machine, release, 'deploy-kinds.wasm', '--kind', 'service');
      validate(machine, release, service);
      await (await realEnvoy(service, { release })).logged('configured');
      const logger = await deployed(machine, release, 'deploy-kinds.wasm', '--kind', 'access-log');
      validate(machine, release, logger);
      const envoy = await realEnvoy(logger, { release });
      await fetch(envoy.url);
      await envoy.logged('logged');
      expect(envoy.guestLog()).not.toContain('request');
    });

    it(`${release}: code fetched by Envoy, pinned by its digest`, async () => {
      const machine = newMachine();
      const web = await serve(() => guest('deploy-tag'));
      const text = await deployed(machine, release, `${web}/filters/tag.wasm`, '--config', 'remote');
      validate(machine, release, text);
      const envoy = await realEnvoy(text, { release });
      await envoy.logged('wasm log');
      expect((await fetch(envoy.url)).headers.get('x-tag')).toBe('remote');
    });

    it(`${release}: code and backend behind TLS, with a certificate of one's own`, async () => {
      const machine = newMachine();
      const certificate = makeCertificate(['localhost'], Date.now());
      writeFileSync(join(machine.cwd, 'ca.pem'), certificate.cert);
      const server = createTlsServer(certificate, (request, response) =>
        response.end(request.url === '/tag.wasm' ? guest('deploy-tag') : `for ${request.headers.host}`),
      );
      const web = `https://localhost:${await portOfServer(server)}`;
      const argv = ['deploy', 'envoy', `${web}/tag.wasm`, '--config', 'tls', '--upstream', web, ...free];
      const refused = await machine.wasme(...argv);
      expect(refused.stderr).toContain('error[NETWORK]');
      const flags = ['--ca-file', 'ca.pem', '--envoy-version', release];
      const { exitCode, stdout, stderr } = await machine.wasme(...argv, ...flags);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      validate(machine, release, stdout);
      const envoy = await realEnvoy(stdout, { release });
      await envoy.logged('wasm log');
      const response = await fetch(envoy.url);
      expect(response.headers.get('x-tag')).toBe('tls');
      expect(await response.text()).toBe('for localhost');
      // Where Envoy runs the certificate may lie where it does not lie here.
      const elsewhere = ['--digest', `sha256:${'0'.repeat(64)}`, '--ca-file', '/etc/envoy/ca.pem'];
      expect((await machine.wasme(...argv, ...elsewhere)).stdout).toContain('filename: /etc/envoy/ca.pem');
    });

    it(`${release}: code that moved, in a person's own file that had it before`, async () => {
      const machine = newMachine();
      const file = join(machine.cwd, 'mine.yaml');
      writeFileSync(file, readFileSync(ownFile));
      const [before, now] = [
        await serve(() => guest('deploy-kinds')),
        await serve(() => guest('deploy-tag')),
      ];
      const flags = ['--id', 'tag', '--config', 'moved', '--in', 'mine.yaml'];
      writeFileSync(
        file,
        await deployed(machine, release, `${before}/tag.wasm`, '--kind', 'network', ...flags),
      );
      const text = await deployed(machine, release, `${now}/tag.wasm`, ...flags);
      validate(machine, release, text);
      const envoy = await realEnvoy(text, { release });
      await envoy.logged('wasm log');
      const port = portOf(await envoy.admin.text('/listeners?format=json'), 'main');
      expect((await fetch(`http://127.0.0.1:${port}`)).headers.get('x-tag')).toBe('moved');
      expect(envoy.guestLog()).not.toContain('connection');
    });

    it(`${release}: in a person's own file, and out again`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      const file = join(machine.cwd, 'mine.yaml');
      const mine = readFileSync(ownFile, 'utf8');
      writeFileSync(file, mine);
      validate(machine, release, mine);
      const more = ['--cluster', 'side=http://127.0.0.1:1', '--in', 'mine.yaml'];
      const text = await deployed(machine, release, 'deploy-tag.wasm', '--config', 'own', ...more);
      validate(machine, release, text);
      const envoy = await realEnvoy(text, { release });
      for (const listener of ['main', 'second']) {
        const response = await fetch(
          `http://127.0.0.1:${await envoy.admin.text('/listeners?format=json').then(json => portOf(json, listener))}`,
        );
        expect(response.headers.get('x-tag')).toBe('own');
      }
      for (const kind of ['network', 'service', 'access-log']) {
        validate(
          machine,
          release,
          await deployed(machine, release, 'deploy-tag.wasm', '--kind', kind, ...more),
        );
      }
      await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', ...more, '-o', 'mine.yaml');
      await machine.wasme('undeploy', 'envoy', '--id', 'deploy-tag', '--in', 'mine.yaml', '-o', 'mine.yaml');
      expect(readFileSync(file, 'utf8')).toBe(mine);
    });
  }
});

function portOf(json: string, name: string): number {
  const { listener_statuses: listeners } = JSON.parse(json) as {
    listener_statuses: { name: string; local_address: { socket_address: { port_value: number } } }[];
  };
  return listeners.find(listener => listener.name === name)!.local_address.socket_address.port_value;
}
