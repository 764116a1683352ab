/**
 * Makes and checks signatures that cosign and policy controllers read: a "simple signing" payload over an image digest,
 * stored beside the image under the tag `sha256-<hex>.sig` (the form before bundles). Only ECDSA itself is not deterministic.
 * https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
import { type KeyObject, createPublicKey, sign, verify } from 'node:crypto';
import { digestOf } from '../../io/sha256.ts';
import { WasmeError } from '../../errors.ts';
import { splitDigest } from '../digest.ts';
import { objectAt, parseObject } from '../json-object.ts';
import { imageOf, jsonBytes } from '../packaging/formats/packaging.ts';
import { ociConfig } from '../media-types.ts';
import { type Reference, formatName, formatReference } from '../reference.ts';
import type { ImageManifest } from '../schema.ts';
import { faultOfBundle } from './signature-bundle.ts';
import {
  type GraphBlob,
  type ImageGraph,
  type Source,
  blobOf,
  fetchBytes,
  fetchManifest,
  isAbsent,
  whole,
} from '../target.ts';

const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const signatureKey = 'dev.cosignproject.cosign/signature';
const payloadKind = 'cosign container image signature';
/** A payload has about 250 bytes. */
const maxPayloadBytes = 64 * 1024;

/** Returns the tag of an image's signatures, in its own repository. */
export function signatureTag(imageDigest: string): string {
  const [algorithm, hex] = splitDigest(imageDigest);
  return `${algorithm}-${hex}.sig`;
}

/** Returns the name of signatures in the store, where names are full references. */
export function storedSignature({ host, repository }: Reference, tag: string): string {
  return formatReference({ host, repository, tag });
}

/** Returns the image digest of a name that belongs to signatures; undefined for any other name. */
export function signedDigest(name: string): string | undefined {
  const [, algorithm, hex] = /:(sha256|sha512)-([0-9a-f]{64,128})\.sig$/.exec(name) ?? [];
  return algorithm === undefined ? undefined : `${algorithm}:${hex}`;
}

/**
 * Makes the signature artifact of an image: the `existing` signatures (from `fetchSignatures`) and the new one. `imageDigest`
 * is that of the image manifest, which hosts pin.
 */
export function signImage(
  reference: Reference,
  imageDigest: string,
  privateKey: KeyObject,
  existing: readonly GraphBlob[] = [],
): ImageGraph {
  const payload = jsonBytes({
    critical: {
      identity: { 'docker-reference': identityOf(reference) },
      image: { 'docker-manifest-digest': imageDigest },
      type: payloadKind,
    },
    optional: null,
  });
  const signature = sign('sha256', payload, privateKey).toString('base64');
  const layers = [...existing, blobOf(payloadType, payload, { [signatureKey]: signature })];
  const config = {
    architecture: '',
    created: '0001-01-01T00:00:00Z',
    history: layers.map(() => ({ created: '0001-01-01T00:00:00Z' })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.descriptor.digest) },
    config: {},
  };
  return imageOf({ config: blobOf(ociConfig, jsonBytes(config)), layers });
}

/** Returns whether one of the signatures is what `signImage` would add: by this key, over this image, under this name. */
export async function isSignedAlready(
  reference: Reference,
  imageDigest: string,
  privateKey: KeyObject,
  existing: readonly GraphBlob[],
): Promise<boolean> {
  try {
    const good = await verifySignatures(imageDigest, existing, createPublicKey(privateKey));
    return good.some(({ identity }) => identity === identityOf(reference));
  } catch (error) {
    if (error instanceof WasmeError && error.code === 'SIGNATURE_INVALID') return false;
    throw error;
  }
}

/** cosign uses the old name of Docker Hub. */
function identityOf(reference: Reference): string {
  return formatName({
    ...reference,
    host: reference.host === 'docker.io' ? 'index.docker.io' : reference.host,
  });
}

/** Returns the stored signatures of an image, oldest first, or an empty list. `name` is the tag as the source has it. */
export async function fetchSignatures(source: Source, name: string): Promise<GraphBlob[]> {
  let manifest: ImageManifest;
  try {
    const found = await fetchManifest(source, await source.resolve(name));
    if (found.manifest.kind !== 'image') return [];
    ({ manifest } = found);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
  const signatures = manifest.layers.filter(layer => layer.mediaType === payloadType);
  return Promise.all(
    signatures.map(async ({ annotations, ...layer }) =>
      blobOf(payloadType, await fetchBytes(source, layer, maxPayloadBytes), annotations),
    ),
  );
}

export interface VerifiedSignature {
  /** Repository that the signer named; bundles name none. */
  readonly identity?: string;
  /** Other signed fields: cosign's `-a key=value`. */
  readonly optional: Readonly<Record<string, unknown>>;
}

/**
 * Returns the signatures over `imageDigest` that `publicKey` made. `bundles` are the newer form, see signature-bundle.ts.
 * Fails with SIGNATURE_INVALID when there is none: unsigned, signed with another key, or about another image.
 */
export async function verifySignatures(
  imageDigest: string,
  signatures: readonly GraphBlob[],
  publicKey: KeyObject,
  bundles: readonly Buffer[] = [],
): Promise<VerifiedSignature[]> {
  const good: VerifiedSignature[] = [];
  const faults: string[] = [];
  for (const blob of signatures) {
    const payload = await whole(blob.open());
    const signature = Buffer.from(blob.descriptor.annotations?.[signatureKey] ?? '', 'base64');
    // The signature is checked first, so that an unsigned payload is never parsed.
    if (digestOf(payload) !== blob.descriptor.digest || !verify('sha256', payload, publicKey, signature)) {
      faults.push('made with another key');
      continue;
    }
    const claim = readPayload(payload);
    if (claim?.digest === imageDigest) good.push({ identity: claim.identity, optional: claim.optional });
    else faults.push(`made for ${claim?.digest ?? 'something else'}`);
  }
  for (const bundle of bundles) {
    const fault = faultOfBundle(bundle, imageDigest, publicKey);
    if (fault === undefined) good.push({ optional: {} });
    else faults.push(fault);
  }
  if (good.length > 0) return good;
  throw new WasmeError(
    'SIGNATURE_INVALID',
    faults.length === 0
      ? `${imageDigest} is not signed`
      : `${imageDigest} has ${faults.length} signature(s), none is valid for this key: ${faults.join('; ')}`,
    { hint: 'do not deploy it; ask its publisher which key signs it' },
  );
}

function readPayload(
  payload: Buffer,
): (Required<VerifiedSignature> & { readonly digest: string }) | undefined {
  const json = parseObject(payload.toString('utf8'));
  const critical = objectAt(json, 'critical');
  const digest = objectAt(critical, 'image')?.['docker-manifest-digest'];
  const identity = objectAt(critical, 'identity')?.['docker-reference'];
  if (critical?.['type'] !== payloadKind || typeof digest !== 'string') return undefined;
  return {
    digest,
    identity: typeof identity === 'string' ? identity : '',
    optional: objectAt(json, 'optional') ?? {},
  };
}
