import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EchoAnswer } from '../../src/proxy/upstream/echo.ts';
import type { RunEvent } from '../../src/runner/run-options.ts';
import { startRun } from '../../src/run.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { compileWat, guest, guestFile } from '../helpers/guests/guests.ts';
import { filterText } from '../helpers/guests/images.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import { startCli } from '../helpers/cli/running.ts';

/** A guest whose request callback is `body`. */
function withRequestHeaders(body: string): Uint8Array {
  return compileWat(`(module
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 4096))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body}))`);
}

/** A project whose compiler puts the five letters of src/text into a filter, or fails. */
function fakeCompiled(machine: TestMachine, text: string): TestMachine {
  mkdirSync(join(machine.cwd, 'src'));
  saveSource(machine, text);
  writeFileSync(join(machine.cwd, 'filter.bin'), guest('header'));
  writeFileSync(
    join(machine.cwd, 'compile.mjs'),
    `import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
    const text = readFileSync('src/text', 'utf8');
    if (text.startsWith('error')) { console.error(text); process.exit(1); }
    mkdirSync('build', { recursive: true });
    writeFileSync('build/compiled.wasm', Buffer.from(readFileSync('filter.bin', 'latin1').replace('hello', text), 'latin1'));`,
  );
  const build = { command: [process.execPath, 'compile.mjs'], source: 'src' };
  const project = { name: 'compiled', language: 'assemblyscript', build };
  writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
  return machine;
}

function saveSource({ cwd }: TestMachine, text: string): void {
  writeFileSync(join(cwd, 'src', 'text'), text);
}

