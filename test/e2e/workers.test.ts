/** `wasme run --concurrency`: several workers on one port, what they share, and what happens to one that hangs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunEvent } from '../../src/proxy/run-options.ts';
import { type Run, type RunOptions, startRun } from '../../src/run.ts';
import { newWorld } from '../helpers/cli.ts';
import { compileWat, guest, guestFile } from '../helpers/guests.ts';
import { startCli } from '../helpers/running.ts';
import { root } from '../helpers/tree.ts';
import { ownStats, requests, vmOf } from '../helpers/workers.ts';

function loopsInConfigure(): Uint8Array {
  return compileWat(`(module
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 4096))
    (func $forever (loop $ever (br $ever)))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $forever) (i32.const 1)))`);
}

async function start(
  options: RunOptions,
  replace?: Readonly<Record<string, string>>,
): Promise<Run & { readonly events: readonly RunEvent[] }> {
  const world = newWorld();
  guestFile(world.cwd, 'workers', replace);
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => void events.push(event);
  const run = await startRun(
    { targets: ['workers.wasm'], listen: { port: 0 }, concurrency: 2, onEvent, ...options },
    world.edges,
  );
  onTestFinished(() => run.stop());
  return Object.assign(run, { events });
}

function notices({ events }: { readonly events: readonly RunEvent[] }): string[] {
  return events.flatMap(event => (event.type === 'notice' ? [event.text] : []));
}

describe('two workers', () => {
  it('share the connections of one port, the shared data without a lost update, the queue and the metrics', async () => {
    const run = await start({});
    const { gauges } = await run.stats();
    expect(gauges['wasm.envoy.wasm.runtime.v8.active']).toBe(2);
    const took = new Map<string, number>();
    let sent = 0;
    // Which worker is quicker to accept is the system's business; that one always is would be a fault.
    for (let round = 0; round < 20 && (took.size < 2 || round < 2); round++) {
      for (const [vm, times] of await requests(run.url, 200, 20)) took.set(vm, (took.get(vm) ?? 0) + times);
      sent += 200;
    }
    expect([...took.keys()].sort()).toEqual(['1', '2']);
    await vmOf(run.url);
    sent++;
    await expect.poll(async () => (await ownStats(run))['taken by 2']).toBe(sent);
    // The worker that registered the queue last hears of every item, whichever worker it comes from.
    expect(await ownStats(run)).toEqual({
      sent,
      seen: sent,
      counted: sent,
      'taken by 1': 0,
      'taken by 2': sent,
    });
  });

  it('T19 a guest that loops costs one worker: the other serves, and what both share survives', async () => {
    const run = await start({ callbackLimitMs: 1_500 });
    const hangs = once(get(run.url, { agent: false, headers: { 'x-loop': '1' } }), 'response');
    const failed = expect(hangs).rejects.toThrow();
    await sleep(200);
    const meanwhile = await requests(run.url, 50, 5);
    expect([...meanwhile.values()]).toEqual([50]);
    expect(notices(run)).toEqual([]);
    await failed;
    await expect.poll(() => notices(run)).toHaveLength(1);
    expect(notices(run)[0]).toMatch(
      /^a filter did not return from proxy_on_request_headers within 1.5 s: .*\nwasm log workers: Proxy-Wasm plugin in-VM backtrace:\n {2}0: {2}0x[\da-f]+ - spin\n {2}1: {2}0x[\da-f]+ - never_returns\n {2}2: {2}0x[\da-f]+ - proxy_on_request_headers$/,
    );
    await expect
      .poll(async () => [...(await requests(run.url, 50, 10)).keys()], { timeout: 10_000 })
      .toContain('3');
    const { sent, counted: inSharedData } = await ownStats(run);
    await vmOf(run.url);
    expect((await ownStats(run))['counted']).toBe((inSharedData ?? 0) + 1);
    expect((await ownStats(run))['sent']).toBe((sent ?? 0) + 1);
  });

  it('a guest that keeps the shared data busy for ever keeps it from nobody', async () => {
    const endless = `(func $spin (loop $ever
      (drop (call $set (i32.const 32) (i32.const 9) (i32.const 0) (i32.const 64) (i32.const 0))) (br $ever)))`;
    const run = await start({ callbackLimitMs: 500 }, { '(func $spin (loop $ever (br $ever)))': endless });
    for (let round = 0; round < 3; round++) {
      const request = get(run.url, { agent: false, headers: { 'x-loop': '1' } });
      await expect(once(request, 'response')).rejects.toThrow();
      expect([...(await requests(run.url, 20, 4)).values()].reduce((sum, took) => sum + took)).toBe(20);
    }
    await expect.poll(() => notices(run)).toHaveLength(3);
    expect(notices(run)[0]).toContain(' - spin\n');
    expect((await ownStats(run))['counted']).toBe(60);
  });

  it('T19 a guest that does not come back from its start fails the start, with its stack', async () => {
    const world = newWorld();
    writeFileSync(join(world.cwd, 'loop.wasm'), loopsInConfigure());
    const starting = startRun(
      { targets: ['loop.wasm'], listen: { port: 0 }, concurrency: 2, callbackLimitMs: 500 },
      world.edges,
    );
    await expect(starting).rejects.toThrow(
      /^a filter did not return from proxy_on_configure within 0.5 s while it started\nwasm log: .*\n.* - forever\n/,
    );
  });

  it('reload together; what one refuses changes none', async () => {
    const world = newWorld();
    guestFile(world.cwd, 'workers');
    const run = await startRun(
      { targets: ['workers.wasm'], listen: { port: 0 }, concurrency: 2 },
      world.edges,
    );
    onTestFinished(() => run.stop());
    writeFileSync(
      join(world.cwd, 'workers.wasm'),
      guest('workers', {
        '(i32.const 1))\n\n  (func (export "proxy_on_queue':
          '(i32.const 0))\n\n  (func (export "proxy_on_queue',
      }),
    );
    await expect(run.reload()).rejects.toThrow(/ConfigureFailed/);
    expect(['1', '2']).toContain(await vmOf(run.url));
    guestFile(world.cwd, 'workers', { 'x-vm': 'x-VM' });
    await run.reload();
    expect((await run.stats()).gauges['wasm.envoy.wasm.runtime.v8.active']).toBe(2);
  });

  it('are as many as the project says', async () => {
    const world = newWorld();
    mkdirSync(join(world.cwd, 'build'));
    guestFile(join(world.cwd, 'build'), 'workers');
    const project = { name: 'workers', language: 'rust', run: { concurrency: 3, port: 0 } };
    writeFileSync(join(world.cwd, 'wasme.json'), JSON.stringify(project));
    const run = await startRun({}, world.edges);
    onTestFinished(() => run.stop());
    expect((await run.stats()).gauges['wasm.envoy.wasm.runtime.v8.active']).toBe(3);
  });

  it('take TCP connections too', async () => {
    const world = newWorld();
    guestFile(world.cwd, 'tcp');
    const cli = startCli(world, 'tcp.wasm', '--kind', 'network', '--concurrency', '2');
    const { url } = await cli.ready();
    const { hostname, port } = new URL(url);
    const echoed = Array.from({ length: 8 }, async (_, i) => {
      const socket = connect(Number(port), hostname, () => socket.end(`hello ${i}`));
      return text(socket);
    });
    expect(await Promise.all(echoed)).toEqual(Array.from({ length: 8 }, (_, i) => `hello ${i}`));
    expect(await cli.interrupt()).toBe(130);
  });
});

describe('Ctrl-C', () => {
  const program = join(root, 'dist', 'commands', 'main.js');

  it('ends the program while the guests of all its workers loop', async () => {
    const world = newWorld();
    guestFile(world.cwd, 'workers');
    const child = spawn(
      process.execPath,
      [program, 'run', 'workers.wasm', '--port', '0', '--json', '--concurrency', '2'],
      { cwd: world.cwd, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    await expect.poll(() => stdout.endsWith('}\n'), { timeout: 20_000 }).toBe(true);
    const { url } = JSON.parse(stdout) as { url: string };
    for (let i = 0; i < 2; i++) {
      get(url, { agent: false, headers: { 'x-loop': '1' } }).on('error', () => undefined);
      await sleep(300);
    }
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(130);
  });

  it('ends a start whose guest does not come back', async () => {
    const world = newWorld();
    writeFileSync(join(world.cwd, 'loop.wasm'), loopsInConfigure());
    const child = spawn(process.execPath, [program, 'run', 'loop.wasm', '--port', '0'], {
      cwd: world.cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = text(child.stderr);
    await sleep(2_000);
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(await said).toContain('interrupted');
    expect(code).toBe(130);
  });
});
