/** `run --envoy`: the same run in real Envoys and in the bundled host gives the same answers, log lines and result. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { EchoAnswer } from '../../../src/proxy/upstream/echo.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { compileProbe } from '../../helpers/guests/probe/compile.ts';
import { call, http, map, step } from '../../helpers/guests/probe/script.ts';
import { type RunningCli, startCli } from '../../helpers/cli/running.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

/** Creates a machine with a chain: one filter with a configuration, one that adds a header in each direction and logs. */
function chainMachine(): TestMachine {
  const machine = newMachine();
  guestFile(machine.cwd, 'deploy-tag');
  const probe = compileProbe({
    callbacks: http({
      on_request_headers: step([
        call('add_header_map_value', map.requestHeaders, 'x-in', '1'),
        call('log', 3, 'two\nlines'),
        call('log', 1, 'not shown'),
      ]),
    }),
  });
  writeFileSync(join(machine.cwd, 'probe.wasm'), probe);
  return machine;
}

/** Returns the log lines of the second filter, without times. */
function guestLines(cli: RunningCli): string[] {
  const records = cli.stderr().split(/\n(?=\[)/);
  const lines = records.map(record => record.trimEnd().replace(/^\[[\d-]+ [\d:.]+\]/, '[]'));
  return lines.filter(line => line.includes('wasm log probe: '));
}

/** Everything about a request and its answer that is the same every time. */
async function seen(url: string): Promise<unknown> {
  const response = await fetch(`${url}/p`, { method: 'POST', body: 'hi' });
  const { headers, ...echo } = (await response.json()) as EchoAnswer;
  const rest = { ...headers, host: '', 'x-request-id': '' };
  const names = [...response.headers.keys()].sort();
  return { status: response.status, names, tag: response.headers.get('x-tag'), echo, headers: rest };
}

describeWith(['envoy-1.40', 'envoy-1.36'], 'run --envoy', () => {
  it.each(['1.40', '1.36'] as const)('%s: a chain behaves as in the bundled host', async version => {
    const machine = chainMachine();
    const flags = ['--config', 'team-a', '--timeout', '2500', '--allow-capabilities', 'auto'];
    const operands = ['deploy-tag.wasm', 'probe.wasm', ...flags];
    const envoy = startCli(machine, ...operands, `--envoy=${tool(`envoy-${version}`)}`);
    const ours = startCli(machine, ...operands, '--host', `envoy@${version}`, '--admin', '0');
    const real = await envoy.ready();
    const bundled = await ours.ready();
    expect(Object.keys(real)).toEqual(Object.keys(bundled));
    expect(real).toMatchObject({ upstream: 'echo', filters: bundled.filters });
    expect(real.host).toMatch(new RegExp(`^envoy@${version}\\.\\d+$`));
    const answer = await seen(real.url);
    expect(answer).toEqual(await seen(bundled.url));
    expect(answer).toMatchObject({
      tag: 'team-a',
      headers: { 'x-in': '1', 'x-envoy-expected-rq-timeout-ms': '2500' },
    });
    await envoy.said('on_delete(2)');
    await ours.said('on_delete(2)');
    expect(guestLines(envoy)).toEqual(guestLines(ours));
    expect(guestLines(envoy)).toContain('[][warning][wasm] wasm log probe: two\n  | lines');
    expect(envoy.stderr()).not.toContain('not shown');
    expect(await (await fetch(`${real.admin}/ready`)).text()).toBe('LIVE\n');
  });

  it('Ctrl-C ends it and leaves nothing', async () => {
    const machine = chainMachine();
    const temporary = join(machine.home, 'tmp');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    const cli = startCli(machine, 'probe.wasm', `--envoy=${tool('envoy-1.40')}`);
    const { url, admin } = await cli.ready();
    const { concurrency, command_line_options: options } = (await (
      await fetch(`${admin}/server_info`)
    ).json()) as { concurrency?: number; command_line_options: { config_path: string; concurrency: number } };
    expect(concurrency ?? options.concurrency).toBe(1);
    expect(existsSync(options.config_path)).toBe(true);
    expect(readdirSync(temporary)).not.toEqual([]);
    expect(await cli.interrupt()).toBe(130);
    await expect(fetch(url)).rejects.toThrow();
    await expect(fetch(`${admin}/ready`)).rejects.toThrow();
    expect(existsSync(options.config_path)).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('ends with the Envoy', async () => {
    const cli = startCli(chainMachine(), 'probe.wasm', `--envoy=${tool('envoy-1.40')}`);
    const { admin } = await cli.ready();
    await fetch(`${admin}/quitquitquit`, { method: 'POST' });
    expect(await cli.exitCode).toBe(0);
  });

  it('network filters: Envoy echoes', async () => {
    const machine = newMachine();
    const probe = compileProbe({
      callbacks: { on_new_connection: step(), on_downstream_data: step([call('log', 2, 'data')]) },
    });
    writeFileSync(join(machine.cwd, 'probe.wasm'), probe);
    const cli = startCli(machine, 'probe.wasm', '--kind', 'network', `--envoy=${tool('envoy-1.40')}`);
    const { url, port } = await cli.ready();
    expect(url).toBe(`tcp://127.0.0.1:${port}`);
    const socket = connect(port, '127.0.0.1', () => socket.write('hello'));
    onTestFinished(() => void socket.destroy());
    const data = await new Promise<Buffer>((resolve, reject) =>
      socket.once('data', resolve).once('error', reject),
    );
    expect(data.toString()).toBe('hello');
    await cli.said('wasm log probe: data');
  });

  it('says what Envoy has against a filter, and that a port is taken', async () => {
    const machine = newMachine();
    const no = compileProbe({ callbacks: http({ on_configure: step([], 0) }) });
    writeFileSync(join(machine.cwd, 'no.wasm'), no);
    guestFile(machine.cwd, 'header');
    const envoy = `--envoy=${tool('envoy-1.40')}`;
    const refused = await machine.wasme('run', 'no.wasm', '--port', '0', envoy);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /error\[DEPLOY_REJECTED\]: Envoy ended with code 1: .*Unable to create Wasm plugin/s,
    );
    expect(refused.stderr).not.toContain('\u001e');
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const taken = await machine.wasme('run', 'header.wasm', '--port', String(port), envoy);
    expect(taken.stderr).toContain(`error[PORT_IN_USE]: port ${port} on 127.0.0.1 is already taken`);
  });
});