describe('wasme run', () => {
  it('--allow-capabilities restricts a filter to the listed functions', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const tagged = async (...flags: string[]): Promise<string | null> => {
      const cli = startCli(machine, 'deploy-tag.wasm', '--config', 'team-a', ...flags);
      const { url } = await cli.ready();
      const tag = (await fetch(url)).headers.get('x-tag');
      if (tag === null) await cli.said('restricted proxy-wasm capability: proxy_replace_header_map_value');
      await cli.interrupt();
      return tag;
    };
    expect(await tagged('--allow-capabilities', 'auto')).toBe('team-a');
    const list = 'proxy_get_buffer_bytes,proxy_log,proxy_on_configure,proxy_on_response_headers';
    expect(await tagged('--allow-capabilities', list)).toBeNull();
    const misspelt = await machine.wasme('run', 'deploy-tag.wasm', '--allow-capabilities', 'proxy_logg');
    expect(misspelt.stderr).toContain('error[USAGE]');
  });

  it('--env NAME passes the variable of the system in place of the value in wasme.json', async () => {
    const machine = newMachine({ env: { SET: 'from here' } });
    mkdirSync(join(machine.cwd, 'build'));
    writeFileSync(join(machine.cwd, 'build', 'env.wasm'), guest('deploy-env'));
    const project = { name: 'env', language: 'rust', run: { env: { SET: 'from the project', OTHER: 'x' } } };
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
    await startCli(machine).said('SET=from the project');
    const cli = startCli(machine, '--env', 'SET');
    await cli.said('SET=from here');
    await cli.said('OTHER=x');
  });

  it('serves a filter in front of the echo upstream until Ctrl-C', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    const cli = startCli(machine, 'header.wasm', '--admin', '0', '--concurrency', '2');
    const { url, admin, filters, upstream } = await cli.ready();
    expect(filters).toMatchObject([{ name: 'header', source: join(machine.cwd, 'header.wasm') }]);
    expect(upstream).toBe('echo');
    const response = await fetch(`${url}/x`, { method: 'POST', body: 'hi' });
    expect(response.headers.get('x-guest')).toBe('hello');
    expect(await response.json()).toMatchObject({
      method: 'POST',
      path: '/x',
      body: 'hi',
      headers: { 'x-guest': 'hello' },
    } satisfies Partial<EchoAnswer>);
    expect(await (await fetch(`${admin}/ready`)).text()).toBe('LIVE\n');
    // A worker that is slow to answer is counted as it was known last.
    const stats = async (): Promise<string> => (await fetch(`${admin}/stats`)).text();
    await expect.poll(stats).toContain('http.http.downstream_rq_2xx: 1\n');
    await expect.poll(stats).toContain('cluster.upstream.upstream_rq_200: 1\n');
    await expect.poll(stats).toContain('wasm.envoy.wasm.runtime.v8.active: 2\n');
    expect(await cli.interrupt()).toBe(130);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('runs a chain in the order of the operands', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    writeFileSync(join(machine.cwd, 'other.wasm'), guest('header', { hello: 'other' }));
    const cli = startCli(machine, 'header.wasm', 'other.wasm');
    const { url } = await cli.ready();
    const echo = (await (await fetch(url)).json()) as EchoAnswer;
    expect(echo.headers['x-guest']).toEqual(['hello', 'other']);
  });

  it('runs an image from a path, else from the store, else from the registry', async () => {
    const { host, log } = await fakeRegistry();
    const machine = newMachine();
    const image = `${host}/team/say`;
    const answer = async (...argv: string[]): Promise<unknown> => {
      const cli = startCli(machine, ...argv);
      const { url, filters } = await cli.ready();
      const said = (await fetch(url)).headers.get('x-guest');
      await cli.interrupt();
      return [said, filters[0]?.name, filters[0]?.source.replace(/sha256:.*/, '…')];
    };
    guestFile(machine.cwd, 'header', { hello: 'image' });
    await machine.wasme('build', 'precompiled', 'header.wasm', '-t', image);
    expect(await answer(image)).toEqual(['image', 'say', `${image}:latest@…`]);
    expect(log).toEqual([]);
    expect(await machine.wasme('push', image)).toMatchObject({ exitCode: 0 });
    await machine.wasme('rm', image);
    expect(await answer(image, '--plain-http')).toEqual(['image', 'say', `${image}:latest@…`]);
    // What stands there as a path is no image.
    mkdirSync(join(machine.cwd, host, 'team'), { recursive: true });
    writeFileSync(join(machine.cwd, image), guest('header', { hello: 'apath' }));
    expect(await answer(image)).toEqual(['apath', 'say', join(machine.cwd, image)]);
    const { stderr } = await machine.wasme('run', `${host}/team/none:v1`);
    expect(stderr).toContain(`error[REGISTRY_NOT_FOUND]: cannot pull ${host}/team/none:v1`);
  });

  it('shows traces', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    const cli = startCli(machine, 'header.wasm', '--trace');
    const { url } = await cli.ready();
    await fetch(url);
    await cli.said('proxy_add_header_map_value(map=request headers key="x-guest" value="hello") -> Ok');
  });

  it('loads a changed module without dropping connections', async () => {
    const machine = newMachine();
    const path = guestFile(machine.cwd, 'header');
    const cli = startCli(machine, 'header.wasm', '--watch');
    const { url } = await cli.ready();
    expect((await fetch(url)).headers.get('x-guest')).toBe('hello');
    writeFileSync(path, 'not a module');
    await cli.said('not loaded again');
    expect((await fetch(url)).headers.get('x-guest')).toBe('hello');
    guestFile(machine.cwd, 'header', { hello: 'fresh' });
    await cli.said('loaded again: header');
    expect((await fetch(url)).headers.get('x-guest')).toBe('fresh');
  });

  it('builds a project when a source is saved, and swaps the filter without dropping a request', async () => {
    const machine = newMachine();
    const cli = startCli(fakeCompiled(machine, 'first'), '--watch');
    const { url } = await cli.ready();
    const answers: (string | null)[] = [];
    const ask = async (): Promise<void> => {
      const response = await fetch(url);
      expect(response.status).toBe(200);
      answers.push(response.headers.get('x-guest'));
      await response.arrayBuffer();
    };
    let asking = true;
    const load = Promise.all(
      [1, 2, 3].map(async () => {
        while (asking) await ask();
      }),
    );
    const until = (text: string): Promise<void> => expect.poll(() => answers.at(-1)).toBe(text);
    await until('first');
    saveSource(machine, 'other');
    await cli.said('loaded again: compiled');
    await until('other');
    saveSource(machine, 'error: no such thing');
    await cli.said('not built, the old filter stays in use');
    expect(cli.stderr()).toMatch(/"code":"BUILD_FAILED".*no such thing/);
    expect(answers.at(-1)).toBe('other');
    saveSource(machine, 'third');
    await until('third');
    asking = false;
    await load;
    expect(new Set(answers)).toEqual(new Set(['first', 'other', 'third']));
    expect(await cli.interrupt()).toBe(130);
  });

  it('prints how the hosts of the project differ from the one that it imitates, for the imports of the filter', async () => {
    const machine = newMachine();
    mkdirSync(join(machine.cwd, 'build'));
    const poll =
      '(import "wasi_snapshot_preview1" "poll_oneoff" (func (param i32 i32 i32 i32) (result i32)))';
    writeFileSync(join(machine.cwd, 'build', 'p.wasm'), compileWat(filterText(poll)));
    const project = { name: 'p', language: 'rust', hosts: ['istio@1.28', 'istio@1.31'] };
    const deploy = { envoy: { version: '1.36' } };
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify({ ...project, deploy }));
    const newest = startCli(machine);
    await newest.ready();
    expect(newest.stderr()).toBe(
      [
        'note: on istio@1.28 (Envoy 1.36) p behaves differently: poll_oneoff fails with error 52',
        'note: on envoy@1.36 (Envoy 1.36) p behaves differently: poll_oneoff fails with error 52\n',
      ].join('\n'),
    );
    await newest.interrupt();
    const old = startCli(machine, '--host', 'envoy@1.36');
    await old.ready();
    expect(old.stderr()).toBe(
      'note: on istio@1.31 (Envoy 1.39) p behaves differently: poll_oneoff succeeds\n',
    );
  });

  it('--watch builds first, and fails if that build fails and there is no earlier module', async () => {
    const machine = fakeCompiled(newMachine(), 'error: no such thing');
    const { exitCode, stderr } = await machine.wasme('run', '--watch', '--port', '0');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[BUILD_FAILED]');
    mkdirSync(join(machine.cwd, 'build'), { recursive: true });
    writeFileSync(join(machine.cwd, 'build', 'compiled.wasm'), guest('header', { hello: 'older' }));
    const cli = startCli(machine, '--watch');
    const { url } = await cli.ready();
    await cli.said('not built: what runs is older');
    expect((await fetch(url)).headers.get('x-guest')).toBe('older');
  });

  it.each([
    ['nothing there', 'none.wasm', 'FILE_NOT_FOUND', 1],
    ['no module', 'text.wasm', 'WASM_INVALID', 1],
    ['no project', '.', 'PROJECT_NOT_FOUND', 2],
  ])('says what is wrong: %s', async (_what, target, code, exitCode) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'text.wasm'), 'text');
    const outcome = await machine.wasme('run', target, '--port', '0');
    expect(outcome).toMatchObject({ exitCode, stdout: '' });
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(outcome.stderr.split('\n')[0]).toContain(target === '.' ? machine.cwd : target);
  });

  it.each([
    { flag: '--port', others: [] },
    { flag: '--admin', others: ['--port', '0'] },
  ])('says that the port of $flag is taken, and which flag names another', async ({ flag, others }) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const outcome = await machine.wasme('run', 'header.wasm', flag, String(port), ...others);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(`error[PORT_IN_USE]: port ${port} on 127.0.0.1 is already taken`);
    expect(outcome.stderr).toContain(`another port with ${flag} `);
  });

  it('refuses more configurations than filters', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    const outcome = await machine.wasme('run', 'header.wasm', '--config', 'a', '--config', 'b');
    expect(outcome).toMatchObject({ exitCode: 2 });
  });

  it.each([
    [['--trace'], '--trace'],
    [['--tls'], '--tls'],
    [['--watch'], '--watch'],
    [['--host', 'envoy@1.36'], '--host'],
  ])('refuses what a real Envoy cannot do: %j', async (argv, flag) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    const { exitCode, stderr } = await machine.wasme('run', '--envoy', 'header.wasm', ...argv);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`error[USAGE]: ${flag} is not possible in a real Envoy: `);
    expect(stderr).toContain(`help: leave out ${flag}, or --envoy`);
  });

  it('--envoy fails with TOOL_MISSING if there is no Envoy', async () => {
    const machine = newMachine({ env: { PATH: '' } });
    guestFile(machine.cwd, 'header');
    // What follows a bare --envoy is an operand.
    const bare = await machine.wasme('run', '--envoy', 'header.wasm', '--port', '0');
    expect(bare).toMatchObject({ exitCode: 1, stdout: '' });
    expect(bare.stderr).toContain('error[TOOL_MISSING]: no Envoy was found');
    const named = await machine.wasme('run', '--envoy=./none', 'header.wasm');
    expect(named.stderr).toContain(
      `error[TOOL_MISSING]: ${join(machine.cwd, 'none')} cannot be started as a program`,
    );
  });

  it('--envoy fails with TOOL_MISSING for a folder named envoy', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    const folder = join(machine.cwd, 'tools', 'envoy');
    mkdirSync(folder, { recursive: true });
    const named = await machine.wasme('run', `--envoy=${folder}`, 'header.wasm');
    expect(named.stderr).toContain(`error[TOOL_MISSING]: ${folder} cannot be started as a program`);
    machine.env['PATH'] = dirname(folder);
    const bare = await machine.wasme('run', '--envoy', 'header.wasm');
    expect(bare.stderr).toContain('error[TOOL_MISSING]: no Envoy was found');
  });

  it('ends with 0 on POST /quitquitquit to the admin interface', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'header');
    const cli = startCli(machine, 'header.wasm', '--admin', '0');
    const { admin } = await cli.ready();
    await fetch(`${admin}/logging?level=debug`, { method: 'POST' });
    await fetch(`${admin}/quitquitquit`, { method: 'POST' });
    expect(await cli.exitCode).toBe(0);
  });
});

