/** Every packaging against every loader: the table of docs/images.md, and the images that the mesh loader was seen to take and to refuse. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type LoaderName, loaderNames, loaders, checkImage } from '../../../src/oci/compatibility/loaders.ts';
import { type PackagingName, packagings, packImage } from '../../../src/oci/packaging/formats/index.ts';
import { type ManifestParts, imageOf, jsonBytes } from '../../../src/oci/packaging/formats/packaging.ts';
import { maxModuleBytes } from '../../../src/io/files/file-limits.ts';
import * as types from '../../../src/oci/media-types.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import { type GraphBlob, type ImageGraph, blobOf, graphSource } from '../../../src/oci/target.ts';
import { root } from '../../helpers/tree.ts';
import {
  component,
  described,
  emptyModule,
  foreignTar,
  memorySource,
  tarOf,
} from '../../helpers/guests/images.ts';

const open = (graph: ImageGraph) => openImage(graphSource(graph), 'latest');

describe('each packaging is accepted by the documented loaders', () => {
  //                istio  1.12   eg     higress gloo  wasme  gcp    cncf   wasmcl kwctl
  const table: Record<PackagingName, string> = {
    compat: '       yes    yes    yes    yes     no    no     yes    no     no     no',
    docker: '       yes    yes    yes    yes     no    no     yes    no     no     no',
    oci: '          yes    yes    yes    yes     yes   yes    no     no     no     no',
    hybrid: '       yes    yes    yes    yes     yes   yes    no     no     no     no',
    cncf: '         no     no     no     no      no    no     no     yes    yes    no',
    raw: '          no     no     no     no      no    no     no     no     yes    no',
    kubewarden: '   no     no     no     no      no    no     no     no     no     yes',
    higress: '      yes    no     yes    yes     no    no     no     no     no     no',
  };

  it.each(Object.keys(packagings) as PackagingName[])('%s', async name => {
    const expected = table[name].trim().split(/\s+/);
    // wasmCloud runs components; everything else is asked about a core module.
    const verdicts = await Promise.all(
      loaderNames.map(async consumer => {
        const image = await open(
          packImage(name, consumer === 'wasmcloud' ? component : emptyModule, described),
        );
        return (await checkImage(consumer, image)).ok ? 'yes' : 'no';
      }),
    );
    expect(verdicts).toEqual(expected);
  });

  it.each(loaderNames)(
    '%s lists exactly the packagings that it loads, from which its repair is taken',
    name => {
      const column = loaderNames.indexOf(name);
      const loaded = Object.entries(table)
        .filter(([, row]) => row.trim().split(/\s+/)[column] === 'yes')
        .map(([layout]) => layout);
      expect([...loaders[name].takes].sort(), `src/oci/compatibility/loaders.ts: takes of ${name}`).toEqual(
        loaded.sort(),
      );
    },
  );

  it('docs/images.md names every layout in the table of clients', () => {
    const page = readFileSync(join(root, 'docs', 'images.md'), 'utf8');
    const [, head = ''] = /^\| (\| compat \|.*)$/m.exec(page) ?? [];
    expect([...head.matchAll(/\w+/g)].map(([word]) => word).sort()).toEqual(Object.keys(packagings).sort());
  });

  it('docs/images.md shows the same answers', () => {
    const page = readFileSync(join(root, 'docs', 'images.md'), 'utf8');
    for (const name of Object.keys(packagings) as PackagingName[]) {
      const shown = [
        ...(new RegExp(`^\\| \`${name}\` \\| (.*)$`, 'm').exec(page)?.[1] ?? '').matchAll(
          /\b(yes|no)\b(?= \\|)/g,
        ),
      ];
      const [istio, old, eg, higress, gloo, , gcp] = table[name].trim().split(/\s+/);
      expect(
        shown.map(([word]) => word),
        `docs/images.md: the row of ${name}`,
      ).toEqual([istio, old, eg, higress, gloo, gcp]);
    }
  });

  it.each(loaderNames.filter(name => name !== 'wasmcloud'))(
    'the packaging that repairs an image for %s loads there',
    async name => {
      for (const layout of Object.keys(packagings) as PackagingName[]) {
        const { ok, repair } = await checkImage(name, await open(packImage(layout, emptyModule, described)));
        if (ok) continue;
        expect(repair).not.toBeNull();
        const repaired = await open(packImage(repair ?? 'raw', emptyModule, described));
        expect((await checkImage(name, repaired)).ok).toBe(true);
      }
    },
  );
});

const config = blobOf(types.ociConfig, Buffer.from('{}'));
const image = (...layers: GraphBlob[]): ImageGraph => imageOf({ config, layers });
const tgz = (tar: Uint8Array, type = types.ociLayerTarGzip): GraphBlob => blobOf(type, gzipSync(tar));
const holding = (path: string, bytes: Uint8Array = emptyModule): GraphBlob =>
  tgz(foreignTar([{ path, bytes }]));
const readme = tgz(tarOf([{ name: 'README.md', bytes: Buffer.from('#') }]));
const dockerImage = (parts: Partial<ManifestParts>): ImageGraph =>
  imageOf({ mediaType: types.dockerManifest, config, layers: [], ...parts });

interface MeshCase {
  readonly title: string;
  readonly graph: ImageGraph;
  readonly istio: boolean;
  /** Istio 1.12 to 1.15, where it differs. */
  readonly legacy?: boolean;
  /** Part of the reason. */
  readonly says?: string;
}

