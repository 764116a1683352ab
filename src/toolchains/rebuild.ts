/** Carries a plan out: runs the steps, checks the module, puts it in place, notes what it was made of. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WasmeError } from '../errors.ts';
import type { Edges } from '../io/edges.ts';
import { kindOf, readBytes, writeAtomic } from '../io/files.ts';
import { profiles } from '../project/names.ts';
import { rememberProject } from '../project/remembered.ts';
import { isWasm } from '../wasm/magic.ts';
import { moduleEnding, installModule } from './install.ts';
import { checkModule } from './check.ts';
import { showDiagnostics } from './diagnostics.ts';
import { lineReader } from './execute.ts';
import { digestInputs, hashLockFiles, inputsOfBuild } from './inputs.ts';
import { type BuildJob, recordFile } from './job.ts';
import { type LastBuild, runPlan } from './run-plan.ts';
import { leftBeside, writeRecord } from './record.ts';
import { type BuildOutput, describe, toolsOf } from './result.ts';
import type { BuildPlan } from './toolchain.ts';
import type { PersistentCompiler } from './watch/persistent-compiler.ts';

/** Whatever fails, the module of the last build stays. Fails as `build` does. */
export async function make(
  job: BuildJob,
  edges: Edges,
  last?: LastBuild,
  compiler?: PersistentCompiler,
): Promise<BuildOutput> {
  const ran = await runPlan(job, edges, last, compiler);
  const { plan, prepared, warnings, inputs } = ran;
  if (warnings.length > 0) {
    edges.reporter.info(showDiagnostics(warnings, job.dir, lineReader()));
  }
  const { bytes, writeBeside } = installModule(await readResult(plan, job), job.output, plan.sidecars);
  const made = describe(job, bytes, checkModule(bytes, job.check), prepared.variant);
  const [beside, lockFiles] = await Promise.all([
    writeBeside(),
    hashLockFiles(job.dir, plan.inputs),
    writeAtomic(job.output, bytes),
  ]);
  await removeStale(job, beside);
  const inputHash = digestInputs(inputsOfBuild(inputs, lockFiles));
  const { request } = job;
  const record = { request, inputHash, moduleHash: made.sha256, beside };
  await Promise.all([
    writeRecord(recordFile(job), ran, record, edges),
    job.loaded && rememberProject(job.loaded.dir, job.loaded.text, job.loaded.project, edges),
  ]).catch((error: unknown) => {
    // A home that cannot be written to (containers have such) makes the next build slower, not this one wrong.
    if (!(error instanceof WasmeError)) throw error;
    edges.reporter.detail(`the next build starts from nothing: ${error.message}`);
  });
  return { ...made, beside, tools: toolsOf(Object.values(prepared.tools)), upToDate: false };
}

/** What an earlier build, perhaps of the other profile, has left beside this module tells nothing of it any more. */
async function removeStale(job: BuildJob, beside: readonly string[]): Promise<void> {
  const records = profiles.map(profile => recordFile({ ...job, profile }));
  const stem = job.output.replace(moduleEnding, '.');
  const stale = (await leftBeside(records)).filter(file => file.startsWith(stem) && !beside.includes(file));
  await Promise.all(stale.map(file => rm(file, { force: true })));
}

async function readResult(plan: BuildPlan, { toolchain, name }: BuildJob): Promise<Buffer> {
  const kind = await kindOf(plan.module);
  if (kind === 'dir') return readOnlyModule(plan, name);
  if (kind !== 'file') {
    const last = plan.steps.at(-1);
    throw new WasmeError(
      'BUILD_FAILED',
      `${toolchain.title}: ${last?.program ?? 'the build'} ended without an error but left no module at ${plan.module}`,
      { hint: plan.noModuleHint ?? 'run "wasme build -v" to see what was run' },
    );
  }
  return readBytes(plan.module);
}

/** The module in the folder of results: the only one, or the one with the project's name. */
async function readOnlyModule({ module: folder, noModuleHint }: BuildPlan, name: string): Promise<Buffer> {
  const modules = new Map<string, Buffer>();
  for (const file of await readdir(folder)) {
    if ((await kindOf(join(folder, file))) !== 'file') continue;
    const bytes = await readBytes(join(folder, file));
    if (isWasm(bytes)) modules.set(file, bytes);
  }
  const [first, ...others] = modules.values();
  const found = others.length === 0 ? first : (modules.get(`${name}.wasm`) ?? modules.get(name));
  if (found !== undefined) return found;
  const names = [...modules.keys()].join(', ');
  throw new WasmeError(
    'BUILD_FAILED',
    names === '' ? `the build left no module in ${folder}` : `the build left several modules: ${names}`,
    {
      hint: names === '' ? noModuleHint : `call the one that is the filter ${name} (its name in wasme.json)`,
    },
  );
}
