/**
 * Every template, built by its real compiler, does what templates/README.md says, and the same in the bundled host as in a
 * real Envoy, the newest and an old one. One scenario for each kind; a language is a row.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHost } from '../../../src/host/index.ts';
import { languages } from '../../../src/project/schema.ts';
import { sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { type Backend, answerer, checker, mirror } from '../../helpers/servers/backends.ts';
import { type BuiltTemplate, builtTemplate, compilers } from '../../helpers/projects/compilers.ts';
import { filterBootstrap, realEnvoy } from '../../helpers/servers/envoy.ts';
import { TestEnvironment } from '../../helpers/guests/test-environment.ts';
import { envoyReleases, envoyServers, bundledServer } from '../../helpers/servers/test-servers.ts';
import { describeWith } from '../../helpers/tools.ts';

/** Longer than the slowest compiler takes on a busy machine. */
const buildTimeoutMs = 300_000;
const envoys = envoyReleases.map(release => `envoy-${release}` as const);
const hosts = [bundledServer, ...envoyServers];
const folder = sharedFolder();

const checks: IncomingHttpHeaders[] = [];
const servers: Backend[] = [];
let upstream = '';
let check = '';
let tcpUpstream = '';
beforeAll(async () => {
  servers.push(await mirror(), await checker(checks), await answerer());
  [upstream = '', check = '', tcpUpstream = ''] = servers.map(server => server.url);
});
afterAll(async () => {
  for (const server of servers) await server.close();
});

/** Each language by the compiler that is taken by itself; C++ also by the clang that npm carries. */
const builds = [
  ...languages.map(language => ({ title: language, language, needs: compilers[language], options: {} })),
  { title: "cpp by npm's clang", language: 'cpp', needs: ['clang-npm'], options: { toolchain: 'npm' } },
] as const;

describe.each(builds)('$title, http', ({ language, needs, options }) => {
  describeWith([...needs, ...envoys], 'as its page says', () => {
    let filter: BuiltTemplate;
    beforeAll(async () => {
      filter = await builtTemplate(folder, language, options);
    }, buildTimeoutMs);

    describe.each(hosts)('in $where', host => {
      const run = (configuration: unknown) =>
        host.run(filter, { configuration, upstream, clusters: { check } });

      it('greets in both directions, and blocks', async () => {
        const running = await run({ greeting: 'hi' });
        const response = await fetch(`${running.url}/some/path?x=1`, { headers: { 'x-greeting': 'mine' } });
        expect(response.status).toBe(200);
        expect(response.headers.get('x-greeting')).toBe('hi');
        expect(response.headers.get('x-powered-by')).toBe(null);
        expect(await response.json()).toMatchObject({ 'x-greeting': 'hi' });
        await running.logged('GET /some/path?x=1 200');

        const blocked = await fetch(`${running.url}/blocked/a?b`);
        expect(blocked.status).toBe(403);
        expect(blocked.headers.get('x-answered-by')).toBe(filter.name);
        expect(blocked.headers.get('x-greeting')).toBe('hi');
        expect(await blocked.text()).toBe(`blocked by ${filter.name}\n`);
        await running.logged('GET /blocked/a?b 403');
        expect((await fetch(`${running.url}/blockedness`)).status).toBe(200);
      });

      it('asks before it lets a request through', async () => {
        const { url } = await run({ checkCluster: 'check', blockedPath: '' });
        const answers = [];
        for (const path of ['/a?status=200', '/a?status=401', '/a?status=503']) {
          const response = await fetch(url + path);
          const body = await response.text();
          answers.push([response.status, response.status === 200 ? (JSON.parse(body) as unknown) : body]);
        }
        expect(answers).toEqual([
          [200, expect.objectContaining({ 'x-checked': 'yes', 'x-greeting': 'hello' })],
          [403, 'request refused by check\n'],
          [503, 'check is not available\n'],
        ]);
        const last = { ':path': '/check', host: 'check', 'x-original-path': '/a?status=503' };
        expect(checks.at(-1)).toMatchObject(last);
      });

      it('refuses a request when the authorization cluster cannot be reached', async () => {
        const { url } = await run({ checkCluster: 'nowhere' });
        const response = await fetch(url);
        expect([response.status, await response.text()]).toEqual([503, 'check is not available\n']);
      });
    });

    it('refuses a configuration with a fault', async () => {
      for (const configuration of [{ greting: 'typo' }, { greeting: 1 }]) {
        const run = bundledServer.run(filter, { configuration, upstream });
        await expect(run).rejects.toMatchObject({ code: 'WASM_START' });
      }
    });
  });
});

/** Sends a text and gives all that comes back until the end. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((done, fail) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', data => (received += data.toString()));
    socket.on('close', () => done(received));
    socket.on('error', fail);
  });
}

describe.each(languages)('%s, network', language => {
  describeWith([...compilers[language], ...envoys], 'as its page says', () => {
    let filter: BuiltTemplate;
    beforeAll(async () => {
      filter = await builtTemplate(folder, language, { kind: 'network' });
    }, buildTimeoutMs);

    it.each(hosts)('counts, adds a banner and closes what is blocked in $where', async host => {
      const running = await host.run(filter, {
        kind: 'network',
        configuration: { banner: 'welcome' },
        upstream: tcpUpstream,
      });
      expect(await talk(running.port, 'hello')).toBe('welcome\nanswer');
      await running.logged('5 bytes in, 6 bytes out');
      expect(await talk(running.port, 'BLOCKED, please')).toBe('');
      await running.logged('blocked');
      await running.logged('15 bytes in, 0 bytes out');
    });
  });
});

describe.each(languages)('%s, service', language => {
  describeWith([...compilers[language], ...envoys], 'as its page says', () => {
    let filter: BuiltTemplate;
    beforeAll(async () => {
      filter = await builtTemplate(folder, language, { kind: 'service' });
    }, buildTimeoutMs);

    it.each(envoyReleases)('watches a cluster in Envoy %s', async release => {
      const envoy = await realEnvoy(
        filterBootstrap(
          filter.module,
          {
            kind: 'service',
            rootId: filter.name,
            // Also the time limit of a check: a busy machine may answer late.
            configuration: { form: 'json', value: { cluster: 'check', intervalMs: 500 } },
          },
          { clusters: { check } },
        ),
        { release },
      );
      await envoy.logged('check is up');
      const value = async (end: string) =>
        Object.entries(await envoy.stats(filter.name)).find(([name]) => name.endsWith(end))?.[1];
      // Worker threads hand their numbers in at intervals.
      await expect.poll(() => value('_checks')).toBeGreaterThan(1);
      await expect.poll(() => value('_up')).toBe(1);
    });

    it('watches a cluster in the bundled host', async () => {
      const machine = new TestEnvironment();
      machine.clusters.add('check');
      const host = createHost({ environment: machine });
      const configuration = new TextEncoder().encode(JSON.stringify({ cluster: 'check', intervalMs: 50 }));
      await host.loadPlugin(await readFile(filter.module), {
        name: filter.name,
        rootId: filter.name,
        configuration,
      });
      for (const status of ['200', '204', '503']) {
        machine.advance(50);
        machine.httpCalls.at(-1)?.respond(Number(status));
      }
      expect(machine.logs.map(line => line.replace(/^.*?: /, ''))).toEqual(['check is up', 'check is down']);
      host.close();
    });
  });
});
