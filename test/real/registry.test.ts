import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copy } from '../../src/oci/copy.ts';
import { OciLayout } from '../../src/oci/layout.ts';
import { packImage } from '../../src/oci/layouts/index.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { openRegistry } from '../../src/oci/registry.ts';
import { graphDescriptor, graphSource } from '../../src/oci/target.ts';
import { newWorld } from '../helpers/cli.ts';
import { moduleOfSize } from '../helpers/images.ts';
import { account, realRegistry } from '../helpers/real-registry.ts';
import { describeWith, tool } from '../helpers/tools.ts';

describeWith(['docker-registry', 'skopeo', 'openssl'], 'a real registry', () => {
  it.each([
    ['anonymous', {}],
    ['with a password', { auth: 'basic' }],
    ['with tokens', { auth: 'token' }],
    ['over TLS', { tls: true, auth: 'basic' }],
  ] as const)('%s: push, pull, the same bytes', async (_name, options) => {
    const registry = await realRegistry(options);
    const { edges, cwd } = newWorld();
    const login = 'auth' in options ? account : {};
    const graph = packImage('compat', moduleOfSize(300_000));
    const root = graphDescriptor(graph);
    const reference = parseReference(`${registry.host}/team/filter:v1`);
    const target = openRegistry(reference, edges, { ...login, caFile: registry.caFile });
    const pushed = await copy(graphSource(graph), root, target, { ...edges, names: ['v1', 'latest'] });
    expect(pushed.copied.blobs).toBe(2);
    const again = await copy(graphSource(graph), root, target, { ...edges, names: ['v1'] });
    expect(again.copied.blobs).toBe(0);

    const store = new OciLayout(join(cwd, 'store'), edges);
    const found = await target.resolve('latest');
    expect(found).toEqual(root);
    await copy(target, found, store, { ...edges, names: ['filter:v1'] });
    const raw = execFileSync(tool('skopeo'), ['inspect', '--raw', `oci:${store.dir}:filter:v1`]);
    expect(raw.equals(Buffer.from(graph.manifest.bytes))).toBe(true);
    await target.close();
  });
});
