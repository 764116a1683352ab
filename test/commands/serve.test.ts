import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServeResult } from '../../src/serve.ts';
import { type Screen, type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest, guestFile } from '../helpers/guests/guests.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import { until } from '../helpers/until.ts';

interface Served extends ServeResult {
  readonly screen: Screen;
  /** Raises the interrupt and returns the exit code. */
  readonly stop: () => Promise<number>;
}

/** Runs `wasme serve …` on a machine whose interrupt the test raises. */
async function serve(machine: TestMachine, interrupt: AbortController, ...argv: string[]): Promise<Served> {
  const screen: Screen = { out: '', err: '' };
  const ended = machine.wasmeLive(screen, 'serve', ...argv, '-p', '0', '--json');
  const stop = (): Promise<number> => {
    interrupt.abort();
    return ended;
  };
  onTestFinished(() => void stop());
  const out = await until(
    () => screen.out || undefined,
    () => screen.err,
  );
  return { ...(JSON.parse(out) as ServeResult), screen, stop };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function machineWithInterrupt(): { machine: TestMachine; interrupt: AbortController } {
  const interrupt = new AbortController();
  return { machine: newMachine({ signal: interrupt.signal }), interrupt };
}

/** A request whose target goes out as it is: clients tidy `..` away. */
function rawStatus(url: string, path: string, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = request({ hostname, port, path, method }, response => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('serve', () => {
  it('serves a module under the digest of its bytes, until Ctrl-C', async () => {
    const { machine, interrupt } = machineWithInterrupt();
    const bytes = readFileSync(guestFile(machine.cwd, 'deploy-tag'));
    const { url, modules, screen, stop } = await serve(machine, interrupt, 'deploy-tag.wasm');
    const hex = sha256(bytes);
    expect(modules).toEqual([
      {
        name: 'deploy-tag',
        source: join(machine.cwd, 'deploy-tag.wasm'),
        digest: `sha256:${hex}`,
        sizeBytes: bytes.length,
        url: `${url}/${hex}.wasm`,
      },
    ]);
    const response = await fetch(`${url}/${hex}.wasm`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/wasm');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    const head = await fetch(`${url}/${hex}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(bytes.length));
    const known = await fetch(`${url}/${hex}`, { headers: { 'if-none-match': `"${hex}"` } });
    expect(known.status).toBe(304);
    expect(await (await fetch(url)).json()).toMatchObject({ modules: [{ path: `/${hex}.wasm` }] });
    expect(screen.err).toContain(`GET /${hex}.wasm 200\n`);
    expect(await stop()).toBe(130);
    await expect(fetch(url)).rejects.toThrow();
  });

  it.each([
    ['/../deploy-tag.wasm', 'GET', 404],
    ['/..%2fdeploy-tag.wasm', 'GET', 404],
    ['//etc/passwd', 'GET', 404],
    ['/deploy-tag.wasm', 'GET', 404],
    [`/${'0'.repeat(64)}.wasm`, 'GET', 404],
    [`/${'0'.repeat(64)}.wasm/..`, 'GET', 404],
    [`/${'A'.repeat(64)}.wasm`, 'GET', 404],
    ['/\u0000', 'GET', 404],
    ['/', 'PUT', 405],
    ['/', 'DELETE', 405],
    ['*', 'OPTIONS', 405],
  ])('answers %j %s without a module and without taking anything', async (path, method, status) => {
    const { machine, interrupt } = machineWithInterrupt();
    guestFile(machine.cwd, 'deploy-tag');
    const { url } = await serve(machine, interrupt, 'deploy-tag.wasm');
    expect(await rawStatus(url, path.replaceAll('\u0000', '%00'), method)).toBe(status);
  });

  it('logs each request as one short line without control characters and without its query', async () => {
    const { machine, interrupt } = machineWithInterrupt();
    guestFile(machine.cwd, 'deploy-tag');
    const { url, screen } = await serve(machine, interrupt, 'deploy-tag.wasm');
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.end(`GET /\u001b[31m${'x'.repeat(500)}?token=hidden HTTP/1.1\r\nhost: x\r\n\r\n`);
    await new Promise(resolve => socket.resume().on('close', resolve));
    await rawStatus(url, `/${'y'.repeat(500)}?token=hidden`);
    expect(screen.err).not.toContain('\u001b');
    expect(screen.err).not.toContain('hidden');
    expect(Math.max(...screen.err.split('\n').map(line => line.length))).toBeLessThan(140);
  });

  it('serves the project in the current folder, the whole store, and a module that is built while it runs', async () => {
    const { machine, interrupt } = machineWithInterrupt();
    mkdirSync(join(machine.cwd, 'build'));
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify({ name: 'tagger', language: 'rust' }));
    const output = join(machine.cwd, 'build', 'tagger.wasm');
    writeFileSync(output, guest('deploy-tag'));
    guestFile(machine.cwd, 'deploy-kinds');
    const image = 'registry.example/me/kinds:v1';
    await machine.wasme('convert', 'deploy-kinds.wasm', image, '--layout', 'oci');
    const before = storeOf(machine);
    const { url, modules } = await serve(machine, interrupt);
    expect(modules.map(({ name, source }) => [name, source])).toEqual([
      ['tagger', output],
      ['kinds', image],
    ]);
    const kinds = await fetch(modules[1]?.url ?? '');
    expect(sha256(new Uint8Array(await kinds.arrayBuffer()))).toBe(sha256(guest('deploy-kinds')));
    expect(storeOf(machine)).toEqual(before);
    // A new build is another module: its digest is served, the old one is not.
    writeFileSync(output, guest('deploy-env'));
    expect((await fetch(modules[0]?.url ?? '')).status).toBe(404);
    await expect
      .poll(async () => (await fetch(`${url}/${sha256(guest('deploy-env'))}.wasm`)).status)
      .toBe(200);
  });

  it('serves an image from a registry if the store does not have it', async () => {
    const registry = await fakeRegistry();
    const { machine, interrupt } = machineWithInterrupt();
    guestFile(machine.cwd, 'deploy-tag');
    const reference = `${registry.host}/team/tagger:v1`;
    await machine.wasme('push', reference, '-f', 'deploy-tag.wasm');
    const { modules } = await serve(machine, interrupt, reference);
    const asked = registry.log.length;
    const response = await fetch(modules[0]?.url ?? '');
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(guest('deploy-tag')));
    expect(registry.log.length).toBe(asked);
  });

  it('finishes a running answer after Ctrl-C before it ends', async () => {
    const { machine, interrupt } = machineWithInterrupt();
    // More than the sockets of both sides hold, so that the answer is under way when Ctrl-C comes.
    const large = Buffer.concat([guest('deploy-tag'), customSection(24 * 1024 * 1024)]);
    writeFileSync(join(machine.cwd, 'large.wasm'), large);
    const { modules, stop } = await serve(machine, interrupt, 'large.wasm');
    const response = await fetch(modules[0]?.url ?? '');
    const ended = stop();
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(sha256(bytes)).toBe(sha256(large));
    expect(await ended).toBe(130);
  });

  it('is also run by the old spelling "deploy http", with the same flags and the same result', async () => {
    const interrupt = new AbortController();
    const machine = newMachine({ signal: interrupt.signal });
    guestFile(machine.cwd, 'deploy-tag');
    const screen: Screen = { out: '', err: '' };
    const ended = machine.wasmeLive(
      screen,
      'deploy',
      'http',
      'deploy-tag.wasm',
      '-p',
      '127.0.0.1:0',
      '--json',
    );
    onTestFinished(() => interrupt.abort());
    const out = await until(
      () => screen.out || undefined,
      () => screen.err,
    );
    const { modules } = JSON.parse(out) as ServeResult;
    expect((await fetch(modules[0]?.url ?? '')).status).toBe(200);
    interrupt.abort();
    expect(await ended).toBe(130);
  });

  it.each([
    [['none.wasm'], 'FILE_NOT_FOUND'],
    [[], 'IMAGE_NOT_FOUND'],
    [['deploy-tag.wasm', '-p', '1.2.3.4:80'], 'PORT_REFUSED'],
    [['text.wasm'], 'WASM_INVALID'],
  ])('fails before it listens: %j', async (argv, code) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    writeFileSync(join(machine.cwd, 'text.wasm'), 'text');
    const outcome = await machine.wasme('serve', ...argv);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(outcome.exitCode).toBe(1);
  });
});

/** Names, sizes and times of everything in the store. */
function storeOf({ home }: TestMachine): unknown {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => [path, statSync(path).size, statSync(path).mtimeMs]);
}

/** A custom section of about that many bytes, which any host skips. */
function customSection(size: number): Buffer {
  const name = Buffer.from('\u0003pad');
  const length: number[] = [];
  for (let rest = size + name.length; ; rest >>>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([0, ...length]), name, Buffer.alloc(size)]);
}
