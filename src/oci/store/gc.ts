/** Removes blobs of a layout folder that no name reaches, but none that a running copy relies on. */
import { randomBytes } from 'node:crypto';
import { link, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pid } from 'node:process';
import { maxManifestBytes } from '../limits.ts';
import { isSystemError } from '../../io/files/file-errors.ts';
import { makeFolder, readBytes } from '../../io/files/files.ts';
import { isAlive } from '../../io/files/lock.ts';
import { isDigest } from '../digest.ts';
import { blobPath } from './layout-files.ts';
import { machine } from './ingest.ts';
import { isManifestType } from '../media-types.ts';
import { parseManifest } from '../schema.ts';
import type { Descriptor } from '../target.ts';

/** While a copy is running, only blobs untouched for this long are removed. */
const graceMs = 60 * 60 * 1000;
/** Age at which the lease of another machine ends, as its owner cannot be checked. */
const leaseLifeMs = 24 * 60 * 60 * 1000;

export interface GcResult {
  readonly blobs: number;
  readonly bytes: number;
}

/** Runs `body`, during which sweeps of other processes spare the blobs that it relies on. */
export async function withLease<T>(dir: string, body: () => Promise<T>): Promise<T> {
  const folder = join(dir, 'ingest');
  const path = join(folder, `lease.${machine()}.${pid}.${randomBytes(4).toString('hex')}`);
  await makeFolder(folder);
  await writeFile(path, '');
  try {
    return await body();
  } finally {
    await rm(path, { force: true });
  }
}

/** Marks a blob as relied on. Returns false when it does not exist. */
export async function touch(path: string, nowMs: number): Promise<boolean> {
  try {
    await utimes(path, nowMs / 1000, nowMs / 1000);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Removes what `roots` do not reach. The caller holds the lock of the index. A copy that starts meanwhile touches the blobs
 * that it finds; that is detected here, because a blob is first moved aside and checked again before it is deleted.
 */
export async function collectGarbage(
  dir: string,
  roots: readonly Descriptor[],
  nowMs: number,
): Promise<GcResult> {
  const cutoff = (await hasLease(join(dir, 'ingest'), nowMs)) ? nowMs - graceMs : nowMs - 2;
  const reached = await mark(dir, roots);
  let blobs = 0;
  let bytes = 0;
  for (const algorithm of await names(join(dir, 'blobs'))) {
    for (const hex of await names(join(dir, 'blobs', algorithm))) {
      if (reached.has(`${algorithm}:${hex}`)) continue;
      const size = await removeIfOlder(join(dir, 'blobs', algorithm, hex), join(dir, 'ingest'), cutoff);
      if (size === undefined) continue;
      blobs++;
      bytes += size;
    }
  }
  await clearIngest(join(dir, 'ingest'), nowMs - graceMs);
  return { blobs, bytes };
}

async function mark(dir: string, roots: readonly Descriptor[]): Promise<Set<string>> {
  const reached = new Set<string>();
  const open = [...roots];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next.digest)) continue;
    reached.add(next.digest);
    if (!isManifestType(next.mediaType) || !isDigest(next.digest)) continue;
    try {
      const bytes = await readBytes(join(dir, blobPath(next.digest)), maxManifestBytes);
      const manifest = parseManifest(bytes, next.mediaType);
      const children = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
      open.push(...children, ...(manifest.subject === undefined ? [] : [manifest.subject]));
    } catch {
      // A missing or damaged manifest reaches nothing; the read that needs it reports the fault.
    }
  }
  return reached;
}

async function removeIfOlder(path: string, ingestDir: string, cutoff: number): Promise<number | undefined> {
  const aside = join(ingestDir, `swept.${basename(path)}.${randomBytes(4).toString('hex')}`);
  try {
    if ((await stat(path)).mtimeMs >= cutoff) return undefined;
    await makeFolder(ingestDir);
    await rename(path, aside);
    const { mtimeMs, size } = await stat(aside);
    if (mtimeMs >= cutoff) {
      await link(aside, path).catch(() => undefined);
      return undefined;
    }
    return size;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function hasLease(ingestDir: string, nowMs: number): Promise<boolean> {
  for (const name of await names(ingestDir)) {
    const [kind, host, owner] = name.split('.');
    if (kind !== 'lease') continue;
    const { mtimeMs } = await stat(join(ingestDir, name)).catch(() => ({ mtimeMs: 0 }));
    const lives = host === machine() ? isAlive(Number(owner)) : nowMs - mtimeMs < leaseLifeMs;
    if (lives && mtimeMs > 0) return true;
    await rm(join(ingestDir, name), { force: true });
  }
  return false;
}

/** Removes parts of downloads that were never resumed. */
async function clearIngest(ingestDir: string, cutoff: number): Promise<void> {
  for (const name of await names(ingestDir)) {
    const path = join(ingestDir, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < cutoff && !name.startsWith('lease.'))
      await rm(path, { force: true });
  }
}

async function names(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}
