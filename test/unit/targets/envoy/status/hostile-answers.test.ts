/** Pages of an admin interface that no Envoy would answer: a status or a coded error, never a bug of wasme. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEnvoy } from '../../../../../src/targets/envoy/launch.ts';
import { envoyAdmin, parseAnswer } from '../../../../../src/targets/envoy/status/admin.ts';
import { envoyStatus, filterNames } from '../../../../../src/targets/envoy/status/status.ts';
import { newMachine } from '../../../../helpers/cli/cli.ts';

const type = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
const code = { local: { filename: '/none' }, remote: { sha256: 'ab', http_uri: { cluster: 'c' } } };
const filter = {
  name: 'f',
  config_discovery: { type_urls: [type] },
  typed_config: { '@type': type, config: { name: 'f', failure_policy: 'x', vm_config: { code } } },
};
const state = { listener: { filters: [filter] }, last_updated: '2026-01-01T00:00:00Z' };
const dump = {
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      static_listeners: [state],
      dynamic_listeners: [{ active_state: state, warming_state: state, error_state: { details: 'x' } }],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump',
      ecds_filters: [{ ecds_filter: filter, version_info: '1', last_updated: 'x' }],
    },
  ],
};

/** The value as often as it has fields, each time with `garbage` in the place of another one. */
function spoiled(value: unknown, garbage: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [garbage];
  const rest = Object.entries(value).flatMap(([key, item]) =>
    spoiled(item, garbage).map(wrong =>
      Array.isArray(value)
        ? value.map((old: unknown, index) => (index === Number(key) ? wrong : old))
        : { ...value, [key]: wrong },
    ),
  );
  return [garbage, ...rest];
}

it.each([[null], [0], ['x'], [[]], [[null]], [{ a: null }]])(
  'a dump with %j in the place of any of its fields gives a row',
  async garbage => {
    for (const wrong of spoiled(dump, garbage)) {
      const admin = {
        url: 'http://127.0.0.1:9901',
        text: () => Promise.resolve('wasm.f.vm_reload_success: 1\n'),
        json: () => Promise.resolve(wrong),
        post: () => Promise.resolve(''),
        stats: () => Promise.resolve({}),
      };
      expect(await envoyStatus(admin, { id: 'f', expected: 'sha256:cd' })).toMatchObject({ filter: 'f' });
      for (const name of await filterNames([admin])) expect(name).toBeTypeOf('string');
    }
  },
);

const deep = '{"configs":' + '['.repeat(50_000) + ']'.repeat(50_000) + '}';

it.each(['ftp://127.0.0.1:9901', 'unix:///run/envoy.sock'])('the admin address %s is refused', address => {
  expect(() => envoyAdmin(address, newMachine().system)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(address) as string }) as Error,
  );
});

describe('a page of the admin interface', () => {
  it.each([
    ['null', 'null', 'answered with JSON that is not an object: null'],
    ['a list', '[]', 'answered with JSON that is not an object: []'],
    ['a number', '5', 'answered with JSON that is not an object: 5'],
    ['half of a document', '{"configs": [', 'did not answer with JSON: {"configs": ['],
    ['HTML with an escape', '<h1>\u001b[2J</h1>', 'did not answer with JSON: <h1>\\x1b[2J</h1>'],
    ['50,000 lists in each other', deep, 'answered with JSON that is nested more than 1000 levels deep'],
  ])('%s is refused', (_title, text, message) => {
    expect(() => parseAnswer(text, 'envoy.example')).toThrow(`envoy.example ${message}`);
  });

  it('that is nested too deeply makes a row of wasme status', async () => {
    const server = createServer((_request, response) => response.end(deep));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const asked = await newMachine().wasme('status', 'envoy', '--id', 'f', '--admin', String(port));
    expect(asked.stdout).toMatch(/ f +unreachable .* nested more than 1000 levels deep/);
    expect(asked.exitCode).toBe(1);
  });
});

it.each([
  ['null', 'NETWORK'],
  ['{}', 'DEPLOY_REJECTED'],
  ['{"listener_statuses":{"name":"main"}}', 'DEPLOY_REJECTED'],
  ['{"listener_statuses":[null,{"name":"main"}]}', 'DEPLOY_REJECTED'],
  ['{"listener_statuses":[{"name":"main","local_address":{"socket_address":null}}]}', 'DEPLOY_REJECTED'],
])('an Envoy that answers /listeners with %s has no port: %s', async (listeners, code) => {
  const server = createServer((request, response) =>
    response.end(request.url === '/ready' ? 'LIVE' : listeners),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const dir = mkdtempSync(join(tmpdir(), 'wasme-envoy-test-'));
  const program = join(dir, 'envoy');
  // Arguments: -c FILE --admin-address-path FILE …
  writeFileSync(program, `#!/bin/sh\nprintf 127.0.0.1:${port} > "$4"\nexec sleep 60\n`);
  chmodSync(program, 0o755);
  const envoy = await startEnvoy(
    { envoy: { kind: 'binary', program, args: () => [] }, bootstrap: '' },
    newMachine().system,
  );
  onTestFinished(async () => {
    await envoy.stop();
    server.close();
    rmSync(dir, { recursive: true });
  });
  await expect(envoy.port('main')).rejects.toMatchObject({ code });
});
