/**
 * From a job to a compiler that has done its work. What tools said at the last build is taken to be true still: the
 * compiler starts at once, tools are asked meanwhile, and it starts anew if anything else comes out.
 */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Edges } from '../io/edges.ts';
import { makeFolder } from '../io/files.ts';
import { executePlan } from './execute.ts';
import { type InputHashes, hashInputs } from './inputs.ts';
import type { BuildJob } from './job.ts';
import { type PlannedJob, planJob } from './plan.ts';
import type { BuildRecord } from './record.ts';
import type { Diagnostic } from './toolchain.ts';
import type { PersistentCompiler } from './watch/persistent-compiler.ts';

/** A record that is true of all but the sources, and those as they are now. */
export interface LastBuild {
  readonly record: BuildRecord;
  readonly hashes: InputHashes;
}

export interface PlanRun extends PlannedJob {
  readonly warnings: readonly Diagnostic[];
  /** The sources as the compiler has seen them. */
  readonly inputs: InputHashes;
}

/** Fails as planning and executing do; what is wrong with a tool is told before what a compiler says of it. */
export async function runPlan(
  job: BuildJob,
  edges: Edges,
  last?: LastBuild,
  compiler?: PersistentCompiler,
): Promise<PlanRun> {
  const guess = last === undefined || job.install ? undefined : await planAsBefore(job, last, edges);
  const run = async (planned: PlannedJob): Promise<PlanRun> =>
    runSteps(job, planned, await makeReady(job, planned, last), edges, compiler);
  if (guess === undefined) return run(await planJob(job, edges));
  const stopper = new AbortController();
  const signal = AbortSignal.any([edges.signal, stopper.signal]);
  const inputs = await makeReady(job, guess, last);
  const early = runSteps(job, guess, inputs, { ...edges, signal }, compiler);
  // It is awaited below, after the tools have answered.
  early.catch(() => undefined);
  try {
    const planned = await planJob(job, edges);
    if (JSON.stringify(planned.plan) === JSON.stringify(guess.plan)) return { ...(await early), ...planned };
    stopper.abort();
    await early.catch(() => undefined);
    return await run(planned);
  } finally {
    stopper.abort();
    await early.catch(() => undefined);
  }
}

/** The plan that the last build's answers give; undefined when they give none, which the real answers then explain. */
async function planAsBefore(
  job: BuildJob,
  { record }: LastBuild,
  edges: Edges,
): Promise<PlannedJob | undefined> {
  // A container asks nothing, and its name is another one each time.
  if (record.variant === 'container') return undefined;
  const known = { variant: record.variant, answers: record.tools.map(({ answer }) => answer) };
  return planJob(job, edges, known).catch(() => undefined);
}

/** Hashes the sources before the compiler reads them, and clears the place of the module. */
async function makeReady(job: BuildJob, { plan }: PlannedJob, last?: LastBuild): Promise<InputHashes> {
  const seen = last !== undefined && JSON.stringify(last.record.inputs) === JSON.stringify(plan.inputs);
  const inputs = seen ? last.hashes : await hashInputs(job.dir, plan.inputs);
  await makeFolder(dirname(plan.module));
  // A module left by an earlier run must not pass for the one of this run. A custom command writes in place.
  if (plan.module !== job.output) await rm(plan.module, { force: true, recursive: true });
  return inputs;
}

async function runSteps(
  job: BuildJob,
  planned: PlannedJob,
  inputs: InputHashes,
  edges: Edges,
  compiler?: PersistentCompiler,
): Promise<PlanRun> {
  const run = compiler?.runner(planned.plan, job.dir);
  const warnings = await executePlan(planned.plan, job.toolchain, job.dir, edges, run);
  return { ...planned, warnings, inputs };
}
