/** A lock between processes: one file that says who holds it. */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { kill, pid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, WasmeError } from '../errors.ts';
import type { Edges } from './edges.ts';
import { fileError, isSystemError } from './files.ts';

export interface LockOptions {
  /** What is said to a person who waits: `another build of this project`. */
  readonly holder: string;
  /** Code of the failure when it is not free in time. */
  readonly code: ErrorCode;
  readonly waitMs: number;
}

/** Runs `body` while holding the lock file. A lock whose process is gone is taken over. Fails with `options.code`. */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  edges: Edges,
  body: () => Promise<T>,
): Promise<T> {
  await acquire(path, options, edges);
  try {
    return await body();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, { holder, code, waitMs }: LockOptions, edges: Edges): Promise<void> {
  const deadline = edges.now() + waitMs;
  let told = false;
  for (;;) {
    if (await tryCreate(path)) return;
    if (await isAbandoned(path)) {
      await rm(path, { force: true });
      continue;
    }
    if (edges.now() > deadline) {
      throw new WasmeError(code, `${holder} has held ${path} for ${Math.round(waitMs / 1000)} s`, {
        hint: 'wait for it to end; if nothing runs any more, delete that file',
      });
    }
    if (!told) edges.reporter.info(`waiting for ${holder} …`);
    told = true;
    await sleep(100, undefined, { signal: edges.signal });
  }
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'wx');
    await handle.writeFile(`${pid} ${hostname()}\n`);
    await handle.close();
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false;
    throw fileError(error, path, 'write');
  }
}

/** Written by a process of this machine that no longer runs. Another machine (shared folder) is believed for an hour. */
async function isAbandoned(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const written = await stat(path).catch(() => undefined);
  if (text === undefined || written === undefined) return false;
  const ageMs = Date.now() - written.mtimeMs;
  const [holder, machine] = text.trim().split(' ');
  if (holder === undefined || holder === '') return ageMs > 5_000;
  if (machine !== hostname()) return ageMs > 3_600_000;
  return !isRunning(Number(holder));
}

function isRunning(id: number): boolean {
  try {
    kill(id, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM';
  }
}
