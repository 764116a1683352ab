/**
 * The foreign functions `verify_signature` and `sign`: parses and writes their messages as Envoy does. The environment does
 * the cryptography.
 */
import { emptyBytes } from '../encoding/bytes.ts';
import {
  bytesField,
  type ProtobufMessage,
  readMessage,
  textField,
  writeMessage,
} from '../encoding/protobuf.ts';
import { Status } from '../status.ts';
import type { SignatureProvider } from '../types.ts';

const hashes = new Set(['sha1', 'sha224', 'sha256', 'sha384', 'sha512']);

/** Returns the key when exactly one of a DER and a PEM field is present, else undefined. */
function keyOf(message: ProtobufMessage, der: number, pem: number): Uint8Array | string | undefined {
  const binary = bytesField(message, der);
  const text = textField(message, pem);
  if (binary !== undefined && text !== undefined) return undefined;
  return binary ?? text;
}

/**
 * Verifies a message of hash 1, public key 2, signature 3, text 4, key as PEM 5; returns result 1, error 2, or a status for
 * a malformed message.
 */
export function verifySignature(
  provider: SignatureProvider,
  argument: Uint8Array,
  pemKeys: boolean,
): Uint8Array | number {
  const message = readMessage(argument);
  const key = message && (pemKeys ? keyOf(message, 2, 5) : (bytesField(message, 2) ?? emptyBytes));
  if (message === undefined || key === undefined) return Status.BadArgument;
  const hash = textField(message, 1) ?? '';
  if (!hashes.has(hash.toLowerCase())) return writeMessage([[2, `${hash} is not supported.`]]);
  const signature = bytesField(message, 3) ?? emptyBytes;
  const valid = provider.verify(hash.toLowerCase(), key, signature, bytesField(message, 4) ?? emptyBytes);
  if (valid === undefined) return writeMessage([[2, 'Failed to initialize digest verify.']]);
  return writeMessage(valid ? [[1, 1]] : [[2, 'Failed to verify digest. Error code: 0']]);
}

/**
 * Signs a message of hash 1, private key 2, text 3, key as PEM 4; returns success 1, signature 2, error 3, or a status for
 * a malformed message.
 */
export function signText(provider: SignatureProvider, argument: Uint8Array): Uint8Array | number {
  const message = readMessage(argument);
  const key = message && keyOf(message, 2, 4);
  if (message === undefined || key === undefined) return Status.BadArgument;
  const hash = textField(message, 1) ?? '';
  if (!hashes.has(hash.toLowerCase())) return writeMessage([[3, `${hash} is not supported.`]]);
  const signature = provider.sign(hash.toLowerCase(), key, bytesField(message, 3) ?? emptyBytes);
  if (signature !== undefined)
    return writeMessage([
      [1, 1],
      [2, signature],
    ]);
  return writeMessage([[3, 'Invalid key type: private key required for signing operation.']]);
}
