/** `wasme run --concurrency`: several workers on one port, what they share, and what happens to one that hangs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunEvent } from '../../src/runner/run-options.ts';
import { type Run, type RunOptions, startRun } from '../../src/run.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { compileWat, guest, guestFile } from '../helpers/guests/guests.ts';
import { holdNewestWorker } from '../helpers/guests/hold-worker.ts';
import { startCli } from '../helpers/cli/running.ts';
import { root } from '../helpers/tree.ts';
import { ownStats, requests, vmOf } from '../helpers/guests/workers-guest.ts';

function loopsInConfigure(): Uint8Array {
  return compileWat(`(module
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "loops")
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 4096))
    (func $forever (loop $ever (br $ever)))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $log (i32.const 3) (i32.const 16) (i32.const 5))) (call $forever) (i32.const 1)))`);
}

async function start(
  options: RunOptions,
  replace?: Readonly<Record<string, string>>,
): Promise<Run & { readonly events: readonly RunEvent[] }> {
  const machine = newMachine();
  guestFile(machine.cwd, 'workers', replace);
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => void events.push(event);
  const run = await startRun(
    { targets: ['workers.wasm'], listen: { port: 0 }, concurrency: 2, onEvent, ...options },
    machine.system,
  );
  onTestFinished(() => run.stop());
  return Object.assign(run, { events });
}

/** A worker that is slow to answer is counted as it was known last. */
async function virtualMachines(run: Run): Promise<unknown> {
  return (await run.stats()).gauges['wasm.envoy.wasm.runtime.v8.active'];
}

function notices({ events }: { readonly events: readonly RunEvent[] }): string[] {
  return events.flatMap(event => (event.type === 'notice' ? [event.text] : []));
}

function logs({ events }: { readonly events: readonly RunEvent[] }): string[] {
  return events.flatMap(event => (event.type === 'log' ? [event.line.text] : []));
}

