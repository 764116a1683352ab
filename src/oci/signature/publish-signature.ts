/** Signs an image in its registry, beside the signatures that are there. */
import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { maxKeyBytes } from '../../io/files/file-limits.ts';
import { readBytes } from '../../io/files/files.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { copy } from '../copy.ts';
import { type Reference, formatName } from '../reference.ts';
import { type ImageTarget, graphDescriptor, graphSource } from '../target.ts';
import { fetchSignatures, isSignedAlready, signImage, signatureTag } from './signature.ts';
import { privateKeyFrom } from './signature-key.ts';

/** Reads a private key (PEM, or cosign's), which COSIGN_PASSWORD opens. Fails with KEY_INVALID and as files do. */
export async function readSigningKey(file: string, system: SystemContext): Promise<KeyObject> {
  const path = resolve(system.cwd, file);
  const text = (await readBytes(path, maxKeyBytes)).toString('utf8');
  return privateKeyFrom(text, path, system.env['COSIGN_PASSWORD']);
}

/**
 * Adds a signature, unless this key signed the image already: where tags are immutable, a second one could not be added.
 * Fails as registries do.
 */
export async function publishSignature(
  registry: ImageTarget,
  reference: Reference,
  digest: string,
  key: KeyObject,
  { reporter, signal }: SystemContext,
): Promise<void> {
  const tag = signatureTag(digest);
  const existing = await fetchSignatures(registry, tag);
  if (await isSignedAlready(reference, digest, key, existing)) {
    reporter.info(`${formatName(reference)}@${digest} is signed already by this key`);
    return;
  }
  const graph = signImage(reference, digest, key, existing);
  await copy(graphSource(graph), graphDescriptor(graph), registry, { reporter, signal, names: [tag] });
}
