/** A filter that is swapped under load without a failed request, and `status` against Envoys in each state. */
import { appendFileSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { type EnvoyRelease, type TestEnvoy, realEnvoy } from '../../helpers/servers/envoy.ts';
import { guest, guestFile } from '../../helpers/guests/guests.ts';
import { describeWith } from '../../helpers/tools.ts';
import { until } from '../../helpers/until.ts';

const releases = ['1.40', '1.36'] as const;
const free = ['-p', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

interface Row {
  readonly state: string;
  readonly restarts: number;
  readonly detail: string;
  readonly digest?: string;
}

async function statusOf(
  machine: TestMachine,
  envoy: TestEnvoy,
  ...argv: string[]
): Promise<Row & { exitCode: number }> {
  const outcome = await machine.wasme('status', 'envoy', ...argv, '--admin', envoy.admin.url, '--json');
  const { rows } = JSON.parse(outcome.stdout) as { rows: Row[] };
  return { ...rows[0]!, exitCode: outcome.exitCode };
}

async function swap(machine: TestMachine, file: string, ...argv: string[]): Promise<void> {
  const outcome = await machine.wasme(
    'deploy',
    'envoy',
    file,
    '--id',
    'live',
    '--dynamic',
    'live',
    ...free,
    ...argv,
  );
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
}

async function startLive(machine: TestMachine, release: EnvoyRelease): Promise<TestEnvoy> {
  return realEnvoy(readFileSync(join(machine.cwd, 'live', 'envoy.yaml'), 'utf8'), { release });
}

async function tagOf(envoy: TestEnvoy): Promise<string | null> {
  return (await fetch(envoy.url)).headers.get('x-tag');
}

/** Waits until responses carry a tag. */
async function tagged(envoy: TestEnvoy, tag: string): Promise<void> {
  await expect.poll(() => tagOf(envoy)).toBe(tag);
}

describeWith(['envoy-1.40', 'envoy-1.36'], 'a running Envoy', () => {
  for (const release of releases) {
    it(`${release}: swaps configuration and code under load without a failed request`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      writeFileSync(join(machine.cwd, 'other.wasm'), guest('deploy-tag', { '"none"': '"nope"' }));
      await swap(machine, 'deploy-tag.wasm', '--config', 'first');
      const envoy = await startLive(machine, release);
      const seen = new Set<string | null>();
      const failed: number[] = [];
      let stop = false;
      const client = async (): Promise<void> => {
        while (!stop) {
          const response = await fetch(envoy.url);
          await response.arrayBuffer();
          if (response.status !== 200) failed.push(response.status);
          seen.add(response.headers.get('x-tag'));
        }
      };
      const clients = Promise.all(Array.from({ length: 8 }, client));
      // Each swap is made while they get what was there before it.
      const served = (tag: string): Promise<boolean> =>
        until(
          () => seen.has(tag),
          () => `${tag}, but ${[...seen].join()}`,
        );
      await served('first');
      for (const [file, ...flags] of [
        ['deploy-tag.wasm', '--config', 'second'],
        ['other.wasm'],
        ['deploy-tag.wasm'],
        ['other.wasm', '--config', 'third', '--vm-id', 'v2'],
        ['deploy-tag.wasm', '--config', 'last', '--fail-policy', 'open'],
      ] as const) {
        await swap(machine, file, ...flags);
        const tag = (flags as readonly string[])[1] ?? (file === 'other.wasm' ? 'nope' : 'none');
        await served(tag);
      }
      stop = true;
      await clients;
      expect(failed).toEqual([]);
      expect([...seen].sort()).toEqual(['first', 'last', 'none', 'nope', 'second', 'third']);
      expect(await statusOf(machine, envoy, 'deploy-tag.wasm', '--id', 'live')).toMatchObject({
        state: 'loaded',
        exitCode: 0,
      });
      expect(await statusOf(machine, envoy, 'other.wasm', '--id', 'live')).toMatchObject({
        state: 'other-digest',
        exitCode: 1,
      });
    });

    it(`${release}: keeps the old filter when the update is refused, and says so`, async () => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-tag');
      await swap(machine, 'deploy-tag.wasm', '--config', 'good');
      const envoy = await startLive(machine, release);
      expect(await statusOf(machine, envoy, 'deploy-tag.wasm', '--id', 'live')).toMatchObject({
        state: 'loaded',
      });
      const path = join(machine.cwd, 'live', 'live.ecds.yaml');
      const bad = readFileSync(path, 'utf8')
        .replace(/version_info: .*/, 'version_info: bad')
        .replace(/filename: .*/, 'filename: /nowhere.wasm');
      writeFileSync(`${path}.new`, bad);
      renameSync(`${path}.new`, path);
      await envoy.logged('/nowhere.wasm');
      expect(await statusOf(machine, envoy, 'deploy-tag.wasm', '--id', 'live')).toMatchObject({
        state: 'rejected',
        exitCode: 1,
        detail: expect.stringContaining('the one before it is still running') as string,
      });
      expect(await tagOf(envoy)).toBe('good');
      await swap(machine, 'deploy-tag.wasm', '--config', 'better');
      await tagged(envoy, 'better');
      expect(await statusOf(machine, envoy, 'deploy-tag.wasm', '--id', 'live')).toMatchObject({
        state: 'loaded',
      });
    });

    it(`${release}: says which bytes run: loaded, other digest, written since, not there`, async () => {
      const machine = newMachine();
      const file = guestFile(machine.cwd, 'deploy-tag');
      writeFileSync(join(machine.cwd, 'other.wasm'), guest('deploy-kinds'));
      const past = new Date(Date.now() - 60_000);
      utimesSync(file, past, past);
      const { stdout } = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', ...free);
      const envoy = await realEnvoy(stdout, { release });
      const good = await statusOf(machine, envoy, 'deploy-tag.wasm');
      expect(good).toMatchObject({ state: 'loaded', exitCode: 0, restarts: 0 });
      expect(await statusOf(machine, envoy, 'other.wasm', '--id', 'deploy-tag')).toMatchObject({
        state: 'other-digest',
        digest: good.digest,
      });
      expect(await statusOf(machine, envoy, '--id', 'unknown')).toMatchObject({
        state: 'missing',
        exitCode: 1,
      });
      writeFileSync(file, guest('deploy-kinds'));
      const future = new Date(Date.now() + 60_000);
      utimesSync(file, future, future);
      expect(await statusOf(machine, envoy, 'deploy-tag.wasm')).toMatchObject({
        state: 'other-digest',
        detail: expect.stringContaining('was written after Envoy loaded it') as string,
      });
      const address = envoy.admin.url;
      await envoy.stop();
      const down = await machine.wasme('status', 'envoy', 'other.wasm', '--admin', address);
      expect(down).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('unreachable') as string });
    });

    it.each(['closed', 'open', 'reload'] as const)(
      `${release}: sees a guest that crashed (%s)`,
      async policy => {
        const machine = newMachine();
        guestFile(machine.cwd, 'deploy-trap');
        const { stdout } = await machine.wasme(
          'deploy',
          'envoy',
          'deploy-trap.wasm',
          '--fail-policy',
          policy,
          ...free,
        );
        const envoy = await realEnvoy(stdout, { release });
        expect(await tagOf(envoy)).toBe('alive');
        expect(await statusOf(machine, envoy, 'deploy-trap.wasm')).toMatchObject({
          state: 'loaded',
          exitCode: 0,
        });
        expect((await fetch(envoy.url, { headers: { 'x-crash': '1' } })).status).toBe(503);
        await envoy.logged('failed: ');
        const log = join(machine.cwd, 'envoy.log');
        appendFileSync(log, envoy.log.join('\n'));
        if (policy === 'reload') {
          // Envoy makes another VM for the first request after its back-off.
          await tagged(envoy, 'alive');
          expect(await statusOf(machine, envoy, 'deploy-trap.wasm')).toMatchObject({
            state: 'failing',
            restarts: 1,
            exitCode: 1,
          });
        }
        if (policy === 'closed') {
          expect(await statusOf(machine, envoy, 'deploy-trap.wasm')).toMatchObject({
            state: 'failing',
            exitCode: 1,
          });
        }
        if (policy !== 'reload') {
          expect(await statusOf(machine, envoy, 'deploy-trap.wasm', '--log', log)).toMatchObject({
            state: policy === 'open' ? 'fail-open' : 'failing',
            exitCode: 1,
            detail: expect.stringContaining('crashed in proxy_on_request_headers') as string,
          });
        }
        expect(statSync(log).size).toBeGreaterThan(0);
      },
    );

    it(`${release}: sees code that cannot be fetched`, async () => {
      const machine = newMachine();
      const server = createServer((_request, response) => response.end('not what was promised'));
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/f.wasm`;
      const digest = `sha256:${'0'.repeat(64)}`;
      const { stdout } = await machine.wasme(
        'deploy',
        'envoy',
        url,
        '--digest',
        digest,
        '--id',
        'f',
        ...free,
      );
      const quick = stdout.replace('num_retries: 5', 'num_retries: 1');
      const envoy = await realEnvoy(quick, { release });
      expect(await statusOf(machine, envoy, '--id', 'f')).toMatchObject({
        state: 'failing',
        exitCode: 1,
        detail: 'its code could not be fetched',
      });
    });
  }
});
