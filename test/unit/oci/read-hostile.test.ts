/** Images made to hurt the reader: every cap has a test, and nothing is ever written anywhere. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { imageOf, jsonBytes } from '../../../src/oci/packaging/formats/packaging.ts';
import { packImage } from '../../../src/oci/packaging/formats/index.ts';
import { maxModuleBytes } from '../../../src/io/files/file-limits.ts';
import { maxManifestBytes } from '../../../src/oci/limits.ts';
import * as types from '../../../src/oci/media-types.ts';
import { readImage } from '../../../src/oci/read/read-image.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import { maxTarEntries, readTar } from '../../../src/oci/packaging/tar.ts';
import {
  type GraphBlob,
  type ImageGraph,
  type Source,
  blobOf,
  graphSource,
} from '../../../src/oci/target.ts';
import { type ForeignEntry, emptyModule, foreignTar, memorySource } from '../../helpers/guests/images.ts';

const config = blobOf(types.ociConfig, Buffer.from('{}'));
const image = (...layers: GraphBlob[]): ImageGraph => imageOf({ config, layers });
const tgz = (tar: Uint8Array): GraphBlob => blobOf(types.ociLayerTarGzip, gzipSync(tar));
const tarImage = (...entries: ForeignEntry[]): ImageGraph => image(tgz(foreignTar(entries)));
const read = async (source: Source) => readImage(await openImage(source, 'latest'));
const readGraph = (graph: ImageGraph) => read(graphSource(graph));

describe('tar layers', () => {
  it.each(['1', '2', '3', '4', '6'])(
    'a link or device (type %s) named plugin.wasm is no module',
    async type => {
      const graph = tarImage({ path: 'plugin.wasm', type, link: '/etc/passwd' });
      await expect(readGraph(graph)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    },
  );

  it.each(['../../plugin.wasm', '/etc/plugin.wasm', 'a/../../plugin.wasm'])(
    'a path that leads out, %s, is a name and no path',
    async path => {
      const { module } = await readGraph(tarImage({ path, bytes: emptyModule }));
      expect(Buffer.from(module).equals(emptyModule)).toBe(true);
    },
  );

  it('a tar that is cut short is refused', async () => {
    const tar = foreignTar([{ path: 'plugin.wasm', bytes: Buffer.alloc(4096, 1) }]).subarray(0, 1500);
    await expect(readGraph(image(tgz(tar)))).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('not a readable tar') as string,
    });
  });

  it('a header that claims more bytes than the layer has is refused', async () => {
    const graph = tarImage({ path: 'plugin.wasm', bytes: emptyModule, size: 0o77777777777 });
    await expect(readGraph(graph)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it('a tar with too many entries is refused', async () => {
    const tar = foreignTar(Array.from({ length: maxTarEntries + 1 }, (_, index) => ({ path: `f${index}` })));
    await expect(readTar(tar, () => false)).rejects.toThrow(`more than ${maxTarEntries} entries`);
  });

  it('a name of 100 kB is dropped, the archive is still read', async () => {
    const long = { path: '././@LongLink', type: 'L', bytes: Buffer.alloc(100_000, 'x') };
    const tar = foreignTar([long, { path: 'plugin.wasm', bytes: emptyModule }]);
    expect((await readTar(tar, () => true)).map(entry => entry.path)).toEqual(['plugin.wasm']);
  });

  it('a gigabyte of zeros in a megabyte of gzip is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(maxModuleBytes + (2 << 20)), { level: 9 });
    const failure = readGraph(image(blobOf(types.ociLayerTarGzip, bomb)));
    await expect(failure).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('unpacks to more than') as string,
    });
  });

  it('damaged gzip is refused', async () => {
    const bytes = gzipSync(foreignTar([{ path: 'plugin.wasm', bytes: emptyModule }]));
    bytes.fill(0xff, 20, 30);
    await expect(readGraph(image(blobOf(types.ociLayerTarGzip, bytes)))).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
    });
  });

  it('several modules without a plugin.wasm are refused', async () => {
    const graph = tarImage({ path: 'a.wasm', bytes: emptyModule }, { path: 'b.wasm', bytes: emptyModule });
    await expect(readGraph(graph)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('no Wasm module') as string,
    });
  });
});

describe('manifests', () => {
  const withManifest = (bytes: Uint8Array): Source => memorySource([bytes], packImage('compat', emptyModule));

  it('of 100 MB is refused by its size, before it is fetched', async () => {
    const source: Source = {
      label: 'a registry',
      resolve: () =>
        Promise.resolve({
          mediaType: types.ociManifest,
          digest: `sha256:${'0'.repeat(64)}`,
          size: 100_000_000,
        }),
      fetch: () => expect.unreachable('it was fetched'),
    };
    await expect(read(source)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(`the limit is ${maxManifestBytes}`) as string,
    });
  });

  it.each([
    [
      'deep JSON',
      `{"mediaType":"${types.ociManifest}","config":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    ],
    [
      'an image that is also an index',
      `{"schemaVersion":2,"mediaType":"${types.ociManifest}","manifests":[],"layers":[]}`,
    ],
    [
      'a digest of sha1',
      `{"schemaVersion":2,"mediaType":"${types.ociManifest}","config":{"mediaType":"a/b","digest":"sha1:${'0'.repeat(40)}","size":1},"layers":[]}`,
    ],
    [
      'a layer of minus one byte',
      `{"schemaVersion":2,"mediaType":"${types.ociManifest}","config":{"mediaType":"a/b","digest":"sha256:${'0'.repeat(64)}","size":-1},"layers":[]}`,
    ],
  ])('%s', async (_title, text) => {
    await expect(read(withManifest(Buffer.from(text)))).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it('an index that contains itself is refused', async () => {
    const self = { mediaType: types.ociIndex, digest: `sha256:${'a'.repeat(64)}`, size: 10 };
    const index = jsonBytes({ schemaVersion: 2, mediaType: types.ociIndex, manifests: [self] });
    // No real index can hold its own digest; a server that lies about what it serves can.
    const source: Source = {
      label: 'a lying registry',
      resolve: () => Promise.resolve(self),
      fetch: () => blobOf('', index).open(),
    };
    await expect(read(source)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('leads back to itself') as string,
    });
  });

  it('indexes nested too deep are refused', async () => {
    const manifests: Uint8Array[] = [packImage('compat', emptyModule).manifest.bytes];
    for (let depth = 0; depth < 8; depth++) {
      const [inner = new Uint8Array(0)] = manifests;
      const child = await memorySource([inner], packImage('compat', emptyModule)).resolve('latest');
      manifests.unshift(jsonBytes({ schemaVersion: 2, mediaType: types.ociIndex, manifests: [child] }));
    }
    await expect(read(memorySource(manifests, packImage('compat', emptyModule)))).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('nested more than') as string,
    });
  });

  it.each([
    ['a Spin application', 'application/vnd.fermyon.spin.application.v1+config'],
    ['a Helm chart', 'application/vnd.cncf.helm.config.v1+json'],
  ])('%s is named in the error', async (name, type) => {
    const graph = imageOf({
      config: blobOf(type, Buffer.from('{}')),
      layers: [blobOf(types.vndLayer, emptyModule)],
    });
    await expect(readGraph(graph)).rejects.toMatchObject({
      code: 'IMAGE_UNSUPPORTED',
      message: expect.stringContaining(name) as string,
    });
  });
});
