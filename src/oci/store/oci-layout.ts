/**
 * Implements an OCI image-layout folder as a target of copy: the local store, and what skopeo and oras read and write. Safe
 * with several processes and a kill at any moment: blobs and index.json appear whole or not at all.
 */
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { fileError, isSystemError } from '../../io/files/file-errors.ts';
import { exists, makeFolder, readBytes, writeAtomic } from '../../io/files/files.ts';
import { type HeldLock, type LockOptions, withLock } from '../../io/files/lock.ts';
import { dataDir } from '../../io/files/paths.ts';
import { isDigest, verified } from '../digest.ts';
import { blobPath, indexFile, marker, markerFile, refNameKey } from './layout-files.ts';
import { ingest } from './ingest.ts';
import { maxLayoutIndexBytes, maxManifestBytes } from '../limits.ts';
import { isManifestType, ociIndex } from '../media-types.ts';
import { type LayoutIndex, parseLayoutIndex, parseManifest } from '../schema.ts';
import { type GcResult, collectGarbage, touch, withLease } from './gc.ts';
import {
  type BlobSource,
  type Descriptor,
  type FetchOptions,
  type WriteOptions,
  type ImageTarget,
  pieceBytes,
} from '../target.ts';

/** The lock is held while one small file is written: a longer wait means that something is broken. */
const lockOptions: LockOptions = {
  holder: 'another wasme that writes the store',
  code: 'FILE_ACCESS',
  waitMs: 60_000,
  foreignLifeMs: 60_000,
};

/** A name in the store and the manifest that it points to. */
export interface StoredImage {
  readonly name: string;
  readonly descriptor: Descriptor;
}

export class OciLayout implements ImageTarget {
  readonly label: string;
  readonly checks = true;
  readonly dir: string;
  readonly #system: SystemContext;

  constructor(dir: string, system: SystemContext, label = dir) {
    this.dir = dir;
    this.label = label;
    this.#system = system;
  }

  async resolve(name: string): Promise<Descriptor> {
    const entries = (await this.#readIndex()).manifests;
    const found = isDigest(name)
      ? (entries.find(({ digest }) => digest === name) ?? (await this.#unnamed(name)))
      : entries.find(({ annotations }) => annotations?.[refNameKey] === name);
    if (found === undefined) {
      throw new WasmeError('IMAGE_NOT_FOUND', `${this.label} has no image ${name}`, {
        hint: 'wasme list shows the images of the store; wasme pull gets one from its registry',
      });
    }
    return withoutName(found);
  }

  /** Returns every name, in the order of index.json. Returns an empty list when there is no store yet. */
  async list(): Promise<readonly StoredImage[]> {
    return (await this.#readIndex()).manifests.map(entry => ({
      name: entry.annotations?.[refNameKey] ?? '',
      descriptor: withoutName(entry),
    }));
  }

  /** Also protects the blob from a sweep of another process, because the caller relies on the answer. */
  async exists({ digest, size }: Descriptor): Promise<boolean> {
    try {
      if (!(await touch(this.blobPath(digest), this.#system.now()))) return false;
      return (await stat(this.blobPath(digest))).size === size;
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return false;
      throw fileError(error, this.blobPath(digest), 'read');
    }
  }

  async *fetch(
    descriptor: Descriptor,
    { from = 0 }: FetchOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const path = this.blobPath(descriptor.digest);
    const file = createReadStream(path, {
      start: from,
      highWaterMark: pieceBytes,
    }) as AsyncIterable<Uint8Array>;
    try {
      yield* from === 0 ? verified(file, descriptor, `${this.label}: ${descriptor.digest}`) : file;
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') {
        throw new WasmeError('IMAGE_NOT_FOUND', `${this.label} lacks the blob ${descriptor.digest}`, {
          hint: 'pull the image again',
        });
      }
      if (error instanceof WasmeError && error.code === 'DIGEST_MISMATCH') {
        // When it is removed, the next pull fetches it again; a damaged one would be skipped as existing.
        await rm(path, { force: true });
        throw new WasmeError('DIGEST_MISMATCH', `${error.message}; the damaged file was removed`, {
          hint: 'pull or build the image again; if it comes back, check the disk',
          cause: error,
        });
      }
      throw fileError(error, path, 'read');
    }
  }

  async push(descriptor: Descriptor, source: BlobSource, options: WriteOptions = {}): Promise<void> {
    if (await this.exists(descriptor)) options.onProgress?.(descriptor.size);
    else await this.#write(descriptor, source, options);
    if (options.name !== undefined) await this.tag(descriptor, options.name);
  }

  async tag(descriptor: Descriptor, name: string): Promise<void> {
    if (!(await this.exists(descriptor))) {
      throw new WasmeError('IMAGE_NOT_FOUND', `${this.label} lacks the manifest ${descriptor.digest}`);
    }
    await this.#change(entries => [
      ...entries.filter(entry => entry.annotations?.[refNameKey] !== name),
      named(descriptor, name),
    ]);
  }

  /** Removes a name; the blobs stay until `prune`. Returns false when there is no such name. */
  async untag(name: string): Promise<boolean> {
    let found = false;
    await this.#change(entries =>
      entries.filter(entry => {
        const is = entry.annotations?.[refNameKey] === name;
        found ||= is;
        return !is;
      }),
    );
    return found;
  }

