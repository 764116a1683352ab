/** Processes that a test has started, or that those have started. */
import { existsSync, readFileSync } from 'node:fs';
import { until } from '../until.ts';

/** Comes back when none of them runs any more; fails when one never ends. */
export async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids)
    await until(
      () => !runs(pid),
      () => `the end of process ${pid}`,
    );
}

/** Returns whether a process runs. A zombie does not: it is listed until its parent waits for it, which process 1 of a container may never do. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // No such folder on this system, or none any more.
    return process.platform !== 'linux';
  }
}

/** The numbers that a program has written to a file, blanks between them, once it is there. */
export async function pidsIn(file: string): Promise<number[]> {
  await until(
    () => existsSync(file),
    () => file,
  );
  return readFileSync(file, 'utf8').split(' ').map(Number);
}
