import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { xxHash64 } from '../../src/targets/envoy/xxhash.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest, guestFile } from '../helpers/guests/guests.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';

const wasm = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
const sha = 'ab'.repeat(32);

/** An admin interface as Envoy's: two of its pages. */
async function admin(
  dump: object,
  more: Record<string, number | bigint> = {},
  onPage: (path: string) => void = () => undefined,
): Promise<string> {
  const stats = { 'wasm.envoy.wasm.runtime.v8.active': 3, ...more };
  const server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://envoy.example');
    const filter = new RegExp(searchParams.get('filter') ?? '');
    onPage(pathname);
    if (pathname === '/config_dump') response.end(JSON.stringify(dump));
    else
      response.end(
        Object.entries(stats)
          .filter(([name]) => filter.test(name))
          .map(([name, value]) => `${name}: ${value}\n`)
          .join(''),
      );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const plugin = (more: object = {}): object => ({
  '@type': wasm,
  config: { name: 'f', vm_config: { code: { remote: { sha256: sha } } }, ...more },
});
const named = (name: string, hex: string): object =>
  plugin({ name, vm_config: { code: { remote: { sha256: hex.repeat(32) } } } });
const fixed = (...plugins: object[]): { configs: object[] } => ({
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      static_listeners: plugins.map(config => ({
        listener: { name: 'l', filters: [{ typed_config: config }] },
        last_updated: '2026-01-01T00:00:00Z',
      })),
    },
  ],
});
const discovered = (version: string): object => ({
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump',
      ecds_filters: [{ version_info: version, ecds_filter: { name: 'f', typed_config: plugin() } }],
    },
    ...fixed({ name: 'f', config_discovery: {} }).configs,
  ],
});
/** With a route that answers by itself. */
const answering = (status: number): object => ({
  configs: [
    ...fixed(plugin()).configs,
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
      static_route_configs: [
        { route_config: { virtual_hosts: [{ routes: [{ direct_response: { status } }] }] } },
      ],
    },
  ],
});
const ecds = 'extension_config_discovery.http_filter.f.';

