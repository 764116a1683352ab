/** Every layout against a real registry and real skopeo: the same bytes there and back, both ways. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { digestOf } from '../../../src/io/sha256.ts';
import type { ConvertResult } from '../../../src/convert.ts';
import type { InspectResult } from '../../../src/inspect.ts';
import { copy } from '../../../src/oci/copy.ts';
import { packImage } from '../../../src/oci/packaging/formats/index.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { openRegistry } from '../../../src/oci/registry/registry.ts';
import { signImage, signatureTag } from '../../../src/oci/signature/signature.ts';
import { graphDescriptor, graphSource } from '../../../src/oci/target.ts';
import { packagingNames } from '../../../src/project/names.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { guest } from '../../helpers/guests/guests.ts';
import { described } from '../../helpers/guests/images.ts';
import { realRegistry } from '../../helpers/servers/real-registry.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const module = guest('deploy-tag');

async function json<T>(machine: TestMachine, ...argv: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await machine.wasme(...argv, '--json', '--quiet');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

function skopeo(...args: string[]): Buffer {
  return execFileSync(tool('skopeo'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

describeWith(['docker-registry', 'skopeo'], 'layouts in a real registry', () => {
  it.each(packagingNames)('%s: pushed, read by skopeo, copied by it, read by us', async layout => {
    const registry = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), module);
    const reference = `${registry.host}/team/${layout}:v1`;
    const pushed = await json<ConvertResult>(
      machine,
      'convert',
      'm.wasm',
      reference,
      '--layout',
      layout,
      '--push',
    );

    const raw = skopeo('inspect', '--tls-verify=false', '--raw', `docker://${reference}`);
    expect(digestOf(raw)).toBe(pushed.digest);
    // skopeo describes only what has an ordinary image config; the others are artifacts to it.
    if (['compat', 'docker', 'higress'].includes(layout)) {
      const seen = JSON.parse(
        skopeo('inspect', '--tls-verify=false', `docker://${reference}`).toString(),
      ) as object;
      expect(seen).toMatchObject({ Digest: pushed.digest, Architecture: 'amd64', Os: 'linux' });
    }
    // To a folder and back under another name; a Docker manifest has no place in an OCI folder, so `dir:` there.
    const folder = layout === 'docker' ? `dir:${machine.cwd}/copy` : `oci:${machine.cwd}/copy:v1`;
    skopeo('copy', '--src-tls-verify=false', `docker://${reference}`, folder);
    const back = `${registry.host}/team/copied-${layout}:v1`;
    skopeo('copy', '--dest-tls-verify=false', folder, `docker://${back}`);
    const read = await json<InspectResult>(machine, 'inspect', back);
    // Without documents in front, Higress' layout is the default one.
    const seenAs = layout === 'higress' ? 'compat' : layout;
    expect(read.image).toMatchObject({
      place: 'registry',
      digest: pushed.digest,
      layout: seenAs,
      warnings: [],
    });
    expect(read.module?.sha256).toBe(digestOf(module).slice(7));
    if (layout !== 'docker') {
      const local = await json<InspectResult>(machine, 'inspect', './copy');
      expect(local.image).toMatchObject({ place: 'layout', digest: pushed.digest });
    }
    expect(read.verdicts).toEqual(
      (await json<InspectResult>(machine, 'inspect', reference)).verdicts.map(verdict => ({
        ...verdict,
        repair: verdict.repair?.replace(reference, back) ?? verdict.repair,
      })),
    );
  });

  it('an image that skopeo turned into Docker types keeps its layer and still loads', async () => {
    const registry = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), module);
    const [ours, theirs] = [`${registry.host}/team/a:v1`, `${registry.host}/team/a:v2s2`];
    await json(machine, 'convert', 'm.wasm', ours, '--push');
    skopeo(
      'copy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      '--format',
      'v2s2',
      `docker://${ours}`,
      `docker://${theirs}`,
    );
    const before = await json<InspectResult>(machine, 'inspect', ours);
    const after = await json<InspectResult>(machine, 'inspect', theirs);
    expect(after.image).toMatchObject({
      layout: 'docker',
      layers: [{ digest: before.image?.layers[0]?.digest }],
    });
    const verify = await machine.wasme(
      'verify',
      theirs,
      '--for',
      'istio@1.30,istio@1.14,envoy-gateway,higress,gcp',
    );
    expect(verify).toMatchObject({ exitCode: 0 });
  });

  it('an image that skopeo packed with zstd is read where Node can, else it says which Node can', async () => {
    const registry = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), module);
    await json(machine, 'convert', 'm.wasm', `${registry.host}/team/a:v1`, '--push');
    // It packs anew only what comes unpacked.
    const [from, plain] = [`docker://${registry.host}/team/a:v1`, `dir:${machine.cwd}/plain`];
    skopeo('copy', '--src-tls-verify=false', '--dest-decompress', from, plain);
    skopeo('copy', '--dest-compress', '--dest-compress-format', 'zstd', plain, `oci:${machine.cwd}/zstd:v1`);
    const { exitCode, stdout, stderr } = await machine.wasme('inspect', './zstd', '--json');
    expect(exitCode, stderr).toBe(0);
    const { image, module: found, problem } = JSON.parse(stdout) as InspectResult;
    expect(image?.layers[0]?.mediaType).toMatch(/tar\+zstd$/);
    if ('zstdDecompressSync' in zlib) expect(found?.sha256).toBe(digestOf(module).slice(7));
    else expect(problem).toContain('compressed with zstd, which this Node cannot read');
  });

  it.each(['compat', 'docker'] as const)('%s unpacks as an ordinary image', async layout => {
    const registry = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), module);
    const reference = `${registry.host}/team/a:v1`;
    await json(machine, 'convert', 'm.wasm', reference, '--layout', layout, '--push');
    skopeo(
      'copy',
      '--src-tls-verify=false',
      `docker://${reference}`,
      `docker-archive:${machine.cwd}/image.tar:a:v1`,
    );
    const names = execFileSync('tar', ['-tf', join(machine.cwd, 'image.tar')], { encoding: 'utf8' });
    const layer = /^([0-9a-f]{64})\.tar$/m.exec(names)?.[0] ?? '';
    mkdirSync(join(machine.cwd, 'out'));
    execFileSync('tar', ['-xf', join(machine.cwd, 'image.tar'), '-C', join(machine.cwd, 'out'), layer]);
    execFileSync('tar', ['-xf', join(machine.cwd, 'out', layer), '-C', join(machine.cwd, 'out')]);
    expect(readFileSync(join(machine.cwd, 'out', 'plugin.wasm')).equals(module)).toBe(true);
  });

  it('archives: ours to skopeo, skopeo’s to us, digests unchanged', async () => {
    const registry = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), module);
    for (const layout of packagingNames.filter(name => name !== 'docker')) {
      const reference = `${registry.host}/team/${layout}:v1`;
      const { digest } = await json<ConvertResult>(
        machine,
        'convert',
        'm.wasm',
        reference,
        '--layout',
        layout,
      );
      await json(machine, 'save', reference, '-o', 'ours.tar', '--force');
      skopeo(
        'copy',
        '--dest-tls-verify=false',
        `oci-archive:${machine.cwd}/ours.tar:${reference}`,
        `docker://${reference}`,
      );
      skopeo(
        'copy',
        '--src-tls-verify=false',
        `docker://${reference}`,
        `oci-archive:${machine.cwd}/${layout}.tar`,
      );
      const loaded = await json<{ images: { digest: string }[] }>(
        machine,
        'load',
        `${layout}.tar`,
        '--tag',
        `a/${layout}:v1`,
      );
      expect(loaded.images.map(image => image.digest)).toEqual([digest]);
    }
  });

  it('registry to registry: another layout, annotations kept, nothing in the store', async () => {
    const [from, to] = [await realRegistry(), await realRegistry()];
    const machine = newMachine();
    const graph = packImage('kubewarden', module, described);
    const target = openRegistry(parseReference(`${from.host}/team/a:v1`), machine.system);
    await copy(graphSource(graph), graphDescriptor(graph), target, { ...machine.system, names: ['v1'] });
    await target.close();
    const refused = await machine.wasme('verify', `${from.host}/team/a:v1`, '--for', 'istio');
    expect(refused.stdout).toContain(`repair: wasme convert ${from.host}/team/a:v1 --layout compat --push`);
    const result = await json<ConvertResult>(
      machine,
      'convert',
      `${from.host}/team/a:v1`,
      `${to.host}/mesh/a:v1`,
      '--push',
    );
    expect(result).toMatchObject({ from: 'kubewarden', layout: 'compat', place: 'registry' });
    const read = await json<InspectResult>(machine, 'inspect', `${to.host}/mesh/a:v1`);
    expect(read.image?.annotations).toMatchObject(described.annotations ?? {});
    expect(read.image?.runtimeConfig).toEqual(described.runtime);
    expect((await machine.wasme('verify', `${to.host}/mesh/a:v1`, '--for', 'istio')).exitCode).toBe(0);
  });

  it('signatures beside the image: found, counted, verified', async () => {
    const registry = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), module);
    const reference = `${registry.host}/team/a:v1`;
    const { digest } = await json<ConvertResult>(machine, 'convert', 'm.wasm', reference, '--push');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(machine.cwd, 'cosign.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    const parsed = parseReference(reference);
    const graph = signImage(parsed, digest, privateKey);
    const target = openRegistry(parsed, machine.system);
    await copy(graphSource(graph), graphDescriptor(graph), target, {
      ...machine.system,
      names: [signatureTag(digest)],
    });
    await target.close();
    expect((await json<InspectResult>(machine, 'inspect', reference)).image?.signatures).toBe(1);
    const good = await machine.wasme('verify', reference, '--for', 'istio', '--key', 'cosign.pub');
    expect(good).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('signature: good') as string });
  });
});
