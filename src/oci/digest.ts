/**
 * Parses digests (`sha256:<64 hex>`, `sha512:<128 hex>`) and checks streams against them.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
import { type Hash, createHash } from 'node:crypto';
import { WasmeError } from '../errors.ts';

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Returns whether `text` is a digest that is read. sha1 and md5 are refused, because bytes for them can be forged. */
export function isDigest(text: string): boolean {
  return pattern.test(text);
}

/** Splits "sha256:abc…" into ["sha256", "abc…"]. Fails with REFERENCE_INVALID. */
export function splitDigest(digest: string): [algorithm: 'sha256' | 'sha512', hex: string] {
  if (!isDigest(digest)) {
    throw new WasmeError('REFERENCE_INVALID', `not a digest: ${JSON.stringify(digest.slice(0, 200))}`, {
      hint: 'a digest is sha256: and 64 lower-case hexadecimal digits',
    });
  }
  const [algorithm = '', hex = ''] = digest.split(':');
  return [algorithm as 'sha256' | 'sha512', hex];
}

/** Counts and hashes bytes as they pass, and compares them with a descriptor. */
export class Verifier {
  readonly #hash: Hash;
  readonly #digest: string;
  readonly #size: number;
  readonly #what: string;
  #seen = 0;

  /** @param what source of the bytes, for the message. */
  constructor(expected: { readonly digest: string; readonly size: number }, what: string) {
    this.#hash = createHash(splitDigest(expected.digest)[0]);
    this.#digest = expected.digest;
    this.#size = expected.size;
    this.#what = what;
  }

  get seen(): number {
    return this.#seen;
  }

  /** Fails with DIGEST_MISMATCH as soon as there are more bytes than announced. */
  update(chunk: Uint8Array): void {
    this.#seen += chunk.byteLength;
    if (this.#seen > this.#size) {
      throw mismatch(`${this.#what}: more than the ${this.#size} bytes that its descriptor announces`);
    }
    this.#hash.update(chunk);
  }

  /** To be called after the last byte. Fails with DIGEST_MISMATCH. */
  finish(): void {
    if (this.#seen !== this.#size) {
      throw mismatch(`${this.#what}: ${this.#seen} bytes came, its descriptor announces ${this.#size}`);
    }
    const actual = `${this.#digest.slice(0, 6)}:${this.#hash.digest('hex')}`;
    if (actual !== this.#digest) {
      throw mismatch(`${this.#what}: the bytes have ${actual}, expected ${this.#digest}`);
    }
  }
}

/** Passes a stream through, and fails with DIGEST_MISMATCH at its end or at the first excess byte. */
export async function* verified(
  stream: AsyncIterable<Uint8Array>,
  expected: { readonly digest: string; readonly size: number },
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const verifier = new Verifier(expected, what);
  for await (const chunk of stream) {
    verifier.update(chunk);
    yield chunk;
  }
  verifier.finish();
}

function mismatch(message: string): WasmeError {
  return new WasmeError('DIGEST_MISMATCH', message, {
    hint: 'the copy is damaged or was tampered with; try again, then ask the operator of the registry',
  });
}
