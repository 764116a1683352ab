/** `wasme save`: writes images of the store or of registries into one archive file, for machines without a registry. */
import { join, isAbsolute } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { exists, isStream } from './io/files/files.ts';
import { type ArchiveImage, writeArchive } from './oci/archive/write-archive.ts';
import { type SourceOptions, withReference } from './oci/source.ts';
import { signatureName } from './oci/read/read-referrers.ts';
import { type Reference, defaultsOf, parseReference } from './oci/reference.ts';
import { signatureTag, signedDigest, storedSignature } from './oci/signature/signature.ts';
import { type Source, resolveIfThere } from './oci/target.ts';

export interface SaveOptions extends SourceOptions {
  readonly references: readonly string[];
  /** File to write, relative to the current folder. */
  readonly output: string;
  /** Replaces an existing file. */
  readonly force?: boolean | undefined;
}

export interface SaveResult {
  /** Absolute. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly images: readonly { readonly reference: string; readonly digest: string }[];
}

/** Fails with FILE_EXISTS, IMAGE_NOT_FOUND and as registries do; then nothing is written. */
export async function save(options: SaveOptions, system: SystemContext): Promise<SaveResult> {
  const file = isAbsolute(options.output) ? options.output : join(system.cwd, options.output);
  if (options.force !== true && (await exists(file)) && !(await isStream(file))) {
    throw new WasmeError('FILE_EXISTS', `${options.output} is already there`, {
      hint: 'name another file, or add --force to replace it',
    });
  }
  const references = options.references.map(text => parseReference(text, defaultsOf(system)));
  const images: ArchiveImage[] = [];
  // Each source must stay open until the archive is complete, so the callbacks are nested and the archive is written innermost.
  const collect = async (index: number): Promise<SaveResult> => {
    const reference = references[index];
    if (reference === undefined) return finish(file, images, system);
    return withReference(reference, options, system, async ({ name, source, image }) => {
      const descriptor = image.index?.descriptor ?? image.descriptor;
      images.push({ name, source, descriptor });
      const signatures = await signaturesOf(source, reference, descriptor.digest);
      if (signatures !== undefined) images.push(signatures);
      return collect(index + 1);
    });
  };
  return collect(0);
}

async function finish(
  file: string,
  images: readonly ArchiveImage[],
  system: SystemContext,
): Promise<SaveResult> {
  const task = system.reporter.task('save', { unit: 'bytes' });
  try {
    const { bytes } = await writeArchive(file, images, amount => task.advance(amount));
    task.done();
    return {
      file,
      sizeBytes: bytes,
      images: images
        .filter(({ name }) => signedDigest(name) === undefined)
        .map(({ name, descriptor }) => ({ reference: name, digest: descriptor.digest })),
    };
  } catch (error) {
    task.fail();
    throw error;
  }
}

/** Signatures are saved under the name that the store has for them. */
async function signaturesOf(
  source: Source,
  reference: Reference,
  digest: string,
): Promise<ArchiveImage | undefined> {
  const descriptor = await resolveIfThere(source, signatureName(source, reference, digest));
  return descriptor && { name: storedSignature(reference, signatureTag(digest)), source, descriptor };
}