const cases: readonly MeshCase[] = [
  {
    title: 'two tar layers, the module in the last',
    graph: image(readme, holding('plugin.wasm')),
    istio: true,
    legacy: false,
  },
  {
    title: 'two tar layers, the module in the first',
    graph: image(holding('plugin.wasm'), readme),
    istio: false,
    says: 'holds no file named plugin.wasm',
  },
  { title: 'three layers', graph: image(readme, readme, holding('plugin.wasm')), istio: true, legacy: false },
  {
    title: 'a zstd layer',
    graph: image(blobOf(types.ociLayerTarZstd, Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))),
    istio: false,
    says: 'tar+zstd, not',
  },
  {
    title: 'a plain tar',
    graph: image(blobOf(types.ociLayerTar, foreignTar([{ path: 'plugin.wasm', bytes: emptyModule }]))),
    istio: false,
    says: 'the last layer is',
  },
  {
    title: 'a plain tar typed as gzip',
    graph: image(blobOf(types.ociLayerTarGzip, foreignTar([{ path: 'plugin.wasm', bytes: emptyModule }]))),
    istio: false,
    says: 'not gzip-compressed',
  },
  { title: 'a sub-folder', graph: image(holding('a/b/plugin.wasm')), istio: true },
  { title: './plugin.wasm', graph: image(holding('./plugin.wasm')), istio: true },
  {
    title: 'Plugin.wasm',
    graph: image(holding('Plugin.wasm')),
    istio: false,
    says: 'no file named plugin.wasm',
  },
  {
    title: 'filter.wasm',
    graph: image(holding('filter.wasm')),
    istio: false,
    says: 'no file named plugin.wasm',
  },
  {
    title: 'a symbolic link',
    graph: image(
      tgz(
        foreignTar([
          { path: 'plugin.wasm', type: '2', link: 'x.wasm' },
          { path: 'x.wasm', bytes: emptyModule },
        ]),
      ),
    ),
    istio: false,
    says: 'is not WebAssembly',
  },
  {
    title: 'a folder of that name in front',
    graph: image(
      tgz(
        foreignTar([
          { path: 'plugin.wasm/', type: '5' },
          { path: 'plugin.wasm', bytes: emptyModule },
        ]),
      ),
    ),
    istio: false,
    says: 'is not WebAssembly',
  },
  {
    title: 'two of that name: the first counts',
    graph: image(
      tgz(
        foreignTar([
          { path: 'plugin.wasm', bytes: Buffer.from('text') },
          { path: 'x/plugin.wasm', bytes: emptyModule },
        ]),
      ),
    ),
    istio: false,
    says: 'is not WebAssembly',
  },
  {
    title: 'seven bytes',
    graph: image(holding('plugin.wasm', emptyModule.subarray(0, 7))),
    istio: false,
    says: 'is not WebAssembly',
  },
  { title: 'a component', graph: image(holding('plugin.wasm', component)), istio: true },
  {
    title: 'text',
    graph: image(holding('plugin.wasm', Buffer.from('(module)'))),
    istio: false,
    says: 'is not WebAssembly',
  },
  { title: 'no layers', graph: image(), istio: false, says: 'it has no layers' },
  {
    title: 'one layer of the bare type',
    graph: image(blobOf(types.soloLayer, emptyModule)),
    istio: false,
    says: 'must have two layers, this one has 1',
  },
  {
    title: 'two layers of CNCF type',
    graph: image(blobOf(types.wasmLayer, emptyModule), blobOf(types.wasmLayer, emptyModule)),
    istio: false,
    says: 'no layer has the type',
  },
  {
    title: 'a bare layer that is gzipped',
    graph: image(readme, tgz(emptyModule, types.soloLayer)),
    istio: false,
    says: 'is not WebAssembly',
  },
  {
    title: 'a Docker manifest with an OCI layer',
    graph: dockerImage({ layers: [holding('plugin.wasm')] }),
    istio: false,
    says: 'as a Docker image',
  },
  {
    title: 'a Docker manifest in the bare-module layout',
    graph: dockerImage({ layers: [config, blobOf(types.soloLayer, emptyModule)] }),
    istio: false,
    says: 'as a Docker image',
  },
  {
    title: 'an OCI manifest with a Docker layer',
    graph: image(tgz(foreignTar([{ path: 'plugin.wasm', bytes: emptyModule }]), types.dockerLayerTarGzip)),
    istio: false,
  },
];

