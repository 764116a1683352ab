/** `wasme push`: a project's build, a module file or an image of the store → registry. */
import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { maxKeyBytes } from './io/files/file-limits.ts';
import { readBytes } from './io/files/files.ts';
import { type CopyResult, copy } from './oci/copy.ts';
import { openStore } from './oci/store/oci-layout.ts';
import type { PackagingName } from './oci/packaging/formats/index.ts';
import { isIndexType } from './oci/media-types.ts';
import type { MetadataOptions } from './oci/packaging/metadata.ts';
import { type Reference, defaultsOf, formatName, formatReference, parseReference } from './oci/reference.ts';
import { type RegistryTarget, type RegistryTargetOptions, openRegistry } from './oci/registry/registry.ts';
import { type Descriptor, type Source, graphDescriptor, graphSource, resolveIfThere } from './oci/target.ts';
import { type LoadedProject, findProject, outputPath } from './project/load.ts';

export interface PushOptions extends MetadataOptions {
  /** Where to; default: `image.reference` of the project. */
  readonly reference?: string | undefined;
  /** Module to pack, instead of the project's build or the store's image. */
  readonly file?: string | undefined;
  /** Default: the project's, else `compat`. */
  readonly layout?: PackagingName | undefined;
  /** More tags for the same image. */
  readonly tags?: readonly string[] | undefined;
  /** Push although a host that the project names would not load it, or it is no core module. */
  readonly force?: boolean | undefined;
  /** File of a private key (PEM, or cosign's): the image is signed with it. COSIGN_PASSWORD opens it. */
  readonly signKey?: string | undefined;
  readonly registry?: RegistryTargetOptions | undefined;
  /** Blobs at a time; default 3. */
  readonly concurrency?: number | undefined;
}

export interface PushResult {
  /** Full, with the tag. */
  readonly reference: string;
  readonly digest: string;
  /** What a deployment pins: `name@digest`. */
  readonly pinned: string;
  readonly tags: readonly string[];
  readonly mediaType: string;
  readonly from: 'project' | 'file' | 'store';
  /** undefined: as it lay in the store. */
  readonly layout: PackagingName | undefined;
  readonly copied: CopyResult['copied'];
  readonly skipped: CopyResult['skipped'];
  /** Signed now, or with signatures that the store had. */
  readonly signed: boolean;
}

/** What is pushed: an image that can be read, wherever it is. */
interface Cargo {
  readonly from: PushResult['from'];
  readonly source: Source;
  readonly root: Descriptor;
  readonly layout: PackagingName | undefined;
}

/**
 * Fails with FILE_NOT_FOUND when there is nothing to push, WASM_INVALID for what is no module, NOT_LOADABLE when a host
 * of the project would refuse it, and as registries do. Blobs go first, the tag last: a failure leaves what the tag was.
 */
