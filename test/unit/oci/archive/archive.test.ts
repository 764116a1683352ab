/** Archives: written, read back, the same bytes every time, and none of the broken ones accepted. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { maxUnpackedArchiveBytes } from '../../../../src/oci/limits.ts';
import { openArchive } from '../../../../src/oci/archive/read-archive.ts';
import { writeArchive } from '../../../../src/oci/archive/write-archive.ts';
import { type PackagingName, packagings, packImage } from '../../../../src/oci/packaging/formats/index.ts';
import { jsonBytes } from '../../../../src/oci/packaging/formats/packaging.ts';
import { readImage } from '../../../../src/oci/read/read-image.ts';
import { openImage } from '../../../../src/oci/read/open-image.ts';
import { type Source, graphSource } from '../../../../src/oci/target.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';
import { described, emptyModule, foreignTar, largerModule } from '../../../helpers/guests/images.ts';

const imageNamed = async (layout: PackagingName, module = largerModule) => {
  const source = graphSource(packImage(layout, module, described));
  return { source, descriptor: await source.resolve(''), name: `registry.example/team/${layout}:v1` };
};

describe('an archive', () => {
  it('returns every image, byte for byte', async () => {
    const path = join(newMachine().cwd, 'images.tar');
    const images = await Promise.all(
      (Object.keys(packagings) as PackagingName[]).map(name => imageNamed(name)),
    );
    await writeArchive(path, images);
    const archive = await openArchive(path);
    expect(archive.images.map(image => image.name)).toEqual(images.map(image => image.name));
    for (const { name, descriptor } of images) {
      const image = await openImage(archive, name);
      expect(image.descriptor.digest).toBe(descriptor.digest);
      expect(Buffer.from((await readImage(image)).module).equals(largerModule)).toBe(true);
    }
  });

  it('has the same bytes every time, holds each blob once, and leaves no temporary file', async () => {
    const { cwd } = newMachine();
    const images = [await imageNamed('oci'), await imageNamed('hybrid')];
    const first = await writeArchive(join(cwd, 'a.tar'), images);
    await writeArchive(join(cwd, 'b.tar'), images);
    expect(readFileSync(join(cwd, 'a.tar')).equals(readFileSync(join(cwd, 'b.tar')))).toBe(true);
    // two manifests, one runtime config, one bare module, one tar layer
    expect(first.blobs).toBe(5);
    expect(readdirSync(cwd).sort()).toEqual(['a.tar', 'b.tar']);
  });

  it('leaves no file when writing fails', async () => {
    const { cwd } = newMachine();
    const good = await imageNamed('compat');
    const source: Source = {
      ...good.source,
      fetch: descriptor => {
        if (descriptor.mediaType.includes('tar')) throw new Error('the line went dead');
        return good.source.fetch(descriptor);
      },
    };
    const broken = { ...good, source };
    await expect(writeArchive(join(cwd, 'a.tar'), [broken])).rejects.toThrow('the line went dead');
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('lists its images when an unknown one is requested', async () => {
    const path = join(newMachine().cwd, 'a.tar');
    await writeArchive(path, [await imageNamed('compat')]);
    await expect((await openArchive(path)).resolve('x/y:z')).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      hint: 'it holds registry.example/team/compat:v1',
    });
  });
});

it("an image of buildx gets the full name of containerd's annotation, not the bare tag", async () => {
  const path = join(newMachine().cwd, 'buildx.tar');
  const name = 'registry.example/me/x:v1';
  const names = [
    { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': 'v1' },
    { 'io.containerd.image.name': '', 'org.opencontainers.image.ref.name': 'v2' },
    { 'org.opencontainers.image.ref.name': 'v3' },
  ];
  const { descriptor } = await imageNamed('compat');
  const manifests = names.map(annotations => ({ ...descriptor, annotations }));
  writeFileSync(
    path,
    foreignTar([{ path: 'index.json', bytes: jsonBytes({ schemaVersion: 2, manifests }) }]),
  );
  expect((await openArchive(path)).images.map(image => image.name)).toEqual([name, 'v2', 'v3']);
});

describe('an archive through gzip', () => {
  it('is read, with one gzip member or several, as by skopeo', async () => {
    const { cwd } = newMachine();
    const image = await imageNamed('compat');
    await writeArchive(join(cwd, 'a.tar'), [image]);
    const tar = readFileSync(join(cwd, 'a.tar'));
    const members = [tar.subarray(0, 700), tar.subarray(700)].map(part => gzipSync(part));
    for (const bytes of [gzipSync(tar), Buffer.concat(members)]) {
      writeFileSync(join(cwd, 'a.tar.gz'), bytes);
      const archive = await openArchive(join(cwd, 'a.tar.gz'));
      const opened = await openImage(archive, image.name);
      expect(Buffer.from((await readImage(opened)).module).equals(largerModule)).toBe(true);
    }
  });

  it('is refused when it is cut, damaged or a decompression bomb', async () => {
    const path = join(newMachine().cwd, 'a.tar.gz');
    const good = gzipSync(foreignTar([{ path: 'index.json', bytes: Buffer.alloc(3000, 'x') }]));
    const damaged = Buffer.from(good).fill(0xff, 20, 30);
    // A member of a megabyte of zeros, so often that the whole is over the limit.
    const member = gzipSync(Buffer.alloc(1 << 20));
    const bomb = Buffer.concat(Array.from({ length: maxUnpackedArchiveBytes / (1 << 20) + 1 }, () => member));
    for (const [bytes, says] of [
      [good.subarray(0, 60), 'its gzip data cannot be read'],
      [damaged, 'its gzip data cannot be read'],
      [bomb, `unpacks to more than ${maxUnpackedArchiveBytes} bytes`],
    ] as const) {
      writeFileSync(path, bytes);
      await expect(openArchive(path)).rejects.toMatchObject({
        code: 'IMAGE_INVALID',
        message: expect.stringContaining(says) as string,
      });
    }
  });
});

describe('a file that is not an archive of images', () => {
  const index = jsonBytes({ schemaVersion: 2, manifests: [] });
  const good = foreignTar([{ path: 'index.json', bytes: index }]);
  /** A size below zero, in base 256, with the right checksum: it would lead back to the start of the file. */
  const negativeSize = Buffer.from(good);
  negativeSize.fill(0xff, 124, 136);
  negativeSize.fill(' ', 148, 156);
  const sum = negativeSize.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  negativeSize.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const damagedByte = Buffer.from(good);
  damagedByte[0] = 0x7a;
  it.each<[string, Uint8Array, string, string]>([
    ...[
      ['bzip2', '425a6839314159265359'],
      ['xz', 'fd377a585a000004'],
      ['zstd', '28b52ffd'],
      ['lz4', '04224d18'],
      ['zip', '504b0304'],
    ].map(
      ([name = '', start = '']) =>
        [
          name,
          Buffer.concat([Buffer.from(start, 'hex'), Buffer.alloc(2000, 0xff)]),
          'IMAGE_UNSUPPORTED',
          `is compressed with ${name}, which wasme does not read`,
        ] as [string, Uint8Array, string, string],
    ),
    ['numbers that no tar has', Buffer.alloc(2000, 0x9f), 'IMAGE_INVALID', 'is not a tar archive'],
    [
      'numbers that no tar has, in the second header',
      Buffer.concat([foreignTar([{ path: 'a' }]).subarray(0, 512), Buffer.alloc(2000, 0x9f)]),
      'IMAGE_INVALID',
      'a header is not what a tar has',
    ],
    ['a negative size', negativeSize, 'IMAGE_INVALID', 'a header is not what a tar has'],
    ['text', Buffer.alloc(2000, 'x'), 'IMAGE_INVALID', 'is not a tar archive'],
    ['gzip', gzipSync(Buffer.alloc(2000, 'x'), { level: 0 }), 'IMAGE_INVALID', 'is not a tar archive'],
    ['a module', emptyModule, 'IMAGE_UNSUPPORTED', 'holds no images'],
    [
      'cut short',
      foreignTar([{ path: 'index.json', bytes: index, size: 99_999 }]),
      'IMAGE_INVALID',
      'it ends early',
    ],
    ['a flipped byte', damagedByte, 'IMAGE_INVALID', 'is not a tar archive'],
    [
      'two index.json',
      foreignTar([
        { path: 'index.json', bytes: index },
        { path: './index.json', bytes: index },
      ]),
      'IMAGE_INVALID',
      'holds index.json twice',
    ],
    [
      'docker save of old',
      foreignTar([{ path: 'manifest.json', bytes: Buffer.from('[]') }]),
      'IMAGE_UNSUPPORTED',
      'is a Docker archive',
    ],
    [
      'index.json is a link',
      foreignTar([{ path: 'index.json', type: '2', link: '/etc/passwd' }]),
      'IMAGE_UNSUPPORTED',
      'holds no images',
    ],
    [
      'index.json is an image',
      foreignTar([{ path: 'index.json', bytes: jsonBytes({ schemaVersion: 2, layers: [] }) }]),
      'IMAGE_INVALID',
      'fields of the other kind',
    ],
  ])('%s', async (_title, bytes, code, says) => {
    const path = join(newMachine().cwd, 'a.tar');
    writeFileSync(path, bytes);
    await expect(openArchive(path)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says) as string,
    });
  });

  it('fails when a blob is missing or does not match its digest', async () => {
    const { cwd } = newMachine();
    const image = await imageNamed('compat', emptyModule);
    await writeArchive(join(cwd, 'a.tar'), [image]);
    const bytes = readFileSync(join(cwd, 'a.tar'));
    bytes[bytes.indexOf('plugin.wasm') + 100] = 0x39;
    writeFileSync(join(cwd, 'lies.tar'), bytes);
    const opened = await openImage(await openArchive(join(cwd, 'lies.tar')), image.name);
    await expect(readImage(opened)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('fails when the path does not exist', async () => {
    await expect(openArchive('/nowhere/a.tar')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
