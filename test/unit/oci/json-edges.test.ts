/** JSON that others wrote, at every place where it comes in: a coded error that quotes nothing, or read as skopeo and crane read it. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WasmeError } from '../../../src/errors.ts';
import { helperGet } from '../../../src/oci/auth/credential-program.ts';
import { findCredential } from '../../../src/oci/auth/credentials.ts';
import { openArchive } from '../../../src/oci/archive/read-archive.ts';
import { OciLayout } from '../../../src/oci/store/oci-layout.ts';
import { packImage } from '../../../src/oci/packaging/formats/index.ts';
import * as types from '../../../src/oci/media-types.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import { listRepositories, listTags } from '../../../src/oci/registry/lists.ts';
import { openRegistry } from '../../../src/oci/registry/registry.ts';
import { privateKeyFrom } from '../../../src/oci/signature/signature-key.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { emptyModule, foreignTar, memorySource } from '../../helpers/guests/images.ts';

const secret = 'hunter2';
/** Node reads it; what is in such an object is nothing that we look for. */
const deep = '100,000 objects';
/** `good`: an object that would be read. */
const hostile = (good: string): readonly (readonly [title: string, text: string])[] => [
  ['a byte order mark', `\uFEFF${good}`],
  ['NaN', `${good.slice(0, -1)},"x":NaN}`],
  ['100,000 brackets', '['.repeat(100_000)],
  [deep, `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['null', 'null'],
  ['a number', '5'],
  ['a text', `"${secret}"`],
  ['a list', '[]'],
  ['nothing', ''],
  ['cut text', `{"a":"${secret}`],
  ['bytes that are no UTF-8', '\u0080\u00ff'],
];
const titles = hostile('{}').map(([title]) => title);

/** What a promise fails with, or what it gives. */
const outcome = async (promise: Promise<unknown>): Promise<Partial<WasmeError>> => {
  try {
    return { message: `gave ${JSON.stringify(await promise)}` };
  } catch (error) {
    return error as WasmeError;
  }
};

/** Every hostile text → the code it fails with. */
async function codes(
  good: string,
  read: (text: string) => Promise<unknown>,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [title, text] of hostile(good)) {
    const { code, message = '' } = await outcome(read(text));
    expect(message).not.toContain(secret);
    found[title] = code ?? message;
  }
  return found;
}

const all = (code: string, but: Record<string, string> = {}) =>
  Object.fromEntries(titles.map(title => [title, but[title] ?? code]));

/** A registry that answers as `answer` says. */
async function registry(answer: (path: string, host: string, response: ServerResponse) => void) {
  const server = createServer((request, response) => answer(request.url ?? '', host, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return openRegistry({ host, repository: 'a/b' }, newMachine().system, { retryDelayMs: 1 });
}

describe('a manifest', () => {
  const graph = packImage('compat', emptyModule, {});
  const good = Buffer.from(graph.manifest.bytes).toString();
  const open = (text: string) => openImage(memorySource([Buffer.from(text)], graph), 'latest');
  const source = (text: string) => ({
    ...memorySource([Buffer.from(text)], graph),
    resolve: () =>
      Promise.resolve({
        mediaType: types.ociManifest,
        digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
        size: Buffer.byteLength(text),
      }),
  });

  it('that is malformed is refused, from a registry and from the store', async () => {
    expect(await codes(good, text => openImage(source(text), 'latest'))).toEqual(all('IMAGE_INVALID'));
  });

  it('with a field in other case, which programs in Go accept, is refused', async () => {
    const { layers } = JSON.parse(good) as { layers: object[] };
    const other = JSON.stringify([{ ...layers[0], digest: `sha256:${'ab'.repeat(32)}` }]);
    for (const key of ['LAYERS', 'Layers', 'layer\u017f', 'MANIFESTS', 'Config', 'MediaType']) {
      expect(await outcome(open(`${good.slice(0, -1)},"${key}":${other}}`)), key).toMatchObject({
        code: 'IMAGE_INVALID',
        message: expect.stringContaining('is another spelling of') as string,
      });
    }
    const inLayer = good.replace('"digest":', `"Digest":"sha256:${'ab'.repeat(32)}","digest":`);
    expect(await outcome(open(inLayer))).toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it('with a duplicate field has its last value, as for skopeo', async () => {
    const image = await open(`${good.slice(0, -1)},"layers":[]}`);
    expect(image.manifest.layers).toEqual([]);
  });

  it('with null as its media type counts as one without media type', async () => {
    const text = good.replace(/"mediaType":"[^"]*"/, '"mediaType":null');
    expect((await openImage(source(text), 'latest')).ownMediaType).toBeUndefined();
  });
});

describe('index.json', () => {
  const good = '{"schemaVersion":2,"manifests":[]}';

  it('of a layout folder is refused when it is malformed', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const found = await codes(good, text => {
      writeFileSync(join(machine.cwd, 'index.json'), text);
      return new OciLayout(machine.cwd, machine.system).list();
    });
    expect(found).toEqual(all('IMAGE_INVALID'));
  });

  it('of an archive is refused when it is malformed', async () => {
    const path = join(newMachine().cwd, 'a.tar');
    const found = await codes(good, text => {
      writeFileSync(path, foreignTar([{ path: 'index.json', bytes: Buffer.from(text) }]));
      return openArchive(path);
    });
    expect(found).toEqual(all('IMAGE_INVALID'));
  });
});

describe('an answer of a registry', () => {
  it('with a malformed token is refused', async () => {
    const found = await codes('{"token":"t"}', async text => {
      const target = await registry((path, host, response) => {
        if (path.startsWith('/token')) response.end(text);
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token"` }).end();
      });
      return listTags(target);
    });
    expect(found).toEqual(all('REGISTRY_REFUSED'));
  });

  it('with malformed tags or repositories is refused', async () => {
    const tags = async (text: string) => listTags(await registry((_, __, response) => response.end(text)));
    expect(await codes('{"tags":["a"]}', tags)).toEqual(all('REGISTRY_REFUSED', { [deep]: 'gave []' }));
    for (const wrong of ['{"tags":"a"}', '{"tags":[5]}', '{"tags":[["a"]]}', '{"tags":{"0":"a"}}']) {
      expect(await outcome(tags(wrong)), wrong).toMatchObject({ code: 'REGISTRY_REFUSED' });
    }
    expect(await tags('{"tags":null}')).toEqual([]);
    const repositories = async (text: string) =>
      listRepositories((await registry((_, __, response) => response.end(text))).session);
    expect(await codes('{"repositories":["a"]}', repositories)).toEqual(
      all('REGISTRY_REFUSED', { [deep]: 'gave []' }),
    );
  });

  it('with a malformed error is still reported', async () => {
    for (const [, text] of hostile('{"errors":[]}')) {
      const target = await registry((_, __, response) => response.writeHead(404).end(text));
      expect(await outcome(listTags(target))).toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
    }
  });
});

describe('a login', () => {
  it('in a malformed docker configuration is refused', async () => {
    const machine = newMachine();
    mkdirSync(join(machine.home, '.docker'));
    const found = await codes('{"auths":{}}', text => {
      writeFileSync(join(machine.home, '.docker', 'config.json'), text);
      return findCredential('r.example', 'a', machine.system);
    });
    // A byte order mark is what an editor of Windows leaves; an empty file is what "docker logout" can.
    const read = 'gave undefined';
    expect(found).toEqual(
      all('CREDENTIALS_INVALID', { 'a byte order mark': read, nothing: read, [deep]: read }),
    );
  });

  it('in a malformed helper answer is refused', async () => {
    const machine = newMachine();
    const found = await codes('{"Username":"me","Secret":"x"}', text => helper(machine, text));
    expect(found).toEqual(all('CREDENTIALS_INVALID', { [deep]: 'gave undefined' }));
    for (const wrong of ['{"Username":5,"Secret":"x"}', '{"Username":"me","Secret":["x"]}']) {
      expect(await outcome(helper(machine, wrong))).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    }
  });
});

it('the malformed encrypted part of a key file is refused', async () => {
  const found = await codes('{"kdf":{}}', text => {
    const base64 = Buffer.from(text).toString('base64');
    const name = 'ENCRYPTED SIGSTORE PRIVATE KEY';
    return privateKeyFrom(`-----BEGIN ${name}-----\n${base64}\n-----END ${name}-----\n`, 'k', 'password');
  });
  expect(found).toEqual(all('KEY_INVALID'));
});

/** What a credential helper that prints `text` is read as. */
function helper({ cwd, system }: TestMachine, text: string): Promise<unknown> {
  writeFileSync(join(cwd, 'answer'), text);
  const program = join(cwd, 'docker-credential-hostile');
  writeFileSync(program, `#!/bin/sh\ncat ${JSON.stringify(join(cwd, 'answer'))}\n`);
  chmodSync(program, 0o755);
  const PATH = `${cwd}${delimiter}${system.env['PATH'] ?? ''}`;
  return helperGet('hostile', 'r.example', { ...system, env: { ...system.env, PATH } });
}
