/** `wasme load`: copies images from an archive file into the local store. */
import { isAbsolute, join } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { type ArchivedImage, openArchive } from './oci/archive/read-archive.ts';
import { copy } from './oci/copy.ts';
import { openStore } from './oci/store/oci-layout.ts';
import { formatReference, parseReference, defaultsOf } from './oci/reference.ts';
import { signatureTag, signedDigest, storedSignature } from './oci/signature/signature.ts';

export interface LoadOptions {
  /** Archive that `save` or skopeo (`oci-archive:`) wrote. */
  readonly file: string;
  /** Name for the image, when the archive holds one without a full name, or to give it another. */
  readonly tag?: string | undefined;
}

export interface LoadResult {
  readonly images: readonly { readonly reference: string; readonly digest: string }[];
}

/** Loads all images of the archive, or none. Fails with IMAGE_INVALID, IMAGE_UNSUPPORTED, USAGE. */
export async function load(options: LoadOptions, system: SystemContext): Promise<LoadResult> {
  const archive = await openArchive(isAbsolute(options.file) ? options.file : join(system.cwd, options.file));
  const signatures = archive.images.filter(({ name }) => signedDigest(name ?? '') !== undefined);
  const images = archive.images.filter(image => !signatures.includes(image));
  const named = images.map(image => ({
    descriptor: image.descriptor,
    reference: nameOf(image, images.length, options, system),
  }));
  if (named.length === 0) {
    throw new WasmeError('IMAGE_INVALID', `${options.file} holds no image`, { hint: 'save it again' });
  }
  const { reporter, signal } = system;
  const store = openStore(system);
  // Names are written last, so that a damaged second image leaves no name for the first.
  for (const { descriptor } of named) await copy(archive, descriptor, store, { reporter, signal, names: [] });
  for (const { descriptor, reference } of named) await store.tag(descriptor, reference);
  for (const { descriptor, name = '' } of signatures) {
    // Signatures are stored beside their image, whatever name it gets.
    const subjects = named.filter(image => image.descriptor.digest === signedDigest(name));
    const names = subjects.map(image =>
      storedSignature(parseReference(image.reference), signatureTag(image.descriptor.digest)),
    );
    if (names.length > 0) await copy(archive, descriptor, store, { reporter, signal, names });
  }
  return { images: named.map(({ descriptor, reference }) => ({ reference, digest: descriptor.digest })) };
}

function nameOf(image: ArchivedImage, count: number, options: LoadOptions, system: SystemContext): string {
  const { tag } = options;
  if (tag !== undefined && count > 1) {
    throw new WasmeError('USAGE', `${options.file} holds ${count} images: one name is not enough`, {
      hint: 'leave --tag out; they keep their names',
    });
  }
  if (tag !== undefined) return formatReference(parseReference(tag, defaultsOf(system)));
  // skopeo writes the bare tag that it was given, or nothing: neither names a repository.
  if (image.name === undefined || !image.name.includes('/')) {
    throw new WasmeError('USAGE', `the image in ${options.file} has no full name (${image.name ?? 'none'})`, {
      hint: `name it: wasme load ${options.file} --tag registry.example/team/filter:v1`,
    });
  }
  return formatReference(parseReference(image.name, defaultsOf(system)));
}
