/** Processes that were started and have not ended, in memory that another thread reads: it ends them when this one cannot. */

/** More than that at a time are not known there; compilers and tools are a handful. */
const maxChildren = 256;

/** The id of a process, negative for a group that it leads, or 0. */
export const childIds = new Int32Array(new SharedArrayBuffer(4 * maxChildren));

/** Keeps the process in mind until the function that comes back is called. */
export function noteChild(pid: number | undefined, leadsGroup: boolean): () => void {
  const free = childIds.indexOf(0);
  if (pid === undefined || free < 0) return () => undefined;
  Atomics.store(childIds, free, leadsGroup ? -pid : pid);
  return () => void Atomics.store(childIds, free, 0);
}
