/** Signing and verifying, and every way in which a signature or a key can be wrong. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  scryptSync,
  sign,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../../../src/oci/reference.ts';
import { privateKeyFrom, publicKeyFrom } from '../../../../src/oci/signature/signature-key.ts';
import { faultOfBundle } from '../../../../src/oci/signature/signature-bundle.ts';
import {
  fetchSignatures,
  signImage,
  signatureTag,
  verifySignatures,
} from '../../../../src/oci/signature/signature.ts';
import { blobOf, graphSource } from '../../../../src/oci/target.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const reference = parseReference('registry.example:5000/team/filter:v1');
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: ReturnType<typeof pair>['privateKey']): string =>
  String(key.export({ format: 'pem', type: 'pkcs8' }));

/** As cosign writes it; a small N keeps the test quick. */
function encrypt(key: ReturnType<typeof pair>['privateKey'], password: string, changes: object = {}): string {
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const params = { N: 1024, r: 8, p: 1, ...changes };
  const secret = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
  const plain = key.export({ format: 'der', type: 'pkcs8' });
  const box = {
    kdf: { name: 'scrypt', params, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(xsalsa20poly1305(secret, nonce).encrypt(plain)).toString('base64'),
  };
  const body = Buffer.from(JSON.stringify(box)).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${body}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`;
}

describe('a key is read:', () => {
  const { privateKey, publicKey } = pair();
  const sameKey = (key: ReturnType<typeof pair>['privateKey']): boolean =>
    createPublicKey(key).equals(publicKey);

  it('plain PKCS#8, and the public half of it', async () => {
    expect(sameKey(await privateKeyFrom(pem(privateKey), 'k', undefined))).toBe(true);
    expect(publicKeyFrom(pem(privateKey), 'k').equals(publicKey)).toBe(true);
  });

  it('encrypted by cosign', async () => {
    expect(sameKey(await privateKeyFrom(encrypt(privateKey, 's3cret'), 'k', 's3cret'))).toBe(true);
  });

  it('encrypted by OpenSSL', async () => {
    const text = String(
      privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 's3cret' }),
    );
    expect(sameKey(await privateKeyFrom(text, 'k', 's3cret'))).toBe(true);
    await expect(privateKeyFrom(text, 'k', 'no')).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it.each([
    ['no password', undefined, 'the key k is encrypted'],
    ['a wrong password', 'nope', 'the password does not open the key k'],
  ])('%s', async (_title, password, message) => {
    await expect(privateKeyFrom(encrypt(privateKey, 's3cret'), 'k', password)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message,
      hint: expect.stringContaining('COSIGN_PASSWORD') as string,
    });
  });

  it('but scrypt parameters that would take all memory are refused', async () => {
    await expect(privateKeyFrom(encrypt(privateKey, 'x', { N: 2 ** 30 }), 'k', 'x')).rejects.toMatchObject({
      message: expect.stringContaining('ask for too much') as string,
    });
  });

  it('but another kind of key is refused', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const text = String(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await expect(privateKeyFrom(text, 'k', undefined)).rejects.toMatchObject({
      message: 'cannot use the key k: it is a key of type rsa, not ECDSA P-256',
    });
  });

  it.each(['', 'hello', '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n!!\n-----END ENCRYPTED'])(
    'garbage %#',
    async text => {
      await expect(privateKeyFrom(text, 'k', 'x')).rejects.toMatchObject({ code: 'KEY_INVALID' });
      expect(() => publicKeyFrom(text, 'k')).toThrow(
        expect.objectContaining({ code: 'KEY_INVALID' }) as Error,
      );
    },
  );

  it('and no message holds it', async () => {
    const broken = pem(privateKey).replace(/[a-z]{8}/, '????????');
    const error = await privateKeyFrom(broken, 'k', undefined).catch((thrown: unknown) => thrown as Error);
    expect(JSON.stringify(error)).not.toContain(pem(privateKey).slice(60, 90));
  });
});

describe('signatures', () => {
  const { privateKey, publicKey } = pair();
  const signed = signImage(reference, digest, createPrivateKey(pem(privateKey)));
  const stored = (graph = signed) => fetchSignatures(graphSource(graph), 'x');

  it('verify with the public key', async () => {
    expect(await verifySignatures(digest, await stored(), publicKey)).toEqual([
      { identity: 'registry.example:5000/team/filter', optional: {} },
    ]);
  });

  it('have the shape that cosign looks for', () => {
    expect(signatureTag(digest)).toBe(`sha256-${'ab'.repeat(32)}.sig`);
    const manifest = JSON.parse(Buffer.from(signed.manifest.bytes).toString()) as { layers: object[] };
    expect(manifest.layers).toMatchObject([
      {
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        annotations: { 'dev.cosignproject.cosign/signature': expect.any(String) as string },
      },
    ]);
  });

  it('of a second signer keep the first', async () => {
    const second = pair();
    const both = signImage(reference, digest, second.privateKey, await stored());
    expect(await verifySignatures(digest, await stored(both), publicKey)).toHaveLength(1);
    expect(await verifySignatures(digest, await stored(both), second.publicKey)).toHaveLength(1);
  });

  it.each([
    ['no signature', digest, [], 'is not signed'],
    ['another key', digest, undefined, 'made with another key'],
    ['another image', `sha256:${'cd'.repeat(32)}`, undefined, `made for ${digest}`],
  ])('%s', async (title, about, blobs, says) => {
    const key = title === 'another key' ? pair().publicKey : publicKey;
    await expect(verifySignatures(about, blobs ?? (await stored()), key)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining(says) as string,
    });
  });

  it('with a modified payload are refused', async () => {
    const [blob] = await stored();
    const forged = blobOf(
      blob!.descriptor.mediaType,
      Buffer.from('{"critical":{}}'),
      blob!.descriptor.annotations,
    );
    await expect(verifySignatures(digest, [forged], publicKey)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });
});

describe('bundles', () => {
  const { privateKey, publicKey } = pair();
  const about = (hex: string, predicateType = 'https://sigstore.dev/cosign/sign/v1'): string =>
    JSON.stringify({ subject: [{ digest: { sha256: hex } }], predicateType });
  const good = about('ab'.repeat(32));
  const type = 'application/vnd.in-toto+json';

  /** @param shown the payload in the envelope, when it is not what was signed. */
  function bundle(statement: string, shown = statement, payloadType = type, material: object = {}): Buffer {
    const bytes = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} ${statement}`);
    const dsseEnvelope = {
      payload: Buffer.from(shown).toString('base64'),
      payloadType,
      signatures: [{ sig: 'AAAA' }, { sig: sign('sha256', bytes, privateKey).toString('base64') }],
    };
    return Buffer.from(
      JSON.stringify({ verificationMaterial: { publicKey: {}, ...material }, dsseEnvelope }),
    );
  }

  it('verify with the public key, also beside other statements', async () => {
    expect(faultOfBundle(bundle(good), digest, publicKey)).toBeUndefined();
    const others = [Buffer.from('{'), bundle(about('cd'.repeat(32))), bundle(good)];
    expect(await verifySignatures(digest, [], publicKey, others)).toEqual([{ optional: {} }]);
    await expect(verifySignatures(digest, [], publicKey, others.slice(0, 2))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('has 2 signature(s), none is valid') as string,
    });
  });

  it.each([
    ['another image', bundle(about('cd'.repeat(32))), `made for sha256:${'cd'.repeat(32)}`],
    ['nothing', bundle('{"predicateType":"https://sigstore.dev/cosign/sign/v1"}'), 'made for something else'],
    ['provenance', bundle(about('ab'.repeat(32), 'https://slsa.dev/provenance/v1')), 'another kind'],
    ['a payload that was changed', bundle(about('cd'.repeat(32)), good), 'another key'],
    ['another type of payload', bundle(good, good, 'text/plain'), 'without a statement'],
    [
      'a certificate',
      bundle('x', good, type, { publicKey: undefined, certificate: {} }),
      'without a key pair (keyless)',
    ],
    ['no JSON', Buffer.from('{'), 'without a statement'],
    ['no object', Buffer.from('null'), 'without a statement'],
    [
      'signatures of another kind',
      Buffer.from(
        '{"dsseEnvelope":{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[1]}}',
      ),
      'keyless',
    ],
  ])('%s', (_title, bytes, says) => {
    expect(faultOfBundle(bytes, digest, publicKey)).toContain(says);
  });

  it('of another key are refused', () => {
    expect(faultOfBundle(bundle(good), digest, pair().publicKey)).toBe('made with another key');
  });
});

