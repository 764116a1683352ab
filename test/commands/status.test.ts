import { writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { xxHash64 } from '../../src/targets/envoy/xxhash.ts';
import { newWorld } from '../helpers/cli.ts';
import { guest } from '../helpers/guests.ts';

const wasm = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
const sha = 'ab'.repeat(32);

/** An admin interface as Envoy's: two of its pages. */
async function admin(dump: object, more: Record<string, number | bigint> = {}): Promise<string> {
  const stats = { 'wasm.envoy.wasm.runtime.v8.created': 3, ...more };
  const server: Server = createServer((request, response) => {
    if (request.url === '/config_dump') response.end(JSON.stringify(dump));
    else
      response.end(
        Object.entries(stats)
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
const fixed = (config: object): object => ({
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      static_listeners: [
        {
          listener: { name: 'l', filters: [{ typed_config: config }] },
          last_updated: '2026-01-01T00:00:00Z',
        },
      ],
    },
  ],
});
const discovered = (version: string): object => ({
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump',
      ecds_filters: [{ version_info: version, ecds_filter: { name: 'f', typed_config: plugin() } }],
    },
    ...(fixed({ name: 'f', config_discovery: {} }) as { configs: object[] }).configs,
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
  ] as const)('%s', async (state, dump, stats, exitCode) => {
    const address = await admin(dump, stats);
    const outcome = await newWorld().wasme('status', 'envoy', '--id', 'f', '--admin', address, '--json');
    const { rows } = JSON.parse(outcome.stdout) as { rows: { state: string }[] };
    expect(rows.map(row => row.state)).toEqual([state]);
    expect(outcome.exitCode).toBe(exitCode);
  });

  it('compares digests, over several proxies, and draws a table', async () => {
    const [one, two] = [await admin(fixed(plugin())), await admin({})];
    const world = newWorld();
    const good = await world.wasme(
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
    const bad = await world.wasme(
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

  it('takes name and digest from the project here', async () => {
    const world = newWorld();
    writeFileSync(
      join(world.cwd, 'wasme.json'),
      JSON.stringify({ name: 'f', language: 'rust', build: { output: 'f.wasm' } }),
    );
    const address = await admin(fixed(plugin()));
    expect((await world.wasme('status', 'envoy', '--admin', address)).exitCode).toBe(0);
    writeFileSync(join(world.cwd, 'f.wasm'), guest('deploy-tag'));
    const built = await world.wasme('status', 'envoy', '--admin', address);
    expect(built.stdout).toContain('other-digest');
    expect(built.exitCode).toBe(1);
  });

  it('says that nothing answers', async () => {
    const { stdout, exitCode } = await newWorld().wasme(
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

  it('needs to know which filter', async () => {
    const { stderr, exitCode } = await newWorld().wasme('status', 'envoy');
    expect(stderr).toContain('error[USAGE]: no filter was named');
    expect(exitCode).toBe(2);
  });
});