describe('two workers', () => {
  it('share the connections of one port, the shared data without a lost update, the queue and the metrics', async () => {
    const run = await start({});
    await expect.poll(() => virtualMachines(run)).toBe(2);
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
    // The worker that registered the queue last hears of every item, whichever worker it comes from.
    const taken = async (): Promise<unknown[]> => {
      const own = await ownStats(run);
      return [own['taken by 1'], own['taken by 2']].sort((a = 0, b = 0) => a - b);
    };
    await expect.poll(taken).toEqual([0, sent]);
    expect(await ownStats(run)).toMatchObject({ sent, seen: sent, counted: sent });
  });

  it('T19 serve requests with one worker while the guest of the other loops', async () => {
    // A limit that nothing here reaches.
    const run = await start({ callbackLimitMs: 3_600_000 });
    get(run.url, { agent: false, headers: { 'x-loop': '1' } }).on('error', () => undefined);
    await expect.poll(() => logs(run)).toEqual(['wasm log workers: loops']);
    expect([...(await requests(run.url, 50, 5)).values()]).toEqual([50]);
    expect(notices(run)).toEqual([]);
  });

  it('T19 lose only the worker whose guest loops, and keep shared data, queue and metrics', async () => {
    const twice = '(drop (call $log (i32.const 3) (i32.const 160) (i32.const 5))) (call $spin)';
    const run = await start({ callbackLimitMs: 500 }, { '(call $spin)': twice });
    const hangs = once(get(run.url, { agent: false, headers: { 'x-loop': '1' } }), 'response');
    await expect(hangs).rejects.toThrow();
    await expect.poll(() => notices(run)).toHaveLength(1);
    expect(logs(run)).toEqual(['wasm log workers: loops', 'wasm log workers: loops']);
    expect(notices(run)[0]).toMatch(
      /^a filter did not return from proxy_on_request_headers within 0.5 s: .*\nwasm log workers: Proxy-Wasm plugin in-VM backtrace:\n {2}0: {2}0x[\da-f]+ - spin\n {2}1: {2}0x[\da-f]+ - never_returns\n {2}2: {2}0x[\da-f]+ - proxy_on_request_headers$/,
    );
    await expect.poll(async () => [...(await requests(run.url, 50, 10)).keys()]).toContain('3');
    const { sent, counted: inSharedData } = await ownStats(run);
    await vmOf(run.url);
    expect((await ownStats(run))['counted']).toBe((inSharedData ?? 0) + 1);
    expect((await ownStats(run))['sent']).toBe((sent ?? 0) + 1);
  });

  it('keep their access to the shared data while a guest writes it in an endless loop', async () => {
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

  it('keep the connections of a worker whose thread is blocked outside of a guest for longer than the callback limit', async () => {
    const busy = await start({ concurrency: 1, callbackLimitMs: 500 });
    const socket = connect(busy.port, '127.0.0.1');
    await once(socket, 'connect');
    const worker = await holdNewestWorker();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    // The same limit begins later in another run, and ends there while this worker is still held.
    const other = await start({ concurrency: 1, callbackLimitMs: 500 });
    get(other.url, { agent: false, headers: { 'x-loop': '1' } }).on('error', () => undefined);
    await expect.poll(() => notices(other)).toHaveLength(1);
    worker.release();
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(notices(busy)).toEqual([]);
  });

  it('T19 fail to start if a guest never returns from proxy_on_configure, with the stack of the guest', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'loop.wasm'), loopsInConfigure());
    const starting = startRun(
      { targets: ['loop.wasm'], listen: { port: 0 }, concurrency: 2, callbackLimitMs: 500 },
      machine.system,
    );
    await expect(starting).rejects.toThrow(
      /^a filter did not return from proxy_on_configure within 0.5 s while it started\nwasm log: .*\n.* - forever\n/,
    );
  });

  it('reload together, and keep the old module if one of them refuses the new one', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'workers');
    const run = await startRun(
      { targets: ['workers.wasm'], listen: { port: 0 }, concurrency: 2 },
      machine.system,
    );
    onTestFinished(() => run.stop());
    writeFileSync(
      join(machine.cwd, 'workers.wasm'),
      guest('workers', {
        '(i32.const 1))\n\n  (func (export "proxy_on_queue':
          '(i32.const 0))\n\n  (func (export "proxy_on_queue',
      }),
    );
    await expect(run.reload()).rejects.toThrow(/Failed to configure base Wasm plugin/);
    expect(['1', '2']).toContain(await vmOf(run.url));
    guestFile(machine.cwd, 'workers', { 'x-vm': 'x-VM' });
    await run.reload();
    await expect.poll(() => virtualMachines(run)).toBe(2);
  });

  it('are three if the project sets run.concurrency to 3', async () => {
    const machine = newMachine();
    mkdirSync(join(machine.cwd, 'build'));
    guestFile(join(machine.cwd, 'build'), 'workers');
    const project = { name: 'workers', language: 'rust', run: { concurrency: 3, port: 0 } };
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
    const run = await startRun({}, machine.system);
    onTestFinished(() => run.stop());
    await expect.poll(() => virtualMachines(run)).toBe(3);
  });

  it('accept TCP connections of a network filter', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'tcp');
    const cli = startCli(machine, 'tcp.wasm', '--kind', 'network', '--concurrency', '2');
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
  const program = join(root, 'dist', 'commands', 'main.cjs');

  it('ends the program while the guests of all its workers loop', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'workers');
    const child = spawn(
      process.execPath,
      [program, 'run', 'workers.wasm', '--port', '0', '--json', '--concurrency', '2'],
      { cwd: machine.cwd, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    await expect.poll(() => stdout.endsWith('}\n')).toBe(true);
    const { url } = JSON.parse(stdout) as { url: string };
    for (let i = 1; i <= 2; i++) {
      get(url, { agent: false, headers: { 'x-loop': '1' } }).on('error', () => undefined);
      await expect.poll(() => stderr.match(/wasm log workers: loops/g)).toHaveLength(i);
    }
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(130);
  });

  it('ends the program while a guest never returns from its start', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'loop.wasm'), loopsInConfigure());
    const child = spawn(process.execPath, [program, 'run', 'loop.wasm', '--port', '0'], {
      cwd: machine.cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    await expect.poll(() => said).toContain('loops');
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(said).toContain('interrupted');
    expect(code).toBe(130);
  });
});