describe('the mesh loader, for', () => {
  it.each(cases)('$title', async ({ graph, istio, legacy = istio, says = '' }) => {
    const opened = await open(graph);
    const verdict = await checkImage('istio', opened);
    expect(verdict).toMatchObject({ ok: istio, reason: expect.stringContaining(says) as string });
    expect((await checkImage('istio-1.12', opened)).ok).toBe(legacy);
    for (const same of ['envoy-gateway', 'higress'] as const) {
      expect(await checkImage(same, opened), same).toEqual({ ...verdict, repair: verdict.repair });
    }
  });

  it('a manifest without mediaType reads it as an OCI image', async () => {
    const graph = packImage('oci', emptyModule);
    const body = JSON.parse(Buffer.from(graph.manifest.bytes).toString()) as Record<string, unknown>;
    delete body['mediaType'];
    const bare = { ...graph, manifest: { ...graph.manifest, bytes: jsonBytes(body) } };
    expect((await checkImage('istio', await open(bare))).ok).toBe(true);
  });

  it('a module over the size limit refuses it without fetching it', async () => {
    const graph = packImage('compat', emptyModule);
    const text = Buffer.from(graph.manifest.bytes)
      .toString()
      .replace('"size":2071', `"size":${maxModuleBytes + 1}`);
    const verdict = await checkImage(
      'istio',
      await open({ ...graph, manifest: { ...graph.manifest, bytes: Buffer.from(text) } }),
    );
    expect(verdict).toMatchObject({
      ok: false,
      reason: expect.stringContaining("over the loader's limit") as string,
    });
  });
});

describe('an index', () => {
  const good = packImage('compat', emptyModule);
  const bad = packImage('cncf', emptyModule);
  const descriptor = async (graph: ImageGraph) => graphSource(graph).resolve('latest');
  const indexOf = async (...children: [ImageGraph, object | undefined][]) => {
    const manifests = await Promise.all(
      children.map(async ([graph, platform]) => ({
        ...(await descriptor(graph)),
        ...(platform === undefined ? {} : { platform }),
      })),
    );
    const bytes = jsonBytes({ schemaVersion: 2, mediaType: types.ociIndex, manifests });
    const blobs = { manifest: good.manifest, blobs: [...good.blobs, ...bad.blobs] };
    return openImage(memorySource([bytes, good.manifest.bytes, bad.manifest.bytes], blobs), 'latest');
  };
  const amd64 = { os: 'linux', architecture: 'amd64' };
  const wasip1 = { os: 'wasip1', architecture: 'wasm' };

  it('with one linux/amd64 child loads, and a note says which digest to pin', async () => {
    const { digest } = await descriptor(good);
    expect(await checkImage('istio', await indexOf([good, amd64]))).toMatchObject({
      ok: true,
      notes: [`pin ${digest}: the digest of the index never matches what is loaded`],
    });
  });

  it('is judged by its first suitable child, even when a later one would load', async () => {
    expect((await checkImage('istio', await indexOf([bad, amd64], [good, undefined]))).ok).toBe(false);
    expect((await checkImage('istio', await indexOf([bad, wasip1], [good, amd64]))).ok).toBe(true);
  });

  it('with wasm platforms only is refused', async () => {
    expect(await checkImage('istio', await indexOf([good, wasip1]))).toMatchObject({
      ok: false,
      reason: 'the index has no child for linux/amd64 (it has wasip1/wasm)',
      repair: 'compat',
    });
  });

  it.each<[LoaderName, boolean]>([
    ['gloo', false],
    ['cncf', false],
    ['kwctl', false],
    ['gcp', true],
  ])('is loaded by %s: %s', async (name, ok) => {
    expect((await checkImage(name, await indexOf([good, amd64]))).ok).toBe(ok);
  });
});

describe('Gloo and the old wasme', () => {
  it('load a single bare layer, which Istio refuses; the old wasme notes the missing config', async () => {
    const opened = await open(image(blobOf(types.soloLayer, emptyModule)));
    expect(await checkImage('gloo', opened)).toMatchObject({ ok: true });
    expect(await checkImage('wasme', opened)).toMatchObject({
      ok: true,
      notes: ['it has no runtime config: pull works, deploy does not know root ids and ABI'],
    });
  });
});

describe('Google Cloud', () => {
  it('refuses an image with a second file', async () => {
    const tar = tarOf([
      { name: 'plugin.wasm', bytes: emptyModule },
      { name: 'runtime-config.json', bytes: Buffer.from('{}') },
    ]);
    expect(await checkImage('gcp', await open(image(tgz(tar))))).toMatchObject({
      ok: false,
      reason: 'it must have exactly one file, /plugin.wasm; it has 2',
    });
  });
});