describe('a file of cosign 2.6.5:', () => {
  const fixture = (name: string): Buffer =>
    readFileSync(join(import.meta.dirname, '..', '..', '..', 'fixtures', 'cosign', name));
  const publicKey = publicKeyFrom(fixture('cosign.pub').toString(), 'cosign.pub');

  it('its encrypted private key opens, and is the other half of its public one', async () => {
    const key = await privateKeyFrom(fixture('cosign.key').toString(), 'cosign.key', 's3cret');
    expect(createPublicKey(key).equals(publicKey)).toBe(true);
  });

  it('its signature is valid', async () => {
    const blob = blobOf('application/vnd.dev.cosign.simplesigning.v1+json', fixture('payload.json'), {
      'dev.cosignproject.cosign/signature': fixture('payload.sig').toString(),
    });
    expect(await verifySignatures(digest, [blob], publicKey)).toHaveLength(1);
  });

  it('its bundle is valid for its image', () => {
    const image = 'sha256:dde8d9c4af7ce4e9b25108ec2ad0fe64beeb7d77fef6c1e4ddb1a46d47c09fac';
    expect(faultOfBundle(fixture('bundle.json'), image, publicKey)).toBeUndefined();
    expect(faultOfBundle(fixture('bundle.json'), digest, publicKey)).toBe(`made for ${image}`);
  });
});
