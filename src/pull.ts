/** `wasme pull`: copies an image from a registry into the local store, or its module into a file. */
import { join, resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { isStream, kindOf, writeAtomic } from './io/files/files.ts';
import { type CopyResult, copy } from './oci/copy.ts';
import { copySignatures } from './oci/copy-referrers.ts';
import { openStore } from './oci/store/oci-layout.ts';
import {
  type Reference,
  defaultsOf,
  formatName,
  formatReference,
  parseReference,
  tagOrDigest,
} from './oci/reference.ts';
import { signatureTag, storedSignature } from './oci/signature/signature.ts';
import type { Source } from './oci/target.ts';
import { type RegistryTarget, type RegistryTargetOptions, openRegistry } from './oci/registry/registry.ts';

export interface PullOptions {
  readonly reference: string;
  /** File (or folder) for the module; then the store gets no image. */
  readonly output?: string | undefined;
  /** Replaces an existing file. */
  readonly force?: boolean | undefined;
  /** `os/architecture` of the image to take from an index, with `output`. */
  readonly platform?: string | undefined;
  readonly registry?: RegistryTargetOptions | undefined;
  readonly concurrency?: number | undefined;
}

export interface PullResult {
  readonly reference: string;
  readonly digest: string;
  readonly pinned: string;
  readonly mediaType: string;
  readonly copied: CopyResult['copied'];
  readonly skipped: CopyResult['skipped'];
  /** True if the image has signatures, which were copied too; absent with `output`. */
  readonly signatures?: boolean;
  /** Path of the module, with `output`. */
  readonly file?: string;
  readonly sizeBytes?: number;
  /** Packaging of the image, with `output`. */
  readonly layout?: string;
}

/** Fails as registries do, with DIGEST_MISMATCH for changed bytes, with FILE_EXISTS, IMAGE_INVALID and IMAGE_UNSUPPORTED. */
export async function pull(options: PullOptions, system: SystemContext): Promise<PullResult> {
  const reference = parseReference(options.reference, defaultsOf(system));
  const registry = openRegistry(reference, system, options.registry);
  try {
    return options.output === undefined
      ? await toStore(registry, reference, options, system)
      : await toFile(registry, reference, options.output, options, system);
  } finally {
    await registry.close();
  }
}

async function toStore(
  registry: RegistryTarget,
  reference: Reference,
  { concurrency }: PullOptions,
  system: SystemContext,
): Promise<PullResult> {
  const root = await registry.resolve(tagOrDigest(reference));
  const names = [formatReference(reference)];
  const { reporter, signal } = system;
  const store = openStore(system);
  const options = { reporter, signal, concurrency };
  const result = await copy(registry, root, store, { ...options, names });
  const tag = signatureTag(root.digest);
  const signatures = await copySignatures(registry, tag, store, storedSignature(reference, tag), options);
  return { ...common(reference, root), copied: result.copied, skipped: result.skipped, signatures };
}

async function toFile(
  registry: RegistryTarget,
  reference: Reference,
  output: string,
  options: PullOptions,
  system: SystemContext,
): Promise<PullResult> {
  const wanted = resolve(system.cwd, output);
  const isFolder = /[/\\]$/.test(output) || (await kindOf(wanted)) === 'dir';
  const file = isFolder ? join(wanted, `${reference.repository.split('/').at(-1) ?? 'filter'}.wasm`) : wanted;
  if (!options.force && (await kindOf(file)) !== undefined && !(await isStream(file))) {
    throw new WasmeError('FILE_EXISTS', `${file} is already there`, {
      hint: 'name another file, or add --force to replace it',
    });
  }
  // The store takes an image without reading it.
  const [{ openImage }, { readImage }] = await Promise.all([
    import('./oci/read/open-image.ts'),
    import('./oci/read/read-image.ts'),
  ]);
  const task = system.reporter.task(`pull ${reference.repository}`, { unit: 'bytes' });
  const counted = { blobs: 0, bytes: 0 };
  const source: Source = {
    label: registry.label,
    resolve: name => registry.resolve(name),
    async *fetch(descriptor, range) {
      counted.blobs++;
      for await (const chunk of registry.fetch(descriptor, range)) {
        task.advance(chunk.byteLength);
        counted.bytes += chunk.byteLength;
        yield chunk;
      }
    },
  };
  try {
    const image = await openImage(source, tagOrDigest(reference), { platform: options.platform });
    const read = await readImage(image);
    task.done();
    for (const warning of read.warnings) system.reporter.warn(warning);
    await writeAtomic(file, read.module);
    return {
      ...common(reference, image.index?.descriptor ?? image.descriptor),
      copied: counted,
      skipped: { blobs: 0, bytes: 0 },
      file,
      sizeBytes: read.module.byteLength,
      layout: read.layout.name,
    };
  } catch (error) {
    task.fail();
    throw error;
  }
}

function common(
  reference: Reference,
  { digest, mediaType }: { readonly digest: string; readonly mediaType: string },
): Pick<PullResult, 'reference' | 'digest' | 'pinned' | 'mediaType'> {
  return {
    reference: formatReference(reference),
    digest,
    pinned: `${formatName(reference)}@${digest}`,
    mediaType,
  };
}
