/** Signatures for the foreign functions `sign` and `verify_signature`, by node:crypto. */
import { type KeyObject, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { SignatureProvider } from '../host/types.ts';

export const nodeSignatures: SignatureProvider = {
  verify(hash, key, signature, text) {
    const publicKey = readKey(() =>
      typeof key === 'string'
        ? // Only this kind: node:crypto would take private keys and certificates too.
          /^-----BEGIN PUBLIC KEY-----/m.test(key) && createPublicKey(key)
        : createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' }),
    );
    return publicKey && verify(hash, text, publicKey, signature);
  },
  sign(hash, key, text) {
    const privateKey = readKey(() =>
      typeof key === 'string'
        ? createPrivateKey(key)
        : createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' }),
    );
    return privateKey && sign(hash, text, privateKey);
  },
};

function readKey(read: () => KeyObject | false): KeyObject | undefined {
  try {
    return read() || undefined;
  } catch {
    return undefined;
  }
}
