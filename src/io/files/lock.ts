/** A lock between processes: one file that says who holds it. Survives holders that were killed. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { kill, pid as ownPid } from 'node:process';
import { type ErrorCode, WasmeError } from '../../errors.ts';
import type { SystemContext } from '../system-context.ts';
import { fileError, isSystemError } from './file-errors.ts';
import { makeFolder } from './files.ts';
import { pause } from '../pause.ts';

export interface LockOptions {
  /** The holder, as a message to the user names it: `another build of this project`. */
  readonly holder: string;
  /** Code of the failure when it is not free in time. */
  readonly code: ErrorCode;
  readonly waitMs: number;
  /** Age at which the lock of another machine (shared folder) is taken over, as its process cannot be checked. Default 1 h. */
  readonly foreignLifeMs?: number;
}

export interface HeldLock {
  /** Returns false when this process slept so long that another machine took the lock. To be asked before the last step. */
  isHeld(): Promise<boolean>;
}

/** After this time a message says which lock is waited for. */
const patienceMs = 1_000;
/** Locks that this process holds: after a restart of a container the file of another process may have the same id. */
const held = new Set<string>();

/** Runs `body` while holding the lock file. A lock whose process is gone is taken over. Fails with `options.code`. */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  system: SystemContext,
  body: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const token = `${ownPid} ${hostname()} ${randomBytes(8).toString('hex')}\n`;
  held.add(token);
  try {
    await acquire(path, token, options, system);
    return await body({ isHeld: async () => (await contentOf(path)) === token });
  } finally {
    if ((await contentOf(path)) === token) await rm(path, { force: true });
    held.delete(token);
  }
}

async function acquire(
  path: string,
  token: string,
  options: LockOptions,
  system: SystemContext,
): Promise<void> {
  const startedAt = system.now();
  let told = false;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    if (await create(path, token)) return;
    await stealIfStale(path, options.foreignLifeMs ?? 3_600_000);
    const waitedMs = system.now() - startedAt;
    if (waitedMs > options.waitMs) {
      throw new WasmeError(
        options.code,
        `${options.holder} has held ${path} for ${Math.round(waitedMs / 1000)} s`,
        {
          hint: 'wait for it to end; if nothing runs any more, delete that file',
        },
      );
    }
    if (!told && waitedMs > patienceMs) {
      system.reporter.info(`waiting for ${options.holder} …`);
      told = true;
    }
    await pause(pauseMs * (0.5 + Math.random()), system.signal);
  }
}

/** The file appears with its content or not at all: one without the name of its owner could never be released. */
async function create(path: string, token: string): Promise<boolean> {
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await makeFolder(dirname(path));
    await writeFile(own, token, { flag: 'wx' });
    await link(own, path);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false;
    throw fileError(error, path, 'write');
  } finally {
    await rm(own, { force: true });
  }
}

async function stealIfStale(path: string, foreignLifeMs: number): Promise<void> {
  const found = await contentOf(path);
  if (found === undefined || !(await isStale(path, found, foreignLifeMs))) return;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
    // If another process took the lock over between the check and the rename, it gets its lock back.
    if ((await contentOf(aside)) !== found) await link(aside, path).catch(() => undefined);
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw fileError(error, path, 'write');
  } finally {
    await rm(aside, { force: true });
  }
}

async function isStale(path: string, content: string, foreignLifeMs: number): Promise<boolean> {
  const [pid, host] = content.trim().split(' ');
  if (host === hostname()) return Number(pid) === ownPid ? !held.has(content) : !isAlive(Number(pid));
  const written = await stat(path).catch(() => undefined);
  return written !== undefined && Date.now() - written.mtimeMs > foreignLifeMs;
}

/** Returns true while a process of this machine runs. */
export function isAlive(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM';
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw fileError(error, path, 'read');
  }
}
