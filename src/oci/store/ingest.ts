/** Writes incoming bytes to a file of their own until they are complete, so that an interrupted download can resume. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { sha256Hex } from '../../io/sha256.ts';
import { WasmeError } from '../../errors.ts';
import { fileError, isSystemError } from '../../io/files/file-errors.ts';
import { makeFolder } from '../../io/files/files.ts';
import { isAlive } from '../../io/files/lock.ts';
import { Verifier } from '../digest.ts';
import { BufferedWriter } from './buffered-writer.ts';
import { type BlobSource, type Descriptor, pieceBytes } from '../target.ts';

/** Fetching smaller parts again is faster than finding them. */
const minKeptBytes = 1024 * 1024;

/**
 * Writes the source into a file in `dir` and returns its path: complete, checked, flushed, read-only. Resumes a part that an
 * earlier try (also of a killed process) left. Fails with DIGEST_MISMATCH, or as the source does.
 */
export async function ingest(
  dir: string,
  descriptor: Descriptor,
  source: BlobSource,
  label: string,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<string> {
  const stem = descriptor.digest.replace(':', '-');
  const own = join(dir, `${stem}.${machine()}.${pid}.${randomBytes(4).toString('hex')}`);
  try {
    await makeFolder(dir);
    const adopted = await adopt(dir, stem, own);
    try {
      return await fill(own, adopted, descriptor, source, label, onProgress);
    } catch (error) {
      if (!adopted || !(error instanceof WasmeError) || error.code !== 'DIGEST_MISMATCH') throw error;
      // The part that was found may be damaged; try once more without it.
      return await fill(own, false, descriptor, source, label, onProgress);
    }
  } catch (error) {
    throw fileError(error, own, 'write');
  }
}

async function fill(
  path: string,
  hasPart: boolean,
  descriptor: Descriptor,
  source: BlobSource,
  label: string,
  onProgress: (bytes: number) => void,
): Promise<string> {
  const verifier = new Verifier(descriptor, `${label}: ${descriptor.digest}`);
  const file = await open(path, 'a', 0o644);
  const writer = new BufferedWriter(file);
  let counted = 0;
  try {
    if (hasPart) {
      const part = createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Uint8Array>;
      for await (const chunk of part) verifier.update(chunk);
      counted = verifier.seen;
      onProgress(counted);
    }
    if (counted < descriptor.size || descriptor.size === 0) {
      for await (const chunk of source.open(counted)) {
        verifier.update(chunk);
        await writer.write(chunk);
        onProgress(chunk.byteLength);
        counted += chunk.byteLength;
      }
    }
    await writer.flush();
    verifier.finish();
    await file.sync();
    await file.chmod(0o444);
    // The store's sweep compares with the clock that writes this time, not with the file system's.
    await file.utimes(new Date(), new Date());
    await file.close();
    return path;
  } catch (error) {
    onProgress(-counted);
    // The bytes before the failure are correct, so the next try can resume after them.
    await writer.flush().catch(() => undefined);
    await file.close();
    await setAside(path, verifier.seen, error);
    throw error;
  }
}

/** Keeps the received bytes, unless they are what the failure is about. */
async function setAside(path: string, size: number, error: unknown): Promise<void> {
  const isWrong = error instanceof WasmeError && error.code === 'DIGEST_MISMATCH';
  if (isWrong || size < minKeptBytes) await rm(path, { force: true });
  else await rename(path, `${path.split('.').slice(0, -3).join('.')}.partial`);
}

/** Takes over the part that an earlier try set aside or that a killed process of this machine left. One caller wins. */
async function adopt(dir: string, stem: string, own: string): Promise<boolean> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(`${stem}.`) || !isAbandoned(name.slice(stem.length + 1))) continue;
    try {
      await rename(join(dir, name), own);
      return true;
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
    }
  }
  return false;
}

function isAbandoned(suffix: string): boolean {
  const [host, owner] = suffix.split('.');
  return suffix === 'partial' || (host === machine() && !isAlive(Number(owner)));
}

/** Machines may share a folder, and the same process id is another process there. */
export function machine(): string {
  return sha256Hex(hostname()).slice(0, 8);
}
