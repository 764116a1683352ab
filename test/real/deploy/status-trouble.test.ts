/** `status` where it is easy to be wrong: several filters in one Envoy, code on its way, listeners that change, an old log. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { envoyAdmin } from '../../../src/targets/envoy/status/admin.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { type TestEnvoy, realEnvoy } from '../../helpers/servers/envoy.ts';
import { guest, guestFile } from '../../helpers/guests/guests.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { until } from '../../helpers/until.ts';

const releases = ['1.40', '1.36'] as const;
const free = ['-p', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

/** State, detail and exit code for one filter. */
async function ask(
  machine: TestMachine,
  { admin }: Pick<TestEnvoy, 'admin'>,
  id: string,
  ...argv: string[]
): Promise<[state: string, detail: string, exitCode: number]> {
  const outcome = await machine.wasme(
    ...['status', 'envoy', '--id', id, '--admin', admin.url, '--json', ...argv],
  );
  const [row] = (JSON.parse(outcome.stdout) as { rows: { state: string; detail: string }[] }).rows;
  return [row?.state ?? '', row?.detail ?? '', outcome.exitCode];
}

/** Adds a filter to the bootstrap of the ones before it. */
async function add(machine: TestMachine, file: string, operand: string, ...argv: string[]): Promise<void> {
  const outcome = await machine.wasme('deploy', 'envoy', operand, '--in', file, '-o', file, ...argv);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
}

async function first(machine: TestMachine, file: string, operand: string, ...argv: string[]): Promise<void> {
  const outcome = await machine.wasme('deploy', 'envoy', operand, '-o', file, ...free, ...argv);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
}

function read(machine: TestMachine, file: string): string {
  return readFileSync(join(machine.cwd, file), 'utf8');
}

/** As Envoy writes it: the file is as old as its last line. */
function saveLog(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.join('\n'));
  const stamps = lines
    .map(line => /^\[(\d{4}-\d\d-\d\d) ([\d:.]+)\]/.exec(line))
    .filter(stamp => stamp !== null);
  const [, day, time] = stamps.at(-1) ?? [];
  const written = new Date(`${day}T${time}`);
  utimesSync(path, written, written);
}