describe('startRun', () => {
  it('T19 replaces a worker whose filter never returns', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'loop.wasm'), withRequestHeaders('(loop (br 0)) (i32.const 0)'));
    const events: RunEvent[] = [];
    const running = await startRun(
      {
        targets: ['loop.wasm'],
        listen: { port: 0 },
        callbackLimitMs: 500,
        onEvent: event => void events.push(event),
      },
      machine.system,
    );
    onTestFinished(() => running.stop());
    await expect(fetch(running.url)).rejects.toThrow();
    await expect
      .poll(() => events.map(event => (event.type === 'notice' ? event.text : '')))
      .toContainEqual(expect.stringContaining('did not return from proxy_on_request_headers within 0.5 s'));
    // A new worker listens on the same port.
    await expect(fetch(running.url)).rejects.toThrow();
  });

  it('answers 503 after a trap, and logs the reason', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'trap.wasm'), withRequestHeaders('unreachable'));
    const events: RunEvent[] = [];
    const running = await startRun(
      {
        targets: ['trap.wasm'],
        listen: { port: 0 },
        inProcess: true,
        onEvent: event => void events.push(event),
      },
      machine.system,
    );
    onTestFinished(() => running.stop());
    expect((await fetch(running.url)).status).toBe(503);
    expect(events.map(event => (event.type === 'log' ? event.line.text : '')).join('\n')).toContain(
      'unreachable',
    );
  });

  it('proxies TCP through network filters', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'tcp');
    const upstream = createServer(socket => socket.on('data', data => socket.end(`got ${data.toString()}`)));
    await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void upstream.close());
    const { port } = upstream.address() as AddressInfo;
    const running = await startRun(
      {
        targets: ['tcp.wasm'],
        kind: 'network',
        upstream: `tcp://127.0.0.1:${port}`,
        listen: { port: 0 },
        inProcess: true,
      },
      machine.system,
    );
    onTestFinished(() => running.stop());
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(running.port, '127.0.0.1', () => socket.write('hello'));
      let all = '';
      socket.on('data', data => (all += data.toString()));
      socket.on('end', () => resolve(all));
      socket.on('error', reject);
    });
    expect(text).toBe('got hello');
  });
});
