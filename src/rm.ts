/** `wasme rm`: names out of the local store, and the bytes that no other name needs. */
import { WasmeError } from './errors.ts';
import type { Edges } from './io/edges.ts';
import { openStore } from './oci/layout.ts';
import { defaultsOf, formatReference, parseReference } from './oci/reference.ts';

export interface RmOptions {
  readonly references: readonly string[];
  /** All images. */
  readonly all?: boolean | undefined;
  /** A name that is not there is no failure. */
  readonly force?: boolean | undefined;
}

export interface RmResult {
  readonly removed: readonly string[];
  /** Blobs that went with them. */
  readonly freed: { readonly blobs: number; readonly bytes: number };
}

/** All names are looked up before one is removed. Fails with IMAGE_NOT_FOUND and REFERENCE_INVALID. */
export async function rm(options: RmOptions, edges: Edges): Promise<RmResult> {
  const store = openStore(edges);
  const there = (await store.list()).map(({ name }) => name);
  const asked = options.all
    ? there
    : options.references.map(text => formatReference(parseReference(text, defaultsOf(edges))));
  const missing = asked.find(name => !there.includes(name));
  if (missing !== undefined && !options.force) {
    throw new WasmeError('IMAGE_NOT_FOUND', `the local store has no image ${missing}`, {
      hint: 'wasme list shows what is there',
    });
  }
  const removed: string[] = [];
  for (const name of new Set(asked)) if (await store.untag(name)) removed.push(name);
  const { blobs, bytes } = await store.prune();
  return { removed, freed: { blobs, bytes } };
}
