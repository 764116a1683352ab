import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { envoyStatus } from '../../../../../src/targets/envoy/status/status.ts';

it.each([
  ['http://127.0.0.1:9901', 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['http://[::1]:9901', 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  // A file of the same name is there, but is not the one that Envoy read.
  ['http://10.0.0.5:9901', undefined],
  ['Pod/bookinfo/details-1', undefined],
])('%s: whose files are read', async (url, digest) => {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-status-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const filename = join(dir, 'f.wasm');
  writeFileSync(filename, 'abc');
  const type = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
  const plugin = { '@type': type, config: { name: 'f', vm_config: { code: { local: { filename } } } } };
  const section = {
    '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
    static_listeners: [{ listener: { filters: [{ typed_config: plugin }] } }],
  };
  const admin = {
    url,
    text: () => Promise.resolve(''),
    json: () => Promise.resolve({ configs: [section] }),
    post: () => Promise.resolve(''),
    stats: () => Promise.resolve({}),
  };
  const row = await envoyStatus(admin, { id: 'f', expected: digest });
  expect(row).toMatchObject({ state: 'loaded', digest });
});
