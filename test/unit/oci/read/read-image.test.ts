/** Reading: every layout we write, what others push, and what nobody should have pushed. */
import { describe, expect, it } from 'vitest';
import zlib, { gzipSync } from 'node:zlib';
import { type PackagingName, packagings, packImage } from '../../../../src/oci/packaging/formats/index.ts';
import { imageOf, jsonBytes } from '../../../../src/oci/packaging/formats/packaging.ts';
import * as types from '../../../../src/oci/media-types.ts';
import { readImage } from '../../../../src/oci/read/read-image.ts';
import { openImage } from '../../../../src/oci/read/open-image.ts';
import { type GraphBlob, type ImageGraph, blobOf, graphSource } from '../../../../src/oci/target.ts';
import {
  described,
  emptyModule,
  foreignTar,
  largerModule,
  memorySource,
  tarOf,
  zstdStored,
} from '../../../helpers/guests/images.ts';

const read = async (graph: ImageGraph) => readImage(await openImage(graphSource(graph), 'latest'));
const config = blobOf(types.ociConfig, Buffer.from('{}'));
const image = (...layers: GraphBlob[]): ImageGraph => imageOf({ config, layers });
const tgz = (tar: Uint8Array, type = types.ociLayerTarGzip): GraphBlob => blobOf(type, gzipSync(tar));
const named = (name: string, bytes: Uint8Array = emptyModule) => tgz(foreignTar([{ path: name, bytes }]));

describe('an image of wasme is read:', () => {
  it.each(Object.keys(packagings) as PackagingName[])(
    '%s gives back every byte and what was said',
    async name => {
      const result = await read(
        packImage(name, largerModule, { ...described, created: '2024-05-06T07:08:09Z' }),
      );
      expect(Buffer.from(result.module).equals(largerModule)).toBe(true);
      expect(result).toMatchObject({
        layout: { name },
        moduleKind: 'module',
        runtime: described.runtime,
        created: '2024-05-06T07:08:09Z',
        warnings: [],
      });
      expect(result.annotations).toMatchObject(described.annotations ?? {});
      expect(result.documents.map(document => document.name)).toEqual(
        name === 'higress' ? ['spec.yaml', 'README.md'] : [],
      );
    },
  );
});