export async function push(options: PushOptions, system: SystemContext): Promise<PushResult> {
  const project = await findProject(system.cwd, system);
  const reference = destination(options, project, system);
  const tags = tagsOf(reference, options.tags ?? []);
  const cargo = await load(reference, options, project, system);
  const hosts = options.force ? undefined : project?.project.hosts;
  if (hosts !== undefined && !isIndexType(cargo.root.mediaType)) await check(cargo, hosts, reference);
  const key = options.signKey === undefined ? undefined : await signingKey(options.signKey, system);
  const registry = openRegistry(reference, system, options.registry);
  try {
    const { reporter, signal } = system;
    const result = await copy(cargo.source, cargo.root, registry, {
      reporter,
      signal,
      names: tags,
      concurrency: options.concurrency,
    });
    // The store's come first: signing adds to what is there.
    const kept = cargo.from === 'store' && (await keepSignatures(cargo, reference, registry, system));
    if (key !== undefined) await signAs(registry, reference, cargo.root.digest, key, system);
    return {
      reference: formatReference(reference),
      digest: cargo.root.digest,
      pinned: `${formatName(reference)}@${cargo.root.digest}`,
      tags,
      mediaType: cargo.root.mediaType,
      from: cargo.from,
      layout: cargo.layout,
      copied: result.copied,
      skipped: result.skipped,
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
    throw new WasmeError('USAGE', 'no image name: where should it go?', {
      hint: 'wasme push registry.example/team/filter:v1, or set image.reference in wasme.json',
    });
  }
  const reference = parseReference(text, defaultsOf(system));
  if (reference.digest === undefined) return reference;
  throw new WasmeError(
    'REFERENCE_INVALID',
    `${text}: a push is by tag; the digest follows from the content`,
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

async function load(
  reference: Reference,
  options: PushOptions,
  project: LoadedProject | undefined,
  system: SystemContext,
): Promise<Cargo> {
  if (options.file !== undefined) {
    const path = resolve(system.cwd, options.file);
    const own = project !== undefined && outputPath(project) === path ? project : undefined;
    return packed('file', path, await readBytes(path), own, options, system);
  }
  const stored = isOwn(reference, project, system) ? undefined : await inStore(reference, options, system);
  if (stored !== undefined) return stored;
  const module = project && (await readBytes(outputPath(project)).catch(() => undefined));
  if (project !== undefined && module !== undefined)
    return packed('project', outputPath(project), module, project, options, system);
  const last = await inStore(reference, options, system);
  if (last !== undefined) return last;
  throw new WasmeError(
    'FILE_NOT_FOUND',
    project === undefined
      ? `nothing to push: the local store has no ${formatReference(reference)}, and there is no project here`
      : `nothing to push: the project has no module at ${outputPath(project)}`,
    { hint: project === undefined ? 'name the module: --file filter.wasm' : 'run "wasme build" first' },
  );
}

/** The project's own image is pushed from its build: what the store has under that name is an older one. */
function isOwn(reference: Reference, project: LoadedProject | undefined, system: SystemContext): boolean {
  const own = project?.project.image?.reference;
  return own !== undefined && formatName(parseReference(own, defaultsOf(system))) === formatName(reference);
}

async function inStore(
  reference: Reference,
  options: PushOptions,
  system: SystemContext,
): Promise<Cargo | undefined> {
  if (options.layout !== undefined) return undefined;
  const source = openStore(system);
  const root = await resolveIfThere(source, formatReference(reference));
  return root && { from: 'store', source, root, layout: undefined };
}

async function packed(
  from: 'project' | 'file',
  path: string,
  module: Uint8Array,
  project: LoadedProject | undefined,
  options: PushOptions,
  system: SystemContext,
): Promise<Cargo> {
  // A push from the store needs none of it.
  const { packImage } = await import('./oci/packaging/formats/index.ts');
  const { metadataOfModule, metadataOfProject } = await import('./oci/packaging/metadata.ts');
  if (!options.force) {
    const { parseNamedModule } = await import('./wasm/module.ts');
    parseNamedModule(module, path);
  }
  const layout = options.layout ?? project?.project.image?.layout ?? 'compat';
  const metadata =
    project === undefined
      ? metadataOfModule(module, options, system)
      : await metadataOfProject(project, module, options, system);
  const graph = packImage(layout, module, metadata);
  return { from, source: graphSource(graph), root: graphDescriptor(graph), layout };
}

async function check(cargo: Cargo, hosts: readonly string[], reference: Reference): Promise<void> {
  const { openImage } = await import('./oci/read/open-image.ts');
  const { requireLoadableImage, subjectOf } = await import('./oci/compatibility/check-image.ts');
  const name = formatReference(reference);
  const image = await openImage(cargo.source, cargo.root.digest);
  const { subject } = await subjectOf({ name, image, place: 'store' });
  await requireLoadableImage(
    { ...subject, repack: layout => `wasme push ${name} --layout ${layout}` },
    hosts,
  );
}

async function signingKey(file: string, system: SystemContext): Promise<KeyObject> {
  const { privateKeyFrom } = await import('./oci/signature/signature-key.ts');
  const path = resolve(system.cwd, file);
  return privateKeyFrom(
    (await readBytes(path, maxKeyBytes)).toString('utf8'),
    path,
    system.env['COSIGN_PASSWORD'],
  );
}

/** What pull and load brought along goes back out with the image. */
async function keepSignatures(
  { source, root }: Cargo,
  reference: Reference,
  registry: RegistryTarget,
  { reporter, signal }: SystemContext,
): Promise<boolean> {
  const { signatureTag, storedSignature } = await import('./oci/signature/signature.ts');
  const { copySignatures } = await import('./oci/copy-referrers.ts');
  const tag = signatureTag(root.digest);
  return copySignatures(source, storedSignature(reference, tag), registry, tag, { reporter, signal });
}

async function signAs(
  registry: RegistryTarget,
  reference: Reference,
  digest: string,
  key: KeyObject,
  { reporter, signal }: SystemContext,
): Promise<void> {
  const { fetchSignatures, isSignedAlready, signImage, signatureTag } = await import(
    './oci/signature/signature.ts'
  );
  const tag = signatureTag(digest);
  const existing = await fetchSignatures(registry, tag);
  // Where tags cannot be moved, a second signature could not be added to the first.
  if (await isSignedAlready(reference, digest, key, existing)) {
    reporter.info(`${formatName(reference)}@${digest} is signed already by this key`);
    return;
  }
  const graph = signImage(reference, digest, key, existing);
  await copy(graphSource(graph), graphDescriptor(graph), registry, { reporter, signal, names: [tag] });
}
