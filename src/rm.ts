/** `wasme rm`: removes names from the local store, and the blobs that no other name needs. */
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { type OciLayout, openStore } from './oci/store/oci-layout.ts';
import { defaultsOf, formatReference, parseReference } from './oci/reference.ts';
import { signedDigest } from './oci/signature/signature.ts';

export interface RmOptions {
  readonly references: readonly string[];
  /** Removes all images. */
  readonly all?: boolean | undefined;
  /** Accepts a name that does not exist. */
  readonly force?: boolean | undefined;
}

export interface RmResult {
  readonly removed: readonly string[];
  /** Blobs that were removed with the names. */
  readonly freed: { readonly blobs: number; readonly bytes: number };
}

/** Looks all names up before it removes one. Fails with IMAGE_NOT_FOUND and REFERENCE_INVALID. */
export async function rm(options: RmOptions, system: SystemContext): Promise<RmResult> {
  const store = openStore(system);
  const there = (await store.list()).map(({ name }) => name);
  const asked = options.all
    ? there
    : options.references.map(text => formatReference(parseReference(text, defaultsOf(system))));
  const missing = asked.find(name => !there.includes(name));
  if (missing !== undefined && !options.force) {
    throw new WasmeError('IMAGE_NOT_FOUND', `the local store has no image ${missing}`, {
      hint: 'wasme list shows the images of the store',
    });
  }
  const removed: string[] = [];
  for (const name of new Set(asked)) {
    if ((await store.untag(name)) && signedDigest(name) === undefined) removed.push(name);
  }
  await removeOrphans(store);
  const { blobs, bytes } = await store.prune();
  return { removed, freed: { blobs, bytes } };
}

/** Signatures are removed with the last name that their image has in the repository. */
async function removeOrphans(store: OciLayout): Promise<void> {
  const entries = await store.list();
  const repository = (name: string): string => name.replace(/:[^:/]*$/, '');
  const images = new Set(entries.map(({ name, descriptor }) => `${repository(name)}@${descriptor.digest}`));
  for (const { name } of entries) {
    const digest = signedDigest(name);
    if (digest !== undefined && !images.has(`${repository(name)}@${digest}`)) await store.untag(name);
  }
}
