/** Copies an image with everything that it consists of from any source to any target: push, pull, save and load are this. */
import { WasmeError, interrupted } from '../errors.ts';
import { type Reporter, silentReporter } from '../reporter.ts';
import { maxIndexDepth } from './limits.ts';
import { isManifestType } from './media-types.ts';
import type { Manifest } from './schema.ts';
import { type Descriptor, type Source, type ImageTarget, fetchManifest, inMemory } from './target.ts';

export interface CopyOptions {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Blobs at a time; default 3. */
  readonly concurrency?: number | undefined;
  /** Names in the target, written last. If empty, the image is found by its digest only. */
  readonly names: readonly string[];
}

export interface CopyResult {
  readonly descriptor: Descriptor;
  /** Blobs that moved, and their bytes. */
  readonly copied: { readonly blobs: number; readonly bytes: number };
  /** Blobs that were there already. */
  readonly skipped: { readonly blobs: number; readonly bytes: number };
}

/** A manifest and what must be stored before it. */
interface Node {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly blobs: readonly Descriptor[];
}

/** Second chances for a registry that answers before it knows a blob, or that lost one. */
const maxRepairs = 2;

/** Blobs from this size on have a progress line of their own. */
const minShownBytes = 64 * 1024;

/**
 * Copies the image that `root` points to: blobs first (existing ones are skipped), then manifests from the leaves up, the
 * names last. A failure leaves at most unnamed blobs. Fails as source and target do.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export async function copy(
  source: Source,
  root: Descriptor,
  target: ImageTarget,
  options: CopyOptions,
): Promise<CopyResult> {
  const run = (): Promise<CopyResult> => copyGraph(source, root, target, options);
  return target.writing === undefined ? run() : target.writing(run);
}

async function copyGraph(
  source: Source,
  root: Descriptor,
  target: ImageTarget,
  options: CopyOptions,
): Promise<CopyResult> {
  const nodes = await collect(source, root);
  const blobs = new Map(nodes.flatMap(node => node.blobs).map(blob => [blob.digest, blob]));
  const tally = { copied: { blobs: 0, bytes: 0 }, skipped: { blobs: 0, bytes: 0 } };
  const move = async (blob: Descriptor): Promise<void> => {
    const group = (await copyBlob(source, blob, target, options)) ? tally.copied : tally.skipped;
    group.blobs++;
    group.bytes += blob.size;
  };
  await inParallel([...blobs.values()], options.concurrency ?? 3, move);
  for (const node of nodes) {
    const isRoot = node.descriptor.digest === root.digest;
    await pushManifest(node, isRoot ? options.names : [], target, () => inParallel(node.blobs, 1, move));
  }
  return { descriptor: root, ...tally };
}

/** Returns the manifests below `root`, children before parents, each once. */
async function collect(source: Source, root: Descriptor): Promise<readonly Node[]> {
  const nodes = new Map<string, Node>();
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (nodes.has(descriptor.digest)) return;
    if (depth > maxIndexDepth) {
      throw new WasmeError('IMAGE_INVALID', `${source.label}: indexes nested deeper than ${maxIndexDepth}`);
    }
    const { manifest, bytes } = await fetchManifest(source, descriptor);
    if (manifest.kind === 'index') {
      for (const child of manifest.manifests)
        if (isManifestType(child.mediaType)) await visit(child, depth + 1);
    }
    nodes.set(descriptor.digest, {
      descriptor: { ...descriptor, mediaType: manifest.mediaType },
      bytes,
      blobs: blobsOf(manifest),
    });
  };
  await visit(root, 0);
  return [...nodes.values()];
}

function blobsOf(manifest: Manifest): readonly Descriptor[] {
  const all =
    manifest.kind === 'image'
      ? [manifest.config, ...manifest.layers]
      : manifest.manifests.filter(child => !isManifestType(child.mediaType));
  // One digest may occur twice: the config of the old wasme is also a layer.
  return [...new Map(all.map(descriptor => [descriptor.digest, descriptor])).values()];
}

/** Returns whether anything was copied. */
async function copyBlob(
  source: Source,
  blob: Descriptor,
  target: ImageTarget,
  options: CopyOptions,
): Promise<boolean> {
  if (options.signal.aborted) throw interrupted();
  if (await target.exists(blob)) {
    options.reporter.detail(`${blob.digest} is there already`);
    return false;
  }
  // A config is copied before anybody could read its progress line.
  const { reporter } = blob.size < minShownBytes ? { reporter: silentReporter } : options;
  const task = reporter.task(shortDigest(blob.digest), { total: blob.size, unit: 'bytes' });
  try {
    await target.push(
      blob,
      { open: from => source.fetch(blob, { from, unchecked: target.checks }) },
      { origin: source, onProgress: bytes => task.advance(bytes) },
    );
    task.done();
    return true;
  } catch (error) {
    task.fail();
    throw error;
  }
}

async function pushManifest(
  { descriptor, bytes }: Node,
  names: readonly string[],
  target: ImageTarget,
  repair: () => Promise<void>,
): Promise<void> {
  const source = inMemory(bytes);
  const [first, ...others] = names;
  for (let repairs = 0; ; repairs++) {
    try {
      await target.push(descriptor, source, { name: first });
      break;
    } catch (error) {
      if (!lacksBlob(error) || repairs >= maxRepairs) throw error;
      await repair();
    }
  }
  for (const name of others) await target.tag(descriptor, name);
}

function lacksBlob(error: unknown): boolean {
  const code = error instanceof WasmeError ? error.details?.['registryCode'] : undefined;
  return code === 'MANIFEST_BLOB_UNKNOWN' || code === 'BLOB_UNKNOWN';
}

/** Shortens a digest to `sha256:0123456789ab`, enough to tell blobs apart. */
function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}

/** Runs `job` over all items, `concurrency` at a time. After a failure it starts no other job and waits for those that run. */
async function inParallel<T>(
  items: readonly T[],
  limit: number,
  job: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift()) {
      await job(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
