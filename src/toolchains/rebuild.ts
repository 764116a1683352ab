/** The steps of a build that has something to do: plan, execute, install, record. */
import { sha256Hex } from '../io/sha256.ts';
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import { rememberProject } from '../project/validated-cache.ts';
import { readSourceLines, showDiagnostics } from './diagnostics.ts';
import { type CompiledJob, type ExecuteOptions, executePlan } from './execute.ts';
import { digestInputs, hashLockFiles, inputsOfBuild } from './inputs.ts';
import { installModule } from './install.ts';
import type { BuildJob } from './job.ts';
import { planJob } from './plan.ts';
import { writeRecord } from './record.ts';
import { type BuildOutput, buildOutput } from './result.ts';
import { compileSpeculatively } from './speculate.ts';

/** Fails as the verb `build` does; the module of the last build stays in place then. */
export async function rebuildJob(
  job: BuildJob,
  system: SystemContext,
  options: ExecuteOptions,
): Promise<BuildOutput> {
  const compiled =
    (await compileSpeculatively(job, system, options)) ?? (await compileJob(job, system, options));
  const { plan, variant, tools, inputs, warnings } = compiled;
  for (const warning of plan.warnings ?? []) system.reporter.warn(warning);
  if (warnings.length > 0) {
    system.reporter.info(showDiagnostics(warnings, job.dir, readSourceLines()));
  }
  const [installed, lockFiles] = await Promise.all([
    installModule(job, plan),
    hashLockFiles(job.dir, plan.inputs),
  ]);
  const { bytes, beside } = installed;
  const inputHash = digestInputs(inputsOfBuild(inputs, lockFiles));
  await Promise.all([
    writeRecord(job, compiled, { inputHash, moduleHash: sha256Hex(bytes), beside }, system),
    job.loaded && rememberProject(job.loaded.dir, job.loaded.text, job.loaded.project, system),
  ]).catch((error: unknown) => {
    // A home folder that cannot be written to, as in some containers, only makes the next build slower.
    if (!(error instanceof WasmeError)) throw error;
    system.reporter.detail(`the next build starts from nothing: ${error.message}`);
  });
  return buildOutput(job, { ...installed, variant, tools: Object.values(tools), upToDate: false });
}

async function compileJob(
  job: BuildJob,
  system: SystemContext,
  options: ExecuteOptions,
): Promise<CompiledJob> {
  const planned = await planJob(job, system);
  return { ...planned, ...(await executePlan(job, planned.plan, system, options)) };
}
