/**
 * Checks signatures in Sigstore bundles, which cosign attaches to an image as a referrer (`cosign sign --new-bundle-format`):
 * an in-toto statement about the image's digest in a DSSE envelope. Key pairs only: no certificate, no transparency log.
 * https://docs.sigstore.dev/about/bundle/
 */
import { type KeyObject, verify } from 'node:crypto';
import { asObject, parseObject } from '../json-object.ts';

/** Artifact type and layer type; the version of the format follows. */
export const bundleType = 'application/vnd.dev.sigstore.bundle';
/** A statement about one digest has 200 bytes; a certificate and a log entry would add some thousands. */
export const maxBundleBytes = 64 * 1024;

const statementType = 'application/vnd.in-toto+json';
/** The statement that cosign signs. Other statements (provenance, SBOMs) vouch for something else. */
const signatureStatement = 'https://sigstore.dev/cosign/sign/v1';

/** Returns why the bundle is not a signature by `publicKey` over `imageDigest`; undefined if it is one. */
export function faultOfBundle(bytes: Buffer, imageDigest: string, publicKey: KeyObject): string | undefined {
  const bundle = parseObject(bytes.toString('utf8'));
  const envelope = asObject(bundle?.['dsseEnvelope']);
  const { payload, payloadType, signatures } = envelope ?? {};
  if (typeof payload !== 'string' || payloadType !== statementType || !Array.isArray(signatures))
    return 'a bundle without a statement';
  const statement = Buffer.from(payload, 'base64');
  const signed = signatures.some(item => {
    const { sig } = asObject(item) ?? {};
    return (
      typeof sig === 'string' &&
      verify('sha256', preAuthenticated(payloadType, statement), publicKey, Buffer.from(sig, 'base64'))
    );
  });
  // The signature is checked first, so that unsigned content is never parsed.
  if (!signed) {
    const keyless = asObject(bundle?.['verificationMaterial'])?.['publicKey'] === undefined;
    return keyless ? 'made without a key pair (keyless)' : 'made with another key';
  }
  return faultOfStatement(parseObject(statement.toString('utf8')), imageDigest);
}

function faultOfStatement(
  statement: Readonly<Record<string, unknown>> | undefined,
  imageDigest: string,
): string | undefined {
  const { predicateType, subject } = statement ?? {};
  if (predicateType !== signatureStatement) return 'a statement of another kind than a signature';
  const digests = (Array.isArray(subject) ? subject : []).flatMap(item =>
    Object.entries(asObject(asObject(item)?.['digest']) ?? {}).map(([name, hex]) => `${name}:${String(hex)}`),
  );
  return digests.includes(imageDigest) ? undefined : `made for ${digests.join(', ') || 'something else'}`;
}

/**
 * Returns the bytes that DSSE signs: type and content with their lengths, so that neither can pass for a part of the other.
 * https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md#signature-definition
 */
function preAuthenticated(type: string, content: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${content.byteLength} `;
  return Buffer.concat([Buffer.from(head), content]);
}