  /** Removes blobs that no name reaches; while a copy is running, only old ones. */
  async prune(): Promise<GcResult> {
    return this.#locked(async () =>
      collectGarbage(this.dir, (await this.#readIndex()).manifests, this.#system.now()),
    );
  }

  writing<T>(body: () => Promise<T>): Promise<T> {
    return withLease(this.dir, body);
  }

  blobPath(digest: string): string {
    return join(this.dir, blobPath(digest));
  }

  #locked<T>(body: (lock: HeldLock) => Promise<T>): Promise<T> {
    return withLock(join(this.dir, 'index.lock'), lockOptions, this.#system, body);
  }

  async #write(descriptor: Descriptor, source: BlobSource, options: WriteOptions): Promise<void> {
    const path = this.blobPath(descriptor.digest);
    const label = options.origin?.label ?? this.label;
    const file = await ingest(join(this.dir, 'ingest'), descriptor, source, label, options.onProgress);
    try {
      if (isManifestType(descriptor.mediaType))
        parseManifest(await readBytes(file, maxManifestBytes), descriptor.mediaType);
      await makeFolder(join(path, '..'));
      await rename(file, path);
    } catch (error) {
      await rm(file, { force: true });
      throw fileError(error, path, 'write');
    }
  }

  async #change(change: (entries: readonly Descriptor[]) => readonly Descriptor[]): Promise<void> {
    for (;;) {
      const done = await this.#locked(async lock => {
        const index = await this.#readIndex();
        const manifests = change(index.manifests);
        const next = {
          schemaVersion: 2,
          mediaType: ociIndex,
          ...(index.annotations ? { annotations: index.annotations } : {}),
          manifests,
        };
        await this.#writeMarker();
        // The lock was taken over (a laptop that slept): the content that was read is old, so read it again under a new lock.
        if (!(await lock.isHeld())) return false;
        await writeAtomic(join(this.dir, indexFile), JSON.stringify(next));
        return true;
      });
      if (done) return;
    }
  }

  /** Stores a manifest that only an index points to. */
  async #unnamed(digest: string): Promise<Descriptor | undefined> {
    const path = this.blobPath(digest);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || found.size > maxManifestBytes) return undefined;
    const { mediaType } = parseManifest(await readBytes(path, maxManifestBytes));
    return { mediaType, digest, size: found.size };
  }

  async #writeMarker(): Promise<void> {
    const path = join(this.dir, markerFile);
    if (!(await exists(path))) await writeAtomic(path, marker);
  }

  async #readIndex(): Promise<LayoutIndex> {
    const path = join(this.dir, indexFile);
    let bytes: Buffer;
    try {
      bytes = await readBytes(path, maxLayoutIndexBytes);
    } catch (error) {
      if (error instanceof WasmeError && error.code === 'FILE_NOT_FOUND') return { manifests: [] };
      throw error;
    }
    try {
      return parseLayoutIndex(bytes);
    } catch (error) {
      if (!(error instanceof WasmeError)) throw error;
      throw new WasmeError('IMAGE_INVALID', `${path}: ${error.message}`, {
        hint: 'not written by wasme; restore it, or move the folder away to start with an empty store',
        cause: error,
      });
    }
  }
}

function named(descriptor: Descriptor, name: string): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [refNameKey]: name } };
}

function withoutName({ annotations, ...descriptor }: Descriptor): Descriptor {
  const rest = Object.entries(annotations ?? {}).filter(([key]) => key !== refNameKey);
  return rest.length === 0 ? descriptor : { ...descriptor, annotations: Object.fromEntries(rest) };
}

/** Opens the local store: one layout folder whose names are full references. */
export function openStore(system: SystemContext): OciLayout {
  return new OciLayout(join(dataDir(system), 'store'), system, 'the local store');
}
