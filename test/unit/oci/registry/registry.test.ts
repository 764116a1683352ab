/** The registry client against everything that registries were seen to do differently. */
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { maxManifestBytes } from '../../../../src/oci/limits.ts';
import * as types from '../../../../src/oci/media-types.ts';
import { copy } from '../../../../src/oci/copy.ts';
import { listTags } from '../../../../src/oci/registry/lists.ts';
import {
  type RegistryTarget,
  type RegistryTargetOptions,
  openRegistry,
} from '../../../../src/oci/registry/registry.ts';
import { packImage } from '../../../../src/oci/packaging/formats/index.ts';
import { fetchBytes, graphDescriptor, graphSource } from '../../../../src/oci/target.ts';
import { silentReporter } from '../../../../src/reporter.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';
import { moduleOfSize } from '../../../helpers/guests/images.ts';
import {
  type FakeRegistry,
  type Switches,
  account,
  fakeRegistry,
} from '../../../helpers/servers/registry.ts';

const graph = packImage('oci', moduleOfSize(300_000));
const root = graphDescriptor(graph);
const manifest: unknown = JSON.parse(Buffer.from(graph.manifest.bytes).toString());
const layer = graph.blobs.find(blob => blob.descriptor.size > 300_000)!.descriptor;

function open(registry: Pick<FakeRegistry, 'host'>, options: RegistryTargetOptions = {}): RegistryTarget {
  return openRegistry({ host: registry.host, repository: 'team/filter' }, newMachine().system, {
    retryDelayMs: 1,
    ...options,
  });
}

async function push(target: RegistryTarget): Promise<void> {
  const { system } = newMachine();
  await copy(graphSource(graph), root, target, { ...system, names: ['v1'] });
}

/** Something that answers every request with the same, whatever was asked. */
async function servesManifest(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A registry that has the image, then behaves as `switches` say. */
async function holding(switches: Partial<Switches>): Promise<FakeRegistry> {
  const registry = await fakeRegistry();
  await push(open(registry));
  Object.assign(registry.switches, switches);
  registry.log.length = 0;
  registry.seen.registry.length = 0;
  return registry;
}

const failure = async (
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string }> => {
  try {
    await promise;
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message: string; hint?: string };
    return { code: code ?? '', message, hint: hint ?? '' };
  }
  throw new Error('did not fail');
};

