/** Where a registry may send us, decided before a socket opens: these tests send nothing to the addresses that they name. */
import type { LookupAddress, LookupAllOptions, lookup } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpClient } from '../../../../src/io/http/http.ts';
import { RegistryReach } from '../../../../src/oci/registry/registry-reach.ts';
import { requestToken } from '../../../../src/oci/registry/token.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';

/** Asks a token service through a client that only notes what it is to send. */
async function tokenRequest(registryUrl: string, realm: string) {
  const sent: { url: URL; checkUrl?: (url: URL) => void }[] = [];
  const http = {
    send(request: (typeof sent)[number]) {
      sent.push(request);
      return Promise.reject(new Error('sent'));
    },
  } as unknown as HttpClient;
  const registry = new URL(registryUrl);
  const challenge = { scheme: 'bearer', parameters: { realm } };
  const credential = { username: 'me', password: 'secret', source: 'a test' };
  const reach = new RegistryReach(registry);
  const asked = requestToken({ http, registry, reach, challenge, scopes: [], credential, nowMs: 0 });
  const failure = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { sent, failure };
}

const registries = {
  loopback: 'http://127.0.0.1:5000/',
  localhost: 'http://localhost:5000/',
  plain: 'http://registry.example:5000/',
  tls: 'https://registry.example/',
  'in-house': 'http://10.0.0.5:5000/',
};

describe('a token service', () => {
  it.each(Object.entries(registries))(
    'at a link-local or metadata address is refused from a %s registry, in every spelling',
    async (_, registry) => {
      const hosts = [
        ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '[fe80::1]'],
        ...[
          '[::ffff:169.254.169.254]',
          '[::ffff:a9fe:a9fe]',
          '169.254.169.254.',
          'metadata.google.internal.',
        ],
        ...['100.100.100.200', '168.63.129.16', '[fd00:ec2::254]', 'user:password@169.254.169.254'],
      ];
      for (const host of hosts) {
        const scheme = registry.startsWith('https') ? 'https' : 'http';
        const { sent, failure } = await tokenRequest(registry, `${scheme}://${host}/latest/meta-data`);
        expect(sent, host).toEqual([]);
        expect(failure, host).toMatchObject({
          code: 'REGISTRY_REFUSED',
          message: expect.stringContaining(
            'it is an internal address, and not the registry itself',
          ) as string,
        });
      }
    },
  );

  it.each([
    '127.0.0.1',
    'localhost',
    'localhost.',
    '[::1]',
    '0.0.0.0',
    '2130706433',
    '10.0.0.1',
    '192.168.1.1',
  ])('at %s is refused for a registry elsewhere, and used for one on this machine', async host => {
    const realm = `https://${host}:9/token`;
    expect((await tokenRequest(registries.tls, realm)).sent).toEqual([]);
    expect((await tokenRequest(registries.plain, realm)).sent).toEqual([]);
    expect((await tokenRequest(registries['in-house'], realm)).sent).toEqual([]);
    expect((await tokenRequest(registries.loopback, realm)).sent).toHaveLength(1);
    expect((await tokenRequest(registries.localhost, realm)).sent).toHaveLength(1);
  });

  it('at the address of the registry itself, or at any public name, is used', async () => {
    expect((await tokenRequest('http://10.0.0.5:5000/', 'http://10.0.0.5:5001/token')).sent).toHaveLength(1);
    expect((await tokenRequest(registries.tls, 'https://auth.example/token')).sent).toHaveLength(1);
  });

  it('missing in the challenge is reported as missing', async () => {
    const registry = new URL(registries.tls);
    const challenge = { scheme: 'bearer', parameters: {} };
    const reach = new RegistryReach(registry);
    const http = {} as HttpClient;
    const asked = requestToken({
      http,
      registry,
      reach,
      challenge,
      scopes: [],
      credential: undefined,
      nowMs: 0,
    });
    await expect(asked).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: 'registry.example asks for a token but names no token service',
    });
  });

  it('is checked again when it redirects', async () => {
    const { sent } = await tokenRequest(registries.tls, 'https://auth.example/token');
    const [{ checkUrl } = {}] = sent;
    expect(() => checkUrl?.(new URL('https://10.0.0.1/token'))).toThrow(
      '10.0.0.1, which is a private address',
    );
    expect(() => checkUrl?.(new URL('https://other.example/token'))).not.toThrow();
  });
});