describe('status envoy', () => {
  it.each([
    ['loaded', fixed(plugin()), {}, 0],
    ['missing', fixed(plugin({ name: 'other' })), {}, 1],
    ['failing', fixed(plugin()), { 'wasm.f.vm_reload_backoff': 2, 'wasm.f.vm_reload_success': 1 }, 1],
    ['failing', fixed(plugin()), { 'wasm.f.vm_reload_failure': 1 }, 1],
    ['failing', fixed(plugin()), { 'wasm.remote_load_fetch_failures': 1 }, 1],
    [
      'fail-open',
      fixed(plugin({ failure_policy: 'FAIL_OPEN' })),
      { 'wasm.remote_load_fetch_failures': 1 },
      1,
    ],
    ['failing', fixed(plugin()), { 'http.main.downstream_rq_5xx': 3, 'cluster.a.upstream_rq_5xx': 1 }, 1],
    ['loaded', fixed(plugin()), { 'http.main.downstream_rq_5xx': 3, 'cluster.a.upstream_rq_5xx': 3 }, 0],
    [
      'loaded',
      fixed(plugin()),
      {
        'http.main.downstream_rq_5xx': 3,
        'cluster.a.b.upstream_rq_5xx': 3,
        'cluster.a.b.internal.upstream_rq_5xx': 9,
      },
      0,
    ],
    ['loaded', discovered('v1'), { [`${ecds}update_rejected`]: 0, [`${ecds}version`]: xxHash64('v1') }, 0],
    ['loaded', discovered('v2'), { [`${ecds}update_rejected`]: 1, [`${ecds}version`]: xxHash64('v2') }, 0],
    ['rejected', discovered('v2'), { [`${ecds}update_rejected`]: 1, [`${ecds}version`]: xxHash64('v1') }, 1],
    ['missing', fixed({ name: 'f', config_discovery: {} }), {}, 1],
    // The filter crashed once, and only the request that saw it got a 503.
    ['fail-open', fixed(plugin({ failure_policy: 'FAIL_OPEN' })), { 'http.main.downstream_rq_5xx': 1 }, 1],
    ['loaded', fixed(plugin()), { 'http.admin.downstream_rq_5xx': 3 }, 0],
    [
      'failing',
      fixed(plugin()),
      {
        'http.main.downstream_rq_5xx': 3,
        'cluster.a.upstream_rq_5xx': 2,
        'cluster.a.zone.here.there.upstream_rq_5xx': 2,
        'cluster.a.retry.upstream_rq_5xx': 2,
      },
      1,
    ],
    // Routes may answer with 5xx by themselves: which status they gave is not counted.
    ['loaded', answering(503), { 'http.main.downstream_rq_5xx': 3, 'http.main.rq_direct_response': 4 }, 0],
    ['failing', answering(200), { 'http.main.downstream_rq_5xx': 3, 'http.main.rq_direct_response': 4 }, 1],
    ['other-digest', fixed(plugin(), named('f', 'cd')), {}, 1],
    ['loaded', fixed(plugin(), named('g', 'cd')), {}, 0],
  ] as const)('%s', async (state, dump, stats, exitCode) => {
    const address = await admin(dump, stats);
    const outcome = await newMachine().wasme('status', 'envoy', '--id', 'f', '--admin', address, '--json');
    const { rows } = JSON.parse(outcome.stdout) as { rows: { state: string }[] };
    expect(rows.map(row => row.state)).toEqual([state]);
    expect(outcome.exitCode).toBe(exitCode);
  });

  it('compares the digests of several proxies and prints a table', async () => {
    const [one, two] = [await admin(fixed(plugin())), await admin({})];
    const machine = newMachine();
    const good = await machine.wasme(
      'status',
      'envoy',
      '--id',
      'f',
      '--admin',
      one,
      '--digest',
      `sha256:${sha}`,
    );
    expect(good.exitCode).toBe(0);
    expect(good.stdout).toMatch(/^WHERE +FILTER +STATE +DIGEST +EXPECTED +RESTARTS +DETAIL\n/);
    expect(good.stdout).toContain(`http://${one}  f       loaded  abababababab  abababababab  0`);
    const bad = await machine.wasme(
      'status',
      'envoy',
      '--id',
      'f',
      '--admin',
      one,
      '--admin',
      two,
      '--digest',
      `sha256:${'cd'.repeat(32)}`,
    );
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout).toMatch(/f +other-digest +abababababab +cdcdcdcdcdcd/);
    expect(bad.stdout).toMatch(/f +missing/);
  });

  it('takes the name and the digest from the project in the current folder', async () => {
    const machine = newMachine();
    writeFileSync(
      join(machine.cwd, 'wasme.json'),
      JSON.stringify({ name: 'f', language: 'rust', build: { output: 'f.wasm' } }),
    );
    const address = await admin(fixed(plugin()));
    expect((await machine.wasme('status', 'envoy', '--admin', address)).exitCode).toBe(0);
    writeFileSync(join(machine.cwd, 'f.wasm'), guest('deploy-tag'));
    const built = await machine.wasme('status', 'envoy', '--admin', address);
    expect(built.stdout).toContain('other-digest');
    expect(built.exitCode).toBe(1);
  });

  it.each([
    ['other.wasm', 'other'],
    ['.', 'special'],
  ])('looks for %s under the name that deploy gives it: %s', async (source, id) => {
    const machine = newMachine();
    const project = { name: 'f', language: 'rust', build: { output: 'f.wasm' } };
    const file = { ...project, deploy: { envoy: { id: 'special' } } };
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(file));
    for (const name of ['f', 'other']) writeFileSync(join(machine.cwd, `${name}.wasm`), guest('deploy-tag'));
    const deployed = await machine.wasme('deploy', 'envoy', source, '--json');
    expect(JSON.parse(deployed.stdout)).toMatchObject({ id });
    const address = await admin(fixed(plugin()));
    const { stdout } = await machine.wasme('status', 'envoy', source, '--admin', address, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ id });
  });

  it('reports a proxy that does not answer as unreachable, and exits with 1', async () => {
    const { stdout, exitCode } = await newMachine().wasme(
      'status',
      'envoy',
      '--id',
      'f',
      '--admin',
      '127.0.0.1:1',
    );
    expect(stdout).toMatch(/unreachable +- +- +0 +nothing answers at http:\/\/127\.0\.0\.1:1: /);
    expect(exitCode).toBe(1);
  });

  it('lists the filters of a proxy without this one, and reports an address that is not an Envoy', async () => {
    const machine = newMachine();
    const ask = (...argv: string[]): ReturnType<typeof machine.wasme> =>
      machine.wasme('status', 'envoy', '--id', 'h', ...argv);
    const others = await ask('--admin', await admin(fixed(plugin(), named('g', 'cd'))));
    expect(others.stdout).toMatch(/missing .* no listener has a filter of this name; there are: f, g\n/);
    const server = createServer((_request, response) => response.end('<h1>hello</h1>'));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const page = await ask('--admin', String((server.address() as AddressInfo).port));
    expect(page.stdout).toMatch(/unreachable .* did not answer with JSON: <h1>hello<\/h1>\n/);
    expect(page.exitCode).toBe(1);
  });

  it('--all shows every filter of every Envoy', async () => {
    const [one, two] = [await admin(fixed(plugin(), named('g', 'cd'))), await admin(fixed(plugin()))];
    const machine = newMachine();
    const ask = (...argv: string[]): ReturnType<typeof machine.wasme> =>
      machine.wasme('status', 'envoy', '--all', ...argv);
    const found = await ask('--admin', one, '--admin', two, '--json');
    const { id, rows } = JSON.parse(found.stdout) as { id?: string; rows: Record<string, string>[] };
    expect([id, ...rows.map(({ where, filter, state }) => [where, filter, state])]).toEqual([
      undefined,
      [`http://${one}`, 'f', 'loaded'],
      [`http://${two}`, 'f', 'loaded'],
      [`http://${one}`, 'g', 'loaded'],
      [`http://${two}`, 'g', 'missing'],
    ]);
    expect(found.exitCode).toBe(1);
    expect(await ask('--admin', await admin({}))).toMatchObject({
      stdout: 'no filter is there\n',
      exitCode: 1,
    });
    expect((await ask('--admin', '1')).stderr).toContain('error[NETWORK]: nothing answers at');
    expect(await ask('--id', 'f')).toMatchObject({
      stderr: expect.stringContaining('--all is for every filter') as string,
      exitCode: 2,
    });
  });

  it('finds plugins in a TypedStruct, and one without a name by its list entry', async () => {
    const config = (name: string | undefined): object => ({
      name,
      vm_config: { code: { remote: { sha256: sha } } },
    });
    const struct = (form: string, name: string): object => ({
      name: 'struct',
      typed_config: {
        '@type': `type.googleapis.com/${form}.TypedStruct`,
        type_url: wasm,
        value: { config: config(name) },
      },
    });
    const filters = [
      struct('udpa.type.v1', 'in-udpa'),
      struct('xds.type.v3', 'in-xds'),
      { name: 'unnamed', typed_config: { '@type': wasm, config: config(undefined) } },
    ];
    const section = {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      static_listeners: [{ listener: { filters } }],
    };
    const address = await admin({ configs: [section] });
    const { stdout } = await newMachine().wasme('status', 'envoy', '--all', '--admin', address, '--json');
    const { rows } = JSON.parse(stdout) as { rows: { filter: string; state: string; digest: string }[] };
    expect(rows.map(({ filter, state, digest }) => [filter, state, digest])).toEqual(
      ['in-udpa', 'in-xds', 'unnamed'].map(name => [name, 'loaded', `sha256:${sha}`]),
    );
  });

  it('--all reads the configuration dump once for all filters', async () => {
    const pages: string[] = [];
    const address = await admin(fixed(plugin(), named('g', 'cd'), named('h', 'ef')), {}, page =>
      pages.push(page),
    );
    const { stdout } = await newMachine().wasme('status', 'envoy', '--all', '--admin', address, '--json');
    expect((JSON.parse(stdout) as { rows: object[] }).rows).toHaveLength(3);
    expect(pages.sort()).toEqual(['/config_dump', '/stats']);
  });

  it('reports other-digest when the tag of the image was moved', async () => {
    const registry = await fakeRegistry();
    const machine = newMachine();
    const reference = `${registry.host}/team/f:v1`;
    const push = async (name: string): Promise<string> => {
      const path = guestFile(machine.cwd, name);
      await machine.wasme('push', reference, '-f', path, '--force');
      return createHash('sha256').update(guest(name)).digest('hex');
    };
    const hex = await push('deploy-tag');
    const code = { remote: { sha256: hex } };
    const address = await admin(fixed(plugin({ vm_config: { code } })));
    await machine.wasme('pull', reference);
    const ask = async (): Promise<string> =>
      (await machine.wasme('status', 'envoy', reference, '--admin', address)).stdout;
    expect(await ask()).toMatch(/ f +loaded /);
    await push('deploy-kinds');
    expect(await ask()).toMatch(/ f +other-digest .* Envoy runs another module\n/);
    registry.switches.fail = { status: 403, times: 99 };
    const { stdout, stderr } = await machine.wasme('status', 'envoy', reference, '--admin', address);
    expect(stdout).toMatch(/ f +loaded /);
    expect(stderr).toMatch(/^warning: compared with the image in the local store: /);
  });

  it('refuses an invalid digest, and one log for several Envoys', async () => {
    const machine = newMachine();
    const short = await machine.wasme('status', 'envoy', '--id', 'f', '--digest', 'abab');
    expect(short.stderr).toContain('It must be sha256: and 64 lower-case hexadecimal digits');
    const logs = await machine.wasme(
      ...['status', 'envoy', '--id', 'f', '--admin', '1', '--admin', '2', '--log', 'envoy.log'],
    );
    expect(logs.stderr).toContain('error[USAGE]: one log cannot be of several Envoys');
    expect([short.exitCode, logs.exitCode]).toEqual([2, 2]);
  });

  it('is a usage error without a filter', async () => {
    const { stderr, exitCode } = await newMachine().wasme('status', 'envoy');
    expect(stderr).toContain('error[USAGE]: no filter was named');
    expect(exitCode).toBe(2);
  });
});
