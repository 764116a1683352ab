/** The store: a layout folder that stays whole under parallel writers, damage and sweeps. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../src/io/sha256.ts';
import { copy } from '../../../../src/oci/copy.ts';
import { OciLayout } from '../../../../src/oci/store/oci-layout.ts';
import { packImage } from '../../../../src/oci/packaging/formats/index.ts';
import { type Descriptor, fetchBytes, graphDescriptor, graphSource } from '../../../../src/oci/target.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';
import { moduleOfSize } from '../../../helpers/guests/images.ts';

const graph = packImage('oci', moduleOfSize(5000));
const root = graphDescriptor(graph);

function newStore(): { store: OciLayout; put: (name: string, of?: typeof graph) => Promise<unknown> } {
  const { cwd, system } = newMachine();
  const store = new OciLayout(join(cwd, 'store'), system);
  return {
    store,
    put: (name, of = graph) =>
      copy(graphSource(of), graphDescriptor(of), store, { ...system, names: [name] }),
  };
}

const wasmBlob = graph.blobs.find(({ descriptor }) => descriptor.size > 5000)!.descriptor;

describe('a layout folder', () => {
  it('has the files of the specification', async () => {
    const { store, put } = newStore();
    await put('r.example/a:v1');
    expect(JSON.parse(readFileSync(join(store.dir, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(JSON.parse(readFileSync(join(store.dir, 'index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...root, annotations: { 'org.opencontainers.image.ref.name': 'r.example/a:v1' } }],
    });
    for (const hex of readdirSync(join(store.dir, 'blobs', 'sha256'))) {
      expect(digestOf(readFileSync(join(store.dir, 'blobs', 'sha256', hex)))).toBe(`sha256:${hex}`);
    }
    expect(readdirSync(join(store.dir, 'ingest'))).toEqual([]);
  });

  it('loses no name with parallel writers', async () => {
    const { store, put } = newStore();
    const names = Array.from({ length: 30 }, (_, index) => `r.example/a:v${index}`);
    await Promise.all(names.map(name => put(name)));
    expect((await store.list()).map(({ name }) => name).sort()).toEqual(names.sort());
    expect(existsSync(join(store.dir, 'index.lock'))).toBe(false);
  });

  it('takes over the lock of a dead process, not of a live one', async () => {
    const { store, put } = newStore();
    mkdirSync(store.dir, { recursive: true });
    writeFileSync(join(store.dir, 'index.lock'), `999999999 ${(await import('node:os')).hostname()} x\n`);
    await put('r.example/a:v1');
    expect(await store.list()).toHaveLength(1);
  });

  it('removes a damaged blob when it is read, so that the next pull brings it back', async () => {
    const { store, put } = newStore();
    await put('r.example/a:v1');
    const path = store.blobPath(wasmBlob.digest);
    const bytes = readFileSync(path);
    bytes[100] = bytes[100]! ^ 1;
    chmodSync(path, 0o644);
    writeFileSync(path, bytes);
    await expect(fetchBytes(store, wasmBlob)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(fetchBytes(store, wasmBlob)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    await put('r.example/a:v1');
    expect((await fetchBytes(store, wasmBlob)).length).toBe(wasmBlob.size);
  });

  it('keeps no content that fails the digest check', async () => {
    const { store } = newStore();
    const wrong: Descriptor = { ...wasmBlob, digest: digestOf('other') };
    const source = graphSource(graph);
    await expect(store.push(wrong, { open: () => source.fetch(wasmBlob) })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(readdirSync(join(store.dir, 'ingest'))).toEqual([]);
    expect(await store.exists(wrong)).toBe(false);
  });

  it('resumes the part that an interrupted download left', async () => {
    const { store } = newStore();
    const big = packImage('oci', moduleOfSize(3_000_000));
    const blob = big.blobs.find(({ descriptor }) => descriptor.size > 3_000_000)!;
    const bytes = await fetchBytes(graphSource(big), blob.descriptor, 4_000_000);
    const asked: number[] = [];
    const source = (cut: number | undefined) => ({
      async *open(from = 0) {
        asked.push(from);
        yield await Promise.resolve(bytes.subarray(from, cut));
        if (cut !== undefined) throw new Error('the line went dead');
      },
    });
    await expect(store.push(blob.descriptor, source(2_000_000))).rejects.toThrow('the line went dead');
    expect(await store.exists(blob.descriptor)).toBe(false);
    const progress: number[] = [];
    await store.push(blob.descriptor, source(undefined), { onProgress: bytes => progress.push(bytes) });
    expect(asked).toEqual([0, 2_000_000]);
    expect(progress.reduce((sum, bytes) => sum + bytes, 0)).toBe(blob.descriptor.size);
    expect(digestOf(await fetchBytes(store, blob.descriptor, 4_000_000))).toBe(blob.descriptor.digest);
  });

  it('starts over when that part is damaged', async () => {
    const { store } = newStore();
    const blob = graph.blobs.find(({ descriptor }) => descriptor.digest === wasmBlob.digest)!;
    mkdirSync(join(store.dir, 'ingest'), { recursive: true });
    writeFileSync(join(store.dir, 'ingest', `${wasmBlob.digest.replace(':', '-')}.partial`), 'not it');
    const source = graphSource(graph);
    await store.push(blob.descriptor, { open: from => source.fetch(blob.descriptor, { from }) });
    expect(await store.exists(blob.descriptor)).toBe(true);
  });

  it('removes blobs that no name reaches, but none that a running copy relies on', async () => {
    const { store, put } = newStore();
    await put('r.example/a:v1');
    await store.untag('r.example/a:v1');
    const old = new Date(Date.now() - 60_000);
    for (const { descriptor } of graph.blobs) utimesSync(store.blobPath(descriptor.digest), old, old);
    await store.writing(async () => {
      expect(await store.prune()).toMatchObject({ blobs: 0 });
    });
    expect(await store.exists(wasmBlob)).toBe(true);
    utimesSync(store.blobPath(wasmBlob.digest), new Date(Date.now() + 5000), new Date(Date.now() + 5000));
    expect(await store.prune()).toMatchObject({ blobs: 2 });
    expect(await store.exists(wasmBlob)).toBe(true);
  });

  it.each([
    ['not JSON', '{'],
    ['another thing', '[]'],
    [
      'a digest that leads elsewhere',
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...root, digest: 'sha256:../../x' }] }),
    ],
  ])('refuses an index.json that is %s', async (_name, text) => {
    const { store } = newStore();
    mkdirSync(store.dir, { recursive: true });
    writeFileSync(join(store.dir, 'index.json'), text);
    await expect(store.list()).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    await expect(store.tag(root, 'a')).rejects.toThrow();
    expect(readFileSync(join(store.dir, 'index.json'), 'utf8')).toBe(text);
  });
});
