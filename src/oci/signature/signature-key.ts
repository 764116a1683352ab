/** Reads keys for image signatures: ECDSA P-256 as PEM, plain or encrypted as cosign writes them. Never writes a key. */
import { type KeyObject, createPrivateKey, createPublicKey, scryptSync } from 'node:crypto';
import { WasmeError } from '../../errors.ts';
import { objectAt, parseObject } from '../json-object.ts';

/** A key file has a few hundred bytes. */
const maxKeyBytes = 64 * 1024;
/** cosign writes N = 65536, r = 8; four times that still takes less than a second. */
const maxScryptMemory = 256 * 1024 * 1024;

/** Reads a private key. `password` (COSIGN_PASSWORD) is needed only when the key is encrypted. Fails with KEY_INVALID. */
export async function privateKeyFrom(
  pem: string,
  file: string,
  password: string | undefined,
): Promise<KeyObject> {
  requireSmall(pem, file);
  const encrypted = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([^-]+)-----END/.exec(pem);
  const key =
    encrypted === null
      ? parsePrivate(pem, file, password)
      : createPrivateKey({
          key: Buffer.from(await openBox(encrypted[1] ?? '', file, password)),
          format: 'der',
          type: 'pkcs8',
        });
  return requireP256(key, file);
}

/** Reads a public key, or returns the public half of a private one. */
export function publicKeyFrom(pem: string, file: string): KeyObject {
  requireSmall(pem, file);
  try {
    return requireP256(createPublicKey(pem), file);
  } catch (error) {
    if (error instanceof WasmeError) throw error;
    throw invalid(
      file,
      'it is not a public key in PEM form',
      'name cosign.pub, which "cosign generate-key-pair" writes',
    );
  }
}

function requireSmall(pem: string, file: string): void {
  if (pem.length > maxKeyBytes) throw invalid(file, `it has ${pem.length} bytes, no key is that large`);
}

function parsePrivate(pem: string, file: string, password: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(password === undefined ? {} : { passphrase: password }) });
  } catch (error) {
    const locked = /encrypted|passphrase|bad decrypt|interrupted/i.test((error as Error).message);
    if (locked) throw wrongPassword(file, password);
    throw invalid(
      file,
      'it is not a private key in PEM form',
      'name cosign.key, or an EC P-256 key in PKCS#8',
    );
  }
}

/** Opens cosign's envelope: JSON with scrypt parameters and a NaCl secretbox around the PKCS#8 key. */
async function openBox(base64: string, file: string, password: string | undefined): Promise<Uint8Array> {
  const box = parseBox(base64, file);
  if (password === undefined) throw wrongPassword(file, password);
  const { N, r, p } = box.kdf.params;
  const key = scryptSync(password, Buffer.from(box.kdf.salt, 'base64'), 32, {
    N,
    r,
    p,
    maxmem: maxScryptMemory,
  });
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  try {
    return xsalsa20poly1305(key, Buffer.from(box.cipher.nonce, 'base64')).decrypt(
      Buffer.from(box.ciphertext, 'base64'),
    );
  } catch {
    throw wrongPassword(file, password);
  }
}

interface Box {
  readonly kdf: {
    readonly params: { readonly N: number; readonly r: number; readonly p: number };
    readonly salt: string;
  };
  readonly cipher: { readonly nonce: string };
  readonly ciphertext: string;
}

function parseBox(base64: string, file: string): Box {
  const box = parseObject(Buffer.from(base64, 'base64').toString('utf8'));
  if (box === undefined) throw invalid(file, 'its encrypted part is damaged');
  const { ciphertext } = box;
  const [kdf, cipher] = [objectAt(box, 'kdf'), objectAt(box, 'cipher')];
  const { N, r, p } = objectAt(kdf, 'params') ?? {};
  const numbers = [N, r, p].every(value => Number.isInteger(value) && Number(value) > 0);
  const texts = [kdf?.['salt'], cipher?.['nonce'], ciphertext].every(value => typeof value === 'string');
  if (kdf?.['name'] !== 'scrypt' || cipher?.['name'] !== 'nacl/secretbox' || !numbers || !texts) {
    throw invalid(file, 'it is encrypted in a way that cosign does not write');
  }
  // The file chooses the memory and time; a prepared file could ask for all of it.
  if (Number(N) * Number(r) * 128 > maxScryptMemory / 2 || Number(p) > 8) {
    throw invalid(
      file,
      `its scrypt parameters (N ${String(N)}, r ${String(r)}, p ${String(p)}) ask for too much`,
    );
  }
  return box as unknown as Box;
}

function requireP256(key: KeyObject, file: string): KeyObject {
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  throw invalid(file, `it is a key of type ${key.asymmetricKeyType ?? 'unknown'}, not ECDSA P-256`);
}

function wrongPassword(file: string, password: string | undefined): WasmeError {
  return new WasmeError(
    'KEY_INVALID',
    password === undefined ? `the key ${file} is encrypted` : `the password does not open the key ${file}`,
    { hint: 'put its password into the environment variable COSIGN_PASSWORD' },
  );
}

function invalid(
  file: string,
  why: string,
  hint = 'make a pair with "cosign generate-key-pair"',
): WasmeError {
  return new WasmeError('KEY_INVALID', `cannot use the key ${file}: ${why}`, { hint });
}