describe('a redirect of a blob or a manifest', () => {
  it('to link-local and metadata addresses is refused, to this machine only from elsewhere', () => {
    const local = new RegistryReach(new URL(registries.loopback)).checkUrl;
    const remote = new RegistryReach(new URL(registries.tls)).checkUrl;
    for (const url of ['http://169.254.169.254/', 'http://[fe80::1]/', 'http://metadata/']) {
      expect(() => local(new URL(url))).toThrow(/leads to .*, which is a (link-local|metadata) address/);
      expect(() => remote(new URL(url))).toThrow(/leads to .*, which is a (link-local|metadata) address/);
    }
    expect(() => local(new URL('http://localhost:9000/blob'))).not.toThrow();
    expect(() => remote(new URL('http://localhost:9000/blob'))).toThrow('a loopback address');
    // Storage of a registry in the house is in the house too.
    expect(() => remote(new URL('https://192.168.0.9/blob'))).not.toThrow();
  });
});

describe('a name that resolves', () => {
  const resolving = (names: Readonly<Record<string, readonly string[]>>) =>
    ((name: string, _: LookupAllOptions, done: (error: null, found: LookupAddress[]) => void) =>
      done(
        null,
        (names[name] ?? []).map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as typeof lookup;

  /** The addresses that a socket would get for `name`, or the refusal. */
  const resolved = (reach: RegistryReach, name: string, all = true): unknown => {
    let got: unknown;
    reach.lookup(name, { all }, (error, address) => (got = error ?? address));
    return got;
  };

  it('to a link-local or metadata address, one of several too, is refused before a connection', () => {
    const reach = new RegistryReach(
      new URL('https://r.example/'),
      resolving({
        'a.example': ['169.254.169.254'],
        'b.example': ['203.0.113.1', 'fe80::1%eth0'],
        'c.example': ['::ffff:169.254.169.254'],
        'r.example': ['169.254.0.9'],
        'good.example': ['203.0.113.1', '10.0.0.1'],
      }),
    );
    for (const name of ['a.example', 'b.example', 'c.example', 'r.example']) {
      expect(resolved(reach, name)).toMatchObject({
        code: 'REGISTRY_REFUSED',
        message: expect.stringContaining('is a link-local address') as string,
      });
    }
    expect(resolved(reach, 'good.example', false)).toBe('203.0.113.1');
    expect(resolved(reach, 'good.example')).toHaveLength(2);
  });

  it('to this machine is refused, unless the name is the registry or the registry is here', () => {
    const names = resolving({
      'r.example': ['127.0.0.1'],
      's.example': ['203.0.113.1'],
      'auth.example': ['::1'],
    });
    const remote = new RegistryReach(new URL('https://s.example/'), names);
    expect(resolved(remote, 's.example', false)).toBe('203.0.113.1');
    expect(resolved(remote, 'auth.example')).toMatchObject({ code: 'REGISTRY_REFUSED' });
    const here = new RegistryReach(new URL('https://r.example/'), names);
    expect(resolved(here, 'auth.example')).toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(resolved(here, 'r.example', false)).toBe('127.0.0.1');
    expect(resolved(here, 'auth.example', false)).toBe('::1');
  });

  it('is resolved and refused before the server is contacted', async () => {
    let heard = 0;
    const server = createServer((_request, response) => {
      heard++;
      response.end();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const names = resolving({ 'evil.example': ['127.0.0.1'], 'r.example': ['127.0.0.1'] });
    const { port } = server.address() as AddressInfo;
    const ask = async (registry: string, url: string): Promise<number> => {
      const client = new HttpClient(newMachine().system, {
        lookup: new RegistryReach(new URL(registry), names).lookup,
      });
      try {
        return (await client.send({ method: 'GET', url: new URL(url) })).status;
      } finally {
        await client.close();
      }
    };
    await expect(ask('http://s.example/', `http://evil.example:${port}/`)).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
    });
    expect(heard).toBe(0);
    expect(await ask('http://r.example/', `http://r.example:${port}/`)).toBe(200);
  });
});