/** A web server: the module, a 404, or no answer at all. */
async function webServer(): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/never.wasm') return;
    response.statusCode = request.url === '/module.wasm' ? 200 : 404;
    response.end(guest('deploy-tag'));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describeWith(['envoy-1.40', 'envoy-1.36'], 'status of an Envoy in trouble', () => {
  for (const release of releases) {
    it(`${release}: two filters, one of which crashed`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      guestFile(machine.cwd, 'deploy-trap');
      await first(machine, 'envoy.yaml', 'deploy-tag.wasm', '--id', 'one');
      await add(machine, 'envoy.yaml', 'deploy-trap.wasm', '--id', 'two', '--fail-policy', 'open');
      const envoy = await realEnvoy(read(machine, 'envoy.yaml'), { release });
      expect(await ask(machine, envoy, 'one')).toEqual(['loaded', '', 0]);
      expect(await ask(machine, envoy, 'two')).toEqual(['loaded', '', 0]);
      const every = await machine.wasme('status', 'envoy', '--all', '--admin', envoy.admin.url);
      expect(every).toMatchObject({
        stdout: expect.stringMatching(/ one +loaded .*\n.* two +loaded /) as string,
        exitCode: 0,
      });
      expect(await ask(machine, envoy, 'three')).toEqual([
        'missing',
        'no listener has a filter of this name; there are: one, two',
        1,
      ]);
      await fetch(envoy.url, { headers: { 'x-crash': '1' } });
      // Envoy passes traffic without it from now on, and only this request shows it.
      const silent = await ask(machine, envoy, 'two');
      expect(silent).toEqual(['fail-open', expect.stringContaining('1 answer with 5xx') as string, 1]);
      await envoy.logged('failed: ');
      writeFileSync(join(machine.cwd, 'envoy.log'), envoy.log.join('\n'));
      expect(await ask(machine, envoy, 'one', '--log', 'envoy.log')).toEqual([
        'failing',
        'crashed in proxy_on_request_headers: Uncaught RuntimeError: unreachable (log, it or another of 2 filters)',
        1,
      ]);
    });

    it(`${release}: a route that answers with 5xx by itself`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-trap');
      await first(machine, 'envoy.yaml', 'deploy-trap.wasm', '--id', 'f');
      const text = read(machine, 'envoy.yaml').replace('status: 200', 'status: 503');
      const envoy = await realEnvoy(text, { release });
      for (let times = 0; times < 2; times++) expect((await fetch(envoy.url)).status).toBe(503);
      expect(await ask(machine, envoy, 'f')).toEqual(['loaded', '', 0]);
      await fetch(envoy.url, { headers: { 'x-crash': '1' } });
      expect(await ask(machine, envoy, 'f')).toEqual([
        'failing',
        '1 answer with 5xx came from Envoy or a filter, not from a backend: a crashed filter does that',
        1,
      ]);
    });

    it(`${release}: of three that are fetched, one came`, async () => {
      const machine = newMachine();
      const url = await webServer();
      const wrong = `sha256:${'1'.repeat(64)}`;
      await first(machine, 'envoy.yaml', `${url}/module.wasm`, '--id', 'good');
      const open = ['--fail-policy', 'open'];
      await add(machine, 'envoy.yaml', `${url}/none.wasm`, '--id', 'gone', '--digest', wrong, ...open);
      const other = `sha256:${'2'.repeat(64)}`;
      await add(machine, 'envoy.yaml', `${url}/module.wasm`, '--id', 'changed', '--digest', other);
      const quick = read(machine, 'envoy.yaml').replaceAll('num_retries: 5', 'num_retries: 1');
      const envoy = await realEnvoy(quick, { release });
      expect(await ask(machine, envoy, 'good')).toEqual(['loaded', '', 0]);
      expect(await ask(machine, envoy, 'gone')).toEqual([
        'fail-open',
        'its code could not be fetched; traffic passes without it',
        1,
      ]);
      expect(await ask(machine, envoy, 'changed')).toEqual([
        'failing',
        'Envoy could not fetch the code of some filter, perhaps of this (remote_load_fetch_failures)',
        1,
      ]);
      await envoy.admin.post('/reset_counters');
      expect(await ask(machine, envoy, 'good')).toEqual(['loaded', '', 0]);
    });

    it(`${release}: a listener that changes, and one that waits for code`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      const url = await webServer();
      const never = ['--digest', `sha256:${'3'.repeat(64)}`, '--id', 'next'];
      await first(machine, 'now.yaml', 'deploy-tag.wasm', '--id', 'now');
      await first(machine, 'next.yaml', `${url}/never.wasm`, ...never);
      // The listeners move into a file that Envoy watches.
      const bootstrap = parse(read(machine, 'next.yaml')) as { static_resources: { listeners?: unknown } };
      delete bootstrap.static_resources.listeners;
      const path = join(machine.cwd, 'listeners.yaml');
      const config = { path_config_source: { path }, resource_api_version: 'V3' };
      Object.assign(bootstrap, {
        node: { id: 'a', cluster: 'b' },
        dynamic_resources: { lds_config: config },
      });
      const serve = (file: string, change: (text: string) => string = text => text): void => {
        const { static_resources: made } = parse(change(read(machine, file))) as {
          static_resources: { listeners: object[] };
        };
        const resources = made.listeners.map(listener => ({
          '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
          ...listener,
          name: 'main',
        }));
        writeFileSync(`${path}.new`, stringify({ resources }));
        renameSync(`${path}.new`, path);
      };
      serve('now.yaml');
      const envoy = await realEnvoy(stringify(bootstrap), { release });
      expect(await ask(machine, envoy, 'now')).toEqual(['loaded', '', 0]);
      serve('now.yaml', text => text.replace(/filename: .*/, 'filename: /nowhere.wasm'));
      await expect
        .poll(() => ask(machine, envoy, 'now'))
        .toEqual(['rejected', 'Invalid path: /nowhere.wasm; the one before it is still running', 1]);
      serve('next.yaml');
      await expect
        .poll(() => ask(machine, envoy, 'next'))
        .toEqual([
          'missing',
          'the listener with it is not ready yet: Envoy waits for its code, clusters or certificates',
          1,
        ]);
      expect(await ask(machine, envoy, 'now')).toEqual(['loaded', '', 0]);
    });

    it(`${release}: a crash that is mended leaves the log, as far as status goes`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      guestFile(machine.cwd, 'deploy-trap');
      const swap = (file: string): Promise<unknown> =>
        machine.wasme('deploy', 'envoy', file, '--id', 'live', '--dynamic', 'live', ...free);
      await swap('deploy-trap.wasm');
      const envoy = await realEnvoy(read(machine, 'live/envoy.yaml'), { release });
      await fetch(envoy.url, { headers: { 'x-crash': '1' } });
      await envoy.logged('failed: ');
      const save = (): void => saveLog(join(machine.cwd, 'envoy.log'), envoy.log);
      save();
      expect(await ask(machine, envoy, 'live', '--log', 'envoy.log')).toEqual([
        'failing',
        'crashed in proxy_on_request_headers: Uncaught RuntimeError: unreachable (log)',
        1,
      ]);
      await swap('deploy-tag.wasm');
      await expect.poll(async () => (await fetch(envoy.url)).headers.get('x-tag')).toBe('none');
      save();
      expect(await ask(machine, envoy, 'live', '--log', 'envoy.log')).toEqual([
        'failing',
        expect.stringMatching(/^\d answers? with 5xx came/) as string,
        1,
      ]);
      await envoy.admin.post('/reset_counters');
      expect(await ask(machine, envoy, 'live', '--log', 'envoy.log')).toEqual(['loaded', '', 0]);
    });
  }

  it('code that was not fetched yet', async () => {
    const machine = newMachine();
    const url = await webServer();
    await first(
      machine,
      'envoy.yaml',
      `${url}/never.wasm`,
      '--digest',
      `sha256:${'3'.repeat(64)}`,
      '--id',
      'f',
    );
    const argv = ['-c', 'envoy.yaml', '--admin-address-path', 'admin', '--disable-hot-restart'];
    const child = spawn(tool('envoy-1.40'), argv, { cwd: machine.cwd, stdio: 'ignore' });
    const ended = new Promise(resolve => child.once('exit', resolve));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const path = join(machine.cwd, 'admin');
    const admin = await until(
      () => (existsSync(path) ? readFileSync(path, 'utf8') || undefined : undefined),
      () => 'no address of its admin interface',
    );
    const envoy = { admin: envoyAdmin(admin, machine.system) };
    await expect
      .poll(() => ask(machine, envoy, 'f'))
      .toEqual(['missing', 'Envoy is still fetching its code', 1]);
  });
});
