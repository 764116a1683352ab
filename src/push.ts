/** `wasme push`: sends a project's build, a module file or an image of the store to a registry. */
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { type CopyResult, copy } from './oci/copy.ts';
import { isIndexType } from './oci/media-types.ts';
import { type FindImageOptions, type FoundImage, findImage } from './oci/packaging/find-image.ts';
import type { PackagingName } from './oci/packaging/formats/index.ts';
import { type Reference, defaultsOf, formatName, formatReference, parseReference } from './oci/reference.ts';
import { type RegistryTarget, type RegistryTargetOptions, openRegistry } from './oci/registry/registry.ts';
import { type LoadedProject, findProject } from './project/load.ts';

export interface PushOptions extends FindImageOptions {
  /** The image to write; default: `image.reference` of the project. */
  readonly reference?: string | undefined;
  /** Default: the project's, else `compat`. */
  readonly layout?: PackagingName | undefined;
  /** More tags for the same image. */
  readonly tags?: readonly string[] | undefined;
  /** Pushes although a host that the project names would not load it, or it is not a core module. */
  readonly force?: boolean | undefined;
  /** File of a private key (PEM, or cosign's) that signs the image. COSIGN_PASSWORD opens it. */
  readonly signKey?: string | undefined;
  readonly registry?: RegistryTargetOptions | undefined;
  /** Blobs at a time; default 3. */
  readonly concurrency?: number | undefined;
}

export interface PushResult {
  /** Full, with the tag. */
  readonly reference: string;
  readonly digest: string;
  /** The reference that a deployment pins: `name@digest`. */
  readonly pinned: string;
  readonly tags: readonly string[];
  readonly mediaType: string;
  readonly from: FoundImage['from'];
  /** undefined: as it lies in the store. */
  readonly layout: PackagingName | undefined;
  readonly copied: CopyResult['copied'];
  readonly skipped: CopyResult['skipped'];
  /** Signed now, or sent with signatures of the store. */
  readonly signed: boolean;
}

/**
 * Fails with FILE_NOT_FOUND when there is nothing to push, WASM_INVALID for a file that is not a module, NOT_LOADABLE when a host
 * of the project would refuse it, and as registries do. Blobs go first, the tag last: after a failure the tag is unchanged.
 */
export async function push(options: PushOptions, system: SystemContext): Promise<PushResult> {
  const project = await findProject(system.cwd, system);
  const reference = destination(options, project, system);
  const tags = tagsOf(reference, options.tags ?? []);
  const image = await findImage(reference, options, project, system);
  const { root, source, from, layout } = image;
  const hosts = options.force ? undefined : project?.project.hosts;
  if (hosts !== undefined && !isIndexType(root.mediaType)) await check(image, hosts, reference);
  // Signing is imported only for those who sign. The key is read before anything is sent.
  const signing =
    options.signKey === undefined ? undefined : await import('./oci/signature/publish-signature.ts');
  const key =
    options.signKey === undefined ? undefined : await signing?.readSigningKey(options.signKey, system);
  const registry = openRegistry(reference, system, options.registry);
  try {
    const { reporter, signal } = system;
    const { concurrency } = options;
    const { copied, skipped } = await copy(source, root, registry, {
      reporter,
      signal,
      names: tags,
      concurrency,
    });
    // The store's signatures are copied first: signing adds to those that the registry has.
    const kept = from === 'store' && (await copyStoredSignatures(image, reference, registry, system));
    if (key !== undefined) await signing?.publishSignature(registry, reference, root.digest, key, system);
    return {
      reference: formatReference(reference),
      digest: root.digest,
      pinned: `${formatName(reference)}@${root.digest}`,
      tags,
      mediaType: root.mediaType,
      from,
      layout,
      copied,
      skipped,
      signed: key !== undefined || kept,
    };
  } finally {
    await registry.close();
  }
}

function destination(
  options: PushOptions,
  project: LoadedProject | undefined,
  system: SystemContext,
): Reference {
  const text = options.reference ?? project?.project.image?.reference;
  if (text === undefined) {
    throw new WasmeError('USAGE', 'no image name is given, and wasme.json has none', {
      hint: 'wasme push registry.example/team/filter:v1, or set image.reference in wasme.json',
    });
  }
  const reference = parseReference(text, defaultsOf(system));
  if (reference.digest === undefined) return reference;
  throw new WasmeError(
    'REFERENCE_INVALID',
    `${text}: push takes a tag; the digest follows from the content`,
    {
      hint: `wasme push ${formatName(reference)}:${reference.tag ?? 'latest'}`,
    },
  );
}

/** Fails with REFERENCE_INVALID before anything is sent. */
function tagsOf(reference: Reference, more: readonly string[]): string[] {
  for (const tag of more) parseReference(`${formatName(reference)}:${tag}`);
  return [...new Set([reference.tag ?? 'latest', ...more])];
}

async function check(image: FoundImage, hosts: readonly string[], reference: Reference): Promise<void> {
  const { openImage } = await import('./oci/read/open-image.ts');
  const { requireLoadableImage, subjectOf } = await import('./oci/compatibility/check-image.ts');
  const name = formatReference(reference);
  const opened = await openImage(image.source, image.root.digest);
  const { subject } = await subjectOf({ name, image: opened, place: 'store' });
  await requireLoadableImage(
    { ...subject, repack: layout => `wasme push ${name} --layout ${layout}` },
    hosts,
  );
}

/** Sends the signatures that pull and load brought into the store. */
async function copyStoredSignatures(
  { source, root }: FoundImage,
  reference: Reference,
  registry: RegistryTarget,
  { reporter, signal }: SystemContext,
): Promise<boolean> {
  const { signatureTag, storedSignature } = await import('./oci/signature/signature.ts');
  const { copySignatures } = await import('./oci/copy-referrers.ts');
  const tag = signatureTag(root.digest);
  return copySignatures(source, storedSignature(reference, tag), registry, tag, { reporter, signal });
}
