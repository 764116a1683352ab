/** `wasme tag`: gives an image of the local store another name. */
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { copySignatures } from './oci/copy-referrers.ts';
import { openStore } from './oci/store/oci-layout.ts';
import { defaultsOf, formatReference, parseReference } from './oci/reference.ts';
import { signatureTag, storedSignature } from './oci/signature/signature.ts';

export interface TagOptions {
  readonly source: string;
  readonly target: string;
}

export interface TagResult {
  readonly source: string;
  readonly target: string;
  readonly digest: string;
}

/** Copies nothing; signatures get the new name too. Fails with IMAGE_NOT_FOUND and REFERENCE_INVALID. */
export async function tag(options: TagOptions, system: SystemContext): Promise<TagResult> {
  const source = parseReference(options.source, defaultsOf(system));
  const target = parseReference(options.target, defaultsOf(system));
  if (target.digest !== undefined) {
    throw new WasmeError('REFERENCE_INVALID', `${options.target}: a new name cannot have a digest`, {
      hint: 'name it with a tag: registry.example/team/filter:v1',
    });
  }
  const store = openStore(system);
  const descriptor = await store.resolve(source.digest ?? formatReference(source));
  await store.tag(descriptor, formatReference(target));
  const signature = signatureTag(descriptor.digest);
  const { reporter, signal } = system;
  const names = [storedSignature(source, signature), storedSignature(target, signature)] as const;
  await copySignatures(store, names[0], store, names[1], { reporter, signal });
  return { source: formatReference(source), target: formatReference(target), digest: descriptor.digest };
}
