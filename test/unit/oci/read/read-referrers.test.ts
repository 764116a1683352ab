/** Referrers by the API of OCI 1.1, and by the tag that stands in for it; both over HTTP. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../../../src/io/sha256.ts';
import { imageOf, jsonBytes } from '../../../../src/oci/packaging/formats/packaging.ts';
import { ociIndex } from '../../../../src/oci/media-types.ts';
import { fetchBundles, listReferrers } from '../../../../src/oci/read/read-referrers.ts';
import { openRegistry } from '../../../../src/oci/registry/registry.ts';
import { blobOf, graphDescriptor } from '../../../../src/oci/target.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';

const image = `sha256:${'ab'.repeat(32)}`;
const sbom = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${'cd'.repeat(32)}`,
  size: 700,
  artifactType: 'application/spdx+json',
  annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
};
const index = jsonBytes({ schemaVersion: 2, mediaType: ociIndex, manifests: [sbom] });
const listed = [
  { digest: sbom.digest, artifactType: sbom.artifactType, size: sbom.size, annotations: sbom.annotations },
];

/** A registry that knows exactly these paths. */
async function registryWith(paths: Readonly<Record<string, { type: string; body: Uint8Array }>>) {
  const server = createServer((request, response) => {
    const found = paths[request.url ?? ''];
    if (found === undefined) {
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"errors":[{"code":"NOT_FOUND"}]}');
      return;
    }
    response
      .writeHead(200, { 'content-type': found.type, 'docker-content-digest': digestOf(found.body) })
      .end(found.body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry = openRegistry({ host, repository: 'team/a' }, newMachine().system);
  onTestFinished(() => registry.close());
  return registry;
}

describe('referrers', () => {
  it('are listed by the API', async () => {
    const registry = await registryWith({
      [`/v2/team/a/referrers/${image}`]: { type: ociIndex, body: index },
    });
    expect(await listReferrers(registry, image)).toEqual(listed);
  });

  it('are listed by the fallback tag without the API', async () => {
    const path = `/v2/team/a/manifests/${image.replace(':', '-')}`;
    const registry = await registryWith({
      [path]: { type: ociIndex, body: index },
      [`/v2/team/a/manifests/${digestOf(index)}`]: { type: ociIndex, body: index },
    });
    expect(await listReferrers(registry, image)).toEqual(listed);
  });

  it('are an empty list without any, also when the API answers with another page', async () => {
    const page = { type: 'text/html', body: Buffer.from('<html>') };
    expect(await listReferrers(await registryWith({}), image)).toEqual([]);
    const odd = await registryWith({ [`/v2/team/a/referrers/${image}`]: page });
    expect(await listReferrers(odd, image)).toEqual([]);
  });
});

describe('bundles among the referrers', () => {
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const empty = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
  const artifact = (layerType: string, content: string) =>
    imageOf({ config: empty, layers: [blobOf(layerType, Buffer.from(content))] });

  /** A registry where these refer to the image, in its index under that type. */
  async function referring(all: readonly [artifactType: string | undefined, ReturnType<typeof artifact>][]) {
    const manifests = all.map(([artifactType, graph]) => ({ ...graphDescriptor(graph), artifactType }));
    const ociManifest = { type: 'application/vnd.oci.image.manifest.v1+json' };
    const paths = all.flatMap(([, { manifest, blobs }]) => [
      [`/v2/team/a/manifests/${digestOf(manifest.bytes)}`, { ...ociManifest, body: manifest.bytes }] as const,
      ...blobs.map(
        ({ descriptor: { digest } }) =>
          [`/v2/team/a/blobs/${digest}`, { type: 'text/plain', body: contents.get(digest)! }] as const,
      ),
    ]);
    const body = jsonBytes({ schemaVersion: 2, mediaType: ociIndex, manifests });
    return registryWith({
      [`/v2/team/a/referrers/${image}`]: { type: ociIndex, body },
      ...Object.fromEntries(paths),
    });
  }
  const contents = new Map(
    ['{}', 'one', 'two', 'other', 'x'.repeat(70_000)].map(text => [digestOf(text), Buffer.from(text)]),
  );

  it('are found by their own type, and where the index names that of the config', async () => {
    const registry = await referring([
      [type, artifact(type, 'one')],
      [empty.descriptor.mediaType, artifact(type, 'two')],
      [empty.descriptor.mediaType, artifact('text/plain', 'other')],
      ['application/spdx+json', artifact(type, 'other')],
    ]);
    expect((await fetchBundles(registry, image)).map(String)).toEqual(['one', 'two']);
  });

  it('are skipped when they are larger than any signature', async () => {
    const registry = await referring([[type, artifact(type, 'x'.repeat(70_000))]]);
    await expect(fetchBundles(registry, image)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });
});
