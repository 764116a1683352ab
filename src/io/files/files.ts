/** Reads files within limits, writes them atomically, and makes temporary folders; system errors become WasmeErrors. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isatty } from 'node:tty';
import { WasmeError } from '../../errors.ts';
import { fileError, isSystemError } from './file-errors.ts';
import { startTimer } from '../timer.ts';
import { maxFileBytes, maxTextBytes } from './file-limits.ts';

/** Read at a time where the size is not known. */
const pieceBytes = 64 * 1024;
/** Limits the wait for a writer of a named pipe, and the pause between two reads of an empty one. */
const pipePatienceMs = 10_000;
const pipePauseMs = 20;

/**
 * Returns a whole file, or what comes out of a pipe. Fails with FILE_NOT_FOUND, and with FILE_ACCESS for a device, for a folder,
 * for a named pipe without a writer, and for more than `maxBytes`.
 */
export async function readBytes(path: string, maxBytes: number = maxFileBytes): Promise<Buffer> {
  try {
    // Without waiting: the open of a named pipe without a writer would not return, nor let the process end.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      return await readWhole(file, path, maxBytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}

/** Returns a whole file as UTF-8 text. Fails as `readBytes` does. */
export async function readText(path: string, maxBytes: number = maxTextBytes): Promise<string> {
  return (await readBytes(path, maxBytes)).toString('utf8');
}

async function readWhole(file: FileHandle, path: string, maxBytes: number): Promise<Buffer> {
  const found = await file.stat();
  const tooLarge = (): WasmeError =>
    new WasmeError('FILE_ACCESS', `${path} has more than ${maxBytes} bytes, which is the limit`, {
      hint: 'check that it is the file you meant',
      details: { path, maxBytes },
    });
  if (found.isFile() && found.size > maxBytes) throw tooLarge();
  const pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    // One byte more than a file has: the next read says that it has ended.
    const piece = Buffer.allocUnsafe(size === 0 && found.isFile() ? found.size + 1 : pieceBytes);
    const bytesRead = await readPiece(file, piece, path, found.isFIFO() && size === 0);
    if (bytesRead === 0) return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, size);
    // /dev/null ends at once, and a terminal when its user says so; other devices may never end.
    if (found.isBlockDevice() || (found.isCharacterDevice() && !isatty(file.fd))) {
      throw new WasmeError('FILE_ACCESS', `cannot read ${path}: it is a device`, {
        hint: 'name a file',
        details: { path },
      });
    }
    size += bytesRead;
    if (size > maxBytes) throw tooLarge();
    pieces.push(piece.subarray(0, bytesRead));
  }
}

/** Returns how much was read, 0 at the end. `isNew`: a pipe from which nothing came yet, whose writer may still come. */
async function readPiece(file: FileHandle, piece: Buffer, path: string, isNew: boolean): Promise<number> {
  let mayBeginLater = isNew;
  for (let waitedMs = 0, pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, pipePauseMs)) {
    try {
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead > 0 || !mayBeginLater) return bytesRead;
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EAGAIN') throw error;
      // There is a writer, who takes time.
      mayBeginLater = false;
    }
    if (mayBeginLater && waitedMs >= pipePatienceMs) {
      throw new WasmeError('FILE_ACCESS', `cannot read ${path}: no program writes into this pipe`, {
        hint: 'start the program that writes into it first, or name a file',
        details: { path },
      });
    }
    await new Promise<void>(resolve => void startTimer(pauseMs, resolve));
    waitedMs += pauseMs;
  }
}

/**
 * Writes so that a reader, or a kill at any moment, sees the old content or the new one, never a part:
 * temporary file in the same folder, flushed, then renamed over the target. Makes missing folders. What is no file (a pipe,
 * a device) is written to as it is.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  options: { mode?: number; owner?: { uid: number; gid: number } } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    if (await isStream(path)) return await writeFile(path, data);
    await makeFolder(dirname(path));
    const handle = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      const { mode, owner } = options;
      // Only root may give a file away; for others it is theirs before and after.
      if (owner !== undefined) await handle.chown(owner.uid, owner.gid).catch(() => undefined);
      // The mode given to `open` is reduced by the umask.
      if (mode !== undefined) await handle.chmod(mode);
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(error, path, 'write');
  }
}

/**
 * Makes the folder and those above it. Gives the first one that was not there. Node's own recursive mkdir tries for ever
 * below /proc, which takes no folders. Fails with FILE_ACCESS.
 */
export async function makeFolder(path: string, options: { mode?: number } = {}): Promise<string | undefined> {
  try {
    try {
      await mkdir(path, options);
      return path;
    } catch (error) {
      if (await isFolder(path)) return undefined;
      if (!isSystemError(error) || error.code !== 'ENOENT' || dirname(path) === path) throw error;
    }
    const first = await makeFolder(dirname(path), options);
    await mkdir(path, options).catch(async (error: unknown) => {
      // Somebody else was faster.
      if (!(await isFolder(path))) throw error;
    });
    return first ?? path;
  } catch (error) {
    throw fileError(error, path, 'write');
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Returns true for a path that must not be replaced by a file: a pipe, a device, /dev/stdout. */
export async function isStream(path: string): Promise<boolean> {
  return /^\/(dev\/(stdout|stderr|fd\/)|proc\/self\/fd\/)/.test(path) || (await kindOf(path)) === 'other';
}

/** As `writeAtomic`, for a file of the user that may exist: links, mode and owner stay as they are. */
export async function rewrite(path: string, data: string | Uint8Array): Promise<void> {
  if (await isStream(path)) return writeAtomic(path, data);
  const target = await realpath(path).catch(() => path);
  const there = await stat(target).catch(() => undefined);
  const kept = there && { mode: there.mode & 0o777, owner: { uid: there.uid, gid: there.gid } };
  await writeAtomic(target, data, kept);
}

/** Runs `body` with a fresh folder that is gone afterwards, whatever happened. */
export async function withTempDir<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'wasme-'));
  try {
    return await body(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await kindOf(path)) !== undefined;
}

/** 'file', 'dir', 'other', or undefined when nothing is there. */
export async function kindOf(path: string): Promise<'file' | 'dir' | 'other' | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'dir' : 'other';
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw fileError(error, path, 'read');
  }
}

/** Joins a name that came from outside to `root`; refuses one that would lead out of it. */
export function safeJoin(root: string, name: string): string {
  const path = resolve(root, name);
  const inside = relative(root, path);
  if (isAbsolute(name) || name.includes('\0') || inside === '..' || inside.startsWith(`..${sep}`)) {
    throw new WasmeError('FILE_ACCESS', `refused the path ${JSON.stringify(name)}: it leads out of ${root}`);
  }
  return path;
}