describe('push', () => {
  it.each<Partial<Switches>>([
    { location: 'path' },
    { location: 'absolute' },
    { location: 'withState' },
    { headBlob: 405 },
    { digestHeader: 'none' },
    { fail: { status: 503, times: 3 } },
    { fail: { status: 429, times: 1, retryAfter: '0' } },
    { fail: { status: 500, times: 1, retryAfter: new Date(0).toUTCString() } },
    { auth: 'basic' },
    { auth: 'bearer' },
    { auth: 'bearer', tokenField: 'access_token' },
    { maxBodyBytes: 17 * 1024 * 1024 },
  ])('works with %j', async switches => {
    const registry = await fakeRegistry(switches);
    await push(open(registry, switches.auth ? account : {}));
    expect(registry.tags.get('team/filter:v1')).toBe(root.digest);
    expect([...registry.blobs.keys()].sort()).toEqual(graph.blobs.map(blob => blob.descriptor.digest).sort());
  });

  it('uploads in pieces, each to the place that the last answer named', async () => {
    const registry = await fakeRegistry({ location: 'withState' });
    await push(open(registry, { chunkBytes: 100_000 }));
    expect(registry.count(/^PATCH/)).toBe(5);
    expect(registry.blobs.get(layer.digest)?.length).toBe(layer.size);
  });

  it("uploads no smaller pieces than the registry's minimum", async () => {
    const registry = await fakeRegistry({ chunkMinLength: 150_000 });
    await push(open(registry, { chunkBytes: 100_000 }));
    expect(registry.count(/^PATCH/)).toBe(Math.ceil(layer.size / 150_000) + 1);
    expect(registry.blobs.get(layer.digest)?.length).toBe(layer.size);
  });

  it('continues in pieces when one piece is too large', async () => {
    const registry = await fakeRegistry({ maxBodyBytes: 1 });
    const error = await failure(push(open(registry)));
    expect(error).toMatchObject({
      code: 'REGISTRY_REFUSED',
      hint: expect.stringContaining('size limit') as string,
    });
    expect(registry.count(/^PATCH/)).toBeGreaterThan(0);
  });

  it('sends no blob to another host', async () => {
    const registry = await fakeRegistry({ location: 'foreignHost' });
    expect(await failure(push(open(registry)))).toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: expect.stringContaining('sends the upload to') as string,
    });
    expect(registry.seen.storage).toEqual([]);
  });

  it('requests one token for parallel uploads, and sends it to the registry only', async () => {
    const registry = await fakeRegistry({ auth: 'bearer' });
    await push(open(registry, account));
    expect(registry.seen.tokens).toHaveLength(1);
    expect(registry.seen.tokens[0]).toMatch(/^Basic /);
    expect(registry.seen.registry.filter(value => value?.startsWith('Basic'))).toEqual([]);
  });

  it('requests a new token when one expired', async () => {
    const registry = await fakeRegistry({ auth: 'bearer' });
    const target = open(registry, account);
    await push(target);
    registry.forgetTokens();
    await target.tag(root, 'v2');
    expect(registry.tags.get('team/filter:v2')).toBe(root.digest);
    expect(registry.seen.tokens).toHaveLength(2);
  });

  it.each([404, 405, 'ok'] as const)('uses an identity token (refresh grant: %s)', async refreshGrant => {
    const registry = await fakeRegistry({ auth: 'bearer', refreshGrant });
    const pushed = push(open(registry, { identityToken: 'refresh-me', username: 'me' }));
    if (refreshGrant === 'ok') await pushed;
    else expect(await failure(pushed)).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    if (refreshGrant === 'ok') expect(registry.seen.tokens).toEqual([undefined]);
  });

  it.each([
    ['wrong credentials', { username: 'me', password: 'no' }, 'refused user "me" from the command line'],
    ['no credentials', {}, 'log in first'],
  ])('explains %s', async (_name, credentials, hint) => {
    for (const auth of ['basic', 'bearer'] as const) {
      const error = await failure(push(open(await fakeRegistry({ auth }), credentials)));
      expect(error).toMatchObject({
        code: 'REGISTRY_UNAUTHORIZED',
        hint: expect.stringContaining(hint) as string,
      });
      expect(JSON.stringify(error)).not.toContain('bWU6');
    }
  });

  it('fails for a registry that rewrites manifests', async () => {
    const registry = await fakeRegistry({ rewriteManifest: true });
    expect(await failure(push(open(registry)))).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it.each([
    ['json', '503 UNKNOWN: not now'],
    ['plain', '503 not now'],
    ['html', '503'],
    ['empty', '503'],
  ] as const)('quotes an error body of kind %s', async (errors, text) => {
    const registry = await fakeRegistry({ errors, fail: { status: 503, times: 99 } });
    const error = await failure(open(registry).resolve('v1'));
    expect(error).toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: `cannot pull ${registry.host}/team/filter:v1: ${text}`,
    });
  });

  it('limits the wait that a registry asks for', async () => {
    const registry = await fakeRegistry({ fail: { status: 429, times: 99, retryAfter: '3600' } });
    expect(await failure(push(open(registry)))).toMatchObject({
      code: 'REGISTRY_RATE_LIMITED',
      hint: expect.stringContaining('3600 s') as string,
    });
  });

  it('shows a warning of the registry once', async () => {
    const registry = await fakeRegistry({ warning: 'this registry moves on \\"Friday\\"' });
    const warnings: string[] = [];
    const system = {
      ...newMachine().system,
      reporter: { ...silentReporter, warn: (text: string) => void warnings.push(text) },
    };
    const target = openRegistry({ host: registry.host, repository: 'a' }, system);
    await copy(graphSource(graph), root, target, { ...system, names: ['v1'] });
    expect(warnings).toEqual([`${registry.host} says: this registry moves on "Friday"`]);
  });
});

