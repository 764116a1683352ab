/** Builds a project after each change of its sources, for `build --watch`, `run --watch` and `test --watch`. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { watchFolder } from '../../io/files/watch.ts';
import { buildJob } from '../build-job.ts';
import { isNeverInput } from '../inputs.ts';
import { type BuildJob, type BuildOptions, openJob } from '../job.ts';
import { planJob } from '../plan.ts';
import type { BuildResult } from '../result.ts';
import { startPersistentCompiler } from './persistent-compiler.ts';

/**
 * Builds at once and after each change of an input, until the system's signal aborts. Keeps the compiler running if the
 * toolchain can. Calls `onBuilt` after the first build and after each that changed the module, and `onFailure` after a
 * build (or an `onBuilt`) that failed, which does not end the watch.
 */
export async function watchJob(
  options: BuildOptions,
  system: SystemContext,
  onBuilt: (result: BuildResult, job: BuildJob) => Promise<void> | void,
  onFailure: (error: WasmeError) => void,
): Promise<void> {
  const compiler = startPersistentCompiler(system);
  const { dir } = await openJob(options, system);
  let first = true;
  const once = async (): Promise<void> => {
    const again = !first;
    first = false;
    try {
      // Opened for each build: the change may be in wasme.json.
      const job = await openJob({ ...options, force: options.force && !again }, system);
      const result = await buildJob(job, system, compiler);
      if (!again && result.upToDate) await warmUp(job);
      if (!again || !result.upToDate) await onBuilt(result, job);
    } catch (error) {
      if (system.signal.aborted) return;
      if (!(error instanceof WasmeError)) throw error;
      onFailure(error);
    }
  };
  // If nothing was compiled at the start, the first save would have to wait for a cold compiler.
  const warmUp = async (job: BuildJob): Promise<void> => {
    const planned = await planJob(job, system).catch(() => undefined);
    if (planned !== undefined) compiler.warmUp(planned.plan, job.dir);
  };
  try {
    await watchFolder(dir, { ignore: isNeverInput, signal: system.signal }, once);
  } finally {
    await compiler.end();
  }
}
