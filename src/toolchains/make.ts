/** Carries a plan out: runs the steps, checks the module, puts it in place, notes what it was made of. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WasmeError } from '../errors.ts';
import type { Edges } from '../io/edges.ts';
import { kindOf, readBytes, writeAtomic } from '../io/files.ts';
import { shipModule } from './beside.ts';
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
  if (plan.module !== job.output) await rm(plan.module, { force: true, recursive: true });
  const warnings = await executePlan(plan, job.toolchain, job.dir, edges, compiler?.runner(plan, job.dir));
  if (warnings.length > 0) {
    edges.reporter.info(showDiagnostics(warnings, job.dir, lineReader()));
  }
  const { bytes, writeBeside } = shipModule(await readResult(plan, job), job.output, plan.sidecars);
  const module = checkModule(bytes, job.check);
  await writeAtomic(job.output, bytes);
  const beside = await writeBeside();
  const inputs = inputsOfBuild(before, await hashInputs(job.dir, plan.inputs));
  await writeRecord(
    recordFile(job),
    job.request,
    plan,
    digestInputs(inputs),
    sha256(bytes),
    beside,
    prepared.variant,
    prepared.tools,
    edges,
  );
  const tools = Object.values(prepared.tools).flatMap(({ title, path, version }) =>
    path === undefined ? [] : [{ title, path, ...(version === undefined ? {} : { version }) }],
  );
  return { ...describe(job, bytes, module, prepared.variant), beside, tools, upToDate: false };
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
    if (bytes.subarray(0, 4).equals(wasmMagic)) modules.set(file, bytes);
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

const wasmMagic = Buffer.from('\0asm');
