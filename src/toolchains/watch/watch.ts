/** Builds a project again and again: what `build --watch` and `run --watch` share. */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { watchFolder } from '../../io/watch.ts';
import { isNeverInput } from '../inputs.ts';
import { type BuildJob, type BuildOptions, openJob } from '../job.ts';
import { planJob } from '../plan.ts';
import type { BuildResult } from '../result.ts';
import { runJob } from '../run-job.ts';
import { startPersistentCompiler } from './persistent-compiler.ts';

/**
 * Builds, then again after each change of what the module depends on, until the edges' signal aborts. The compiler is
 * kept running where the toolchain can. `onBuilt` hears of the first build and of each that made something new;
 * `onFailure` of builds (and of an `onBuilt`) that failed, which does not end the watch.
 */
export async function watchJob(
  options: BuildOptions,
  edges: Edges,
  onBuilt: (result: BuildResult, job: BuildJob) => Promise<void> | void,
  onFailure: (error: WasmeError) => void,
): Promise<void> {
  const compiler = startPersistentCompiler(edges);
  const { dir } = await openJob(options, edges);
  let first = true;
  const once = async (): Promise<void> => {
    const again = !first;
    first = false;
    try {
      // Opened anew each time: wasme.json itself may be what has changed.
      const job = await openJob({ ...options, force: options.force && !again }, edges);
      const result = await runJob(job, edges, compiler);
      if (!again && result.upToDate) await warmUp(job);
      if (!again || !result.upToDate) await onBuilt(result, job);
    } catch (error) {
      if (edges.signal.aborted) return;
      if (!(error instanceof WasmeError)) throw error;
      onFailure(error);
    }
  };
  // Nothing was compiled at the start: the first save must not be what waits for a cold compiler.
  const warmUp = async (job: BuildJob): Promise<void> => {
    const planned = await planJob(job, edges).catch(() => undefined);
    if (planned !== undefined) compiler.warmUp(planned.plan, job.dir);
  };
  try {
    await watchFolder(dir, { ignore: isNeverInput, signal: edges.signal }, once);
  } finally {
    await compiler.end();
  }
}