describe('pull', () => {
  it.each<Partial<Switches>>([
    { redirectBlobs: true },
    { digestHeader: 'none' },
    { cutBlob: { afterBytes: 1, times: 1 } },
    { cutBlob: { afterBytes: 100_000, times: 3 } },
    { cutBlob: { afterBytes: 200_000, times: 1 }, range: 200 },
    { cutBlob: { afterBytes: 200_000, times: 1 }, range: 416 },
    { cutBlob: { afterBytes: 200_000, times: 1 }, redirectBlobs: true },
  ])('gets the same bytes with %j', async switches => {
    const registry = await holding(switches);
    const bytes = await fetchBytes(open(registry), layer, layer.size);
    expect(bytes.equals(registry.blobs.get(layer.digest)!)).toBe(true);
  });

  it('resumes with Range where a transfer broke', async () => {
    const registry = await holding({ cutBlob: { afterBytes: 100_000, times: 2 } });
    await fetchBytes(open(registry), layer, layer.size);
    expect(registry.count(/^GET .*blobs/)).toBe(3);
  });

  it('fails for a registry that makes no progress', async () => {
    const registry = await holding({ cutBlob: { afterBytes: 0, times: 99 } });
    expect(await failure(fetchBytes(open(registry), layer, layer.size))).toMatchObject({ code: 'NETWORK' });
    expect(registry.count(/^GET .*blobs/)).toBe(5);
  });

  it('sends no credentials to storage', async () => {
    const registry = await holding({ redirectBlobs: true, auth: 'basic' });
    await fetchBytes(open(registry, account), layer, layer.size);
    expect(registry.seen.storage).toEqual([undefined]);
    expect(registry.seen.registry.at(-1)).toMatch(/^Basic/);
  });

  it.each<Partial<Switches>>([{ flipByte: true }, { digestHeader: 'wrong' }])(
    'notices other bytes with %j',
    async switches => {
      const registry = await holding(switches);
      const target = open(registry);
      const pulled = (async () => {
        await target.resolve('v1');
        await fetchBytes(target, layer, layer.size);
      })();
      expect(await failure(pulled)).toMatchObject({ code: 'DIGEST_MISMATCH' });
    },
  );

  it.each<[what: string, type: string, body: string, says: string]>([
    ['a page of HTML', 'text/html', '<html>sign in</html>', 'the manifest is not JSON'],
    ['an image under the type of an index', types.ociIndex, JSON.stringify(manifest), 'but is served as'],
    ['a list under the type of an image', types.ociManifest, '[]', 'is not a JSON object'],
    ['an artifact of Docker schema 1', types.ociManifest, '{"schemaVersion":1}', 'Docker schema 1'],
  ])('a manifest that is %s is refused', async (_what, type, body, says) => {
    const host = await servesManifest(response => {
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    expect(await failure(open({ host }).resolve('v1'))).toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(says) as string,
    });
  });

  it('a manifest of 100 MB is abandoned at the limit', async () => {
    let sent = 0;
    const host = await servesManifest(response => {
      response.writeHead(200, { 'content-type': types.ociManifest, 'content-length': '100000000' });
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const more = (): void => {
        while (!response.destroyed && sent < 100_000_000) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    });
    expect(await failure(open({ host }).resolve('v1'))).toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(`more than ${maxManifestBytes} bytes`) as string,
    });
    // What the sockets between us hold comes on top.
    expect(sent).toBeLessThan(40_000_000);
  });

  it('requests an anonymous token, and explains a refusal that needs credentials', async () => {
    const registry = await holding({ auth: 'bearer' });
    expect(await failure(open(registry).resolve('v1'))).toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      hint: `log in first: wasme login ${registry.host}`,
    });
  });
});

describe('tags', () => {
  it('come from all pages, once each', async () => {
    const registry = await holding({ pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd']) registry.tags.set(`team/filter:${name}`, root.digest);
    expect(await listTags(open(registry))).toEqual(['a', 'b', 'c', 'd', 'v1']);
    expect(registry.count(/tags\/list/)).toBe(3);
  });
});