describe('an image of another tool is read:', () => {
  it.each([
    ['./plugin.wasm', []],
    ['app/bin/plugin.wasm', []],
    ['../../plugin.wasm', []],
    ['/plugin.wasm', []],
    ['filter.wasm', ['the module is named filter.wasm; proxies look for plugin.wasm only']],
    ['Plugin.wasm', ['the module is named Plugin.wasm; proxies look for plugin.wasm only']],
  ])('a tar with %s', async (path, warnings) => {
    const result = await read(image(named(path)));
    expect([result.module, result.warnings]).toEqual([Buffer.from(emptyModule), warnings]);
  });

  it("runtime-config.json beside plugin.wasm, in the specification's snake case", async () => {
    const json = Buffer.from('{"abi_version":"v0.2.1","config":{"root_ids":["a","b"]}}');
    const tar = tarOf([
      { name: 'plugin.wasm', bytes: emptyModule },
      { name: 'runtime-config.json', bytes: json },
    ]);
    const { runtime } = await read(image(tgz(tar)));
    expect(runtime).toEqual({ type: 'envoy_proxy', abiVersions: ['v0.2.1'], rootIds: ['a', 'b'] });
  });

  it('a zstd tar, or an error names the Node version that it needs', async () => {
    const tar = tarOf([{ name: 'plugin.wasm', bytes: largerModule }]);
    const reading = read(image(blobOf(types.ociLayerTarZstd, zstdStored(tar))));
    if ('zstdDecompressSync' in zlib) {
      expect(Buffer.from((await reading).module).equals(largerModule)).toBe(true);
    } else {
      await expect(reading).rejects.toMatchObject({
        code: 'IMAGE_UNSUPPORTED',
        hint: expect.stringContaining('use Node 22.15 or newer') as string,
      });
    }
  });

  it('a plain tar under the type of a gzipped one', async () => {
    const tar = tarOf([{ name: 'plugin.wasm', bytes: emptyModule }]);
    expect((await read(image(blobOf(types.ociLayerTarGzip, tar)))).module).toEqual(Buffer.from(emptyModule));
    expect((await read(image(blobOf(types.ociLayerTar, tar)))).module).toEqual(Buffer.from(emptyModule));
  });

  it('a bare module under the type of a tar', async () => {
    const { warnings } = await read(image(blobOf(types.ociLayerTar, emptyModule)));
    expect(warnings).toEqual([
      `the layer typed ${types.ociLayerTar} is a bare module, not a tar: no proxy can read it`,
    ]);
  });

  it('a gzipped module under the type of a bare one', async () => {
    const { module, warnings } = await read(image(blobOf(types.soloLayer, gzipSync(emptyModule))));
    expect(module).toEqual(Buffer.from(emptyModule));
    expect(warnings[0]).toContain('is gzip-compressed; readers expect it bare');
  });

  it('the module in the first of two layers, with a warning', async () => {
    const other = tgz(tarOf([{ name: 'README.md', bytes: Buffer.from('#') }]));
    const { warnings } = await read(image(named('plugin.wasm'), other));
    expect(warnings).toEqual(['the module is in layer 1 of 2; Istio looks into the last one only']);
  });

  it('two files named plugin.wasm, with a warning', async () => {
    const tar = foreignTar([
      { path: 'a/plugin.wasm', bytes: emptyModule },
      { path: 'plugin.wasm', bytes: largerModule },
    ]);
    const { module, warnings } = await read(image(tgz(tar)));
    expect(module.length).toBe(8);
    expect(warnings).toEqual(['2 files are named plugin.wasm; proxies take the first, a/plugin.wasm']);
  });

  it('a hybrid with two different modules, with a warning', async () => {
    const { warnings } = await read(
      imageOf({ config, layers: [blobOf(types.soloLayer, largerModule), named('plugin.wasm')] }),
    );
    expect(warnings[0]).toContain('hold different modules');
  });

  it('a component', async () => {
    const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
    expect((await read(packImage('cncf', component))).moduleKind).toBe('component');
  });
});

describe('indexes', () => {
  const child = packImage('compat', emptyModule);
  const childSource = graphSource(child);

  it.each([
    ['the child without a platform', [{ os: 'linux', architecture: 'arm64' }, undefined]],
    [
      'linux/amd64',
      [
        { os: 'linux', architecture: 'arm64' },
        { os: 'linux', architecture: 'amd64' },
      ],
    ],
    [
      'wasi/wasm',
      [
        { os: 'linux', architecture: 'arm64' },
        { os: 'wasi', architecture: 'wasm' },
      ],
    ],
    ['the only child', [{ os: 'plan9', architecture: 'mips' }]],
    [
      'all but an attestation',
      [
        { os: 'unknown', architecture: 'unknown' },
        { os: 'plan9', architecture: 'mips' },
      ],
    ],
  ])('%s is chosen', async (_title, platforms) => {
    const good = await childSource.resolve('latest');
    const manifests = platforms.map((platform, index) => ({
      ...(index === platforms.length - 1 ? good : { ...good, digest: `sha256:${'1'.repeat(64)}` }),
      ...(platform === undefined ? {} : { platform }),
    }));
    const index = jsonBytes({ schemaVersion: 2, mediaType: types.ociIndex, manifests });
    const opened = await openImage(memorySource([index, child.manifest.bytes], child), 'latest');
    expect(opened.descriptor.digest).toBe(good.digest);
    expect(opened.index?.index.manifests).toHaveLength(platforms.length);
  });

  it('an unknown --platform fails and lists the platforms', async () => {
    const good = await childSource.resolve('latest');
    const index = jsonBytes({
      schemaVersion: 2,
      mediaType: types.ociIndex,
      manifests: [{ ...good, platform: { os: 'linux', architecture: 'arm64' } }],
    });
    const source = memorySource([index, child.manifest.bytes], child);
    await expect(openImage(source, 'latest', { platform: 'linux/s390x' })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: 'the index has no child for linux/s390x; it has linux/arm64',
    });
  });
});
