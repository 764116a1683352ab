/** Carries a plan out: runs the steps, checks the module, puts it in place, notes what it was made of. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WasmeError } from '../errors.ts';
import type { Edges } from '../io/edges.ts';
import { kindOf, readBytes, writeAtomic } from '../io/files.ts';
import { checkModule } from './check.ts';
import { showDiagnostics } from './diagnostics.ts';
import { executePlan, lineReader } from './execute.ts';
import { digestInputs, hashInputs, inputsOfBuild, sha256 } from './inputs.ts';
import { type BuildJob, recordFile } from './job.ts';
import { planJob } from './plan.ts';
import { writeRecord } from './record.ts';
import { type Made, describe } from './result.ts';
import type { BuildPlan } from './toolchain.ts';
import type { WarmCompiler } from './warm.ts';

/** Whatever fails, the module of the last build stays. Fails as `build` does. */
export async function make(job: BuildJob, edges: Edges, compiler?: WarmCompiler): Promise<Made> {
  const { plan, prepared } = await planJob(job, edges);
  const before = await hashInputs(job.dir, plan.inputs);
  await mkdir(dirname(plan.module), { recursive: true });
  // A module left by an earlier run must not pass for the one of this run. A custom command writes in place.
  if (plan.module !== job.output) await rm(plan.module, { force: true });
  const warnings = await executePlan(plan, job.toolchain, job.dir, edges, compiler?.runner(plan, job.dir));
  if (warnings.length > 0) {
    edges.reporter.info(showDiagnostics(warnings, job.dir, lineReader()));
  }
  const bytes = await readResult(plan, job);
  const module = checkModule(bytes, job.check);
  await writeAtomic(job.output, bytes);
  for (const { path, suffix } of plan.sidecars ?? []) {
    const sidecar = await readFile(path).catch(() => undefined);
    if (sidecar !== undefined) await writeAtomic(job.output.replace(/(\.wasm)?$/, suffix), sidecar);
  }
  const inputs = inputsOfBuild(before, await hashInputs(job.dir, plan.inputs));
  await writeRecord(
    recordFile(job),
    job.request,
    plan,
    digestInputs(inputs),
    sha256(bytes),
    prepared.variant,
    prepared.tools,
    edges,
  );
  const tools = Object.values(prepared.tools).flatMap(({ title, path, version }) =>
    path === undefined ? [] : [{ title, path, ...(version === undefined ? {} : { version }) }],
  );
  return { ...describe(job, bytes, module, prepared.variant), tools, upToDate: false };
}

async function readResult(plan: BuildPlan, { toolchain }: BuildJob): Promise<Buffer> {
  if ((await kindOf(plan.module)) !== 'file') {
    const last = plan.steps.at(-1);
    throw new WasmeError(
      'BUILD_FAILED',
      `${toolchain.title}: ${last?.program ?? 'the build'} ended without an error but left no module at ${plan.module}`,
      { hint: plan.noModuleHint ?? 'run "wasme build -v" to see what was run' },
    );
  }
  return readBytes(plan.module);
}
