/**
 * Saves the time that probing the tools takes: runs the plan that the answers of the last build give, while the tools are
 * probed again. If the probes then lead to another plan, that one is run instead. Builds are correct without this file.
 */
import type { SystemContext } from '../io/system-context.ts';
import { type CompiledJob, type ExecuteOptions, executePlan } from './execute.ts';
import type { BuildJob } from './job.ts';
import { type PlannedBuild, planJob } from './plan.ts';
import type { LastBuild } from './record.ts';

/**
 * Returns undefined when there is nothing to speculate on. Fails as planJob and executePlan do; a problem with a tool is
 * reported before the compiler errors that it may have caused.
 */
export async function compileSpeculatively(
  job: BuildJob,
  system: SystemContext,
  options: ExecuteOptions,
): Promise<CompiledJob | undefined> {
  const expected = await planFromLastAnswers(job, system, options.last);
  if (expected === undefined) return undefined;
  const stopper = new AbortController();
  const signal = AbortSignal.any([system.signal, stopper.signal]);
  const early = executePlan(job, expected.plan, { ...system, signal }, options);
  // Its failure is dealt with below, after the tools have answered.
  early.catch(() => undefined);
  const stop = async (): Promise<void> => {
    stopper.abort();
    await early.catch(() => undefined);
  };
  try {
    const planned = await planJob(job, system);
    if (JSON.stringify(planned.plan) === JSON.stringify(expected.plan)) {
      return { ...planned, ...(await early) };
    }
    await stop();
    return { ...planned, ...(await executePlan(job, planned.plan, system, options)) };
  } finally {
    await stop();
  }
}

/** Returns undefined when the recorded answers give no plan: the actual answers then explain why. */
async function planFromLastAnswers(
  job: BuildJob,
  system: SystemContext,
  last: LastBuild | undefined,
): Promise<PlannedBuild | undefined> {
  // Nothing is probed for a container, and its name is a new one for each build.
  if (last === undefined || job.install || last.record.variant === 'container') return undefined;
  const { variant, tools } = last.record;
  return planJob(job, system, { variant, answers: tools.map(({ answer }) => answer) }).catch(() => undefined);
}
