/** Digests that every machine and every release must give for the same input. A change here changes every image. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../../src/io/sha256.ts';
import { gzip } from '../../../../../src/oci/packaging/gzip.ts';
import { packagings, packImage, type PackagingName } from '../../../../../src/oci/packaging/formats/index.ts';
import { described, emptyModule, largerModule, tarOf } from '../../../../helpers/guests/images.ts';

describe('the published test vector is reproduced for', () => {
  const tar = tarOf([{ name: 'plugin.wasm', bytes: emptyModule }]);

  it('tar', () => {
    expect([tar.length, digestOf(tar)]).toEqual([
      2048,
      'sha256:c3d9ad5a9bf0fd102dce99608c288325d1737e0702ae150e7bed231b655335d7',
    ]);
  });

  it('gzip', () => {
    const bytes = Buffer.concat(gzip([tar]));
    expect([bytes.length, digestOf(bytes)]).toEqual([
      2071,
      'sha256:00adb1e9854f37e9a500aba12ee39d9c5d2a0f113e09740e8dd83497f4efc13a',
    ]);
  });

  it('the config and manifest', () => {
    const { manifest, blobs } = packImage('compat', emptyModule);
    expect(blobs[0]?.descriptor).toMatchObject({
      size: 163,
      digest: 'sha256:736e9480176276a4ed732e3f10e39d5819d494a7257b20184c9e49d218b06c98',
    });
    expect([manifest.bytes.length, digestOf(manifest.bytes)]).toEqual([
      455,
      'sha256:e3ecddc0dc937fd6b83093ab1ed76463a0dbd27f42dfa24bcb4bb14a6c8dbcad',
    ]);
  });
});

/** As text, because a changed digest alone would not say what changed. */
const goldens = join(import.meta.dirname, '..', '..', '..', '..', 'fixtures', 'goldens', 'layouts');

describe('the manifest matches its golden file for', () => {
  it.each(Object.keys(packagings) as PackagingName[])('%s', async name => {
    const bare = text(packImage(name, emptyModule).manifest.bytes);
    const full = text(packImage(name, largerModule, described).manifest.bytes);
    const dated = text(
      packImage(name, largerModule, { ...described, created: '2024-05-06T07:08:09Z' }).manifest.bytes,
    );
    await expect(`${bare}\n${full}\n${dated}\n`).toMatchFileSnapshot(join(goldens, `${name}.txt`));
  });
});

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
