/** Takes the module that the steps have left, splits off its debug information, checks it and puts it in its place. */
import { readFile, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WasmeError } from '../errors.ts';
import { kindOf, readBytes, writeAtomic } from '../io/files/files.ts';
import { splitDebugInfo } from '../wasm/debug-info.ts';
import { isWasm } from '../wasm/magic.ts';
import type { ModuleInfo } from '../wasm/module.ts';
import { checkModule } from './check.ts';
import { type BuildJob, debugSuffix, sidecarPath } from './job.ts';
import { filesBeside } from './record.ts';
import type { BuildPlan, Sidecar } from './toolchain.ts';

export interface InstalledModule {
  /** The module as it is shipped. */
  readonly bytes: Uint8Array;
  readonly module: ModuleInfo;
  /** Absolute paths of the files that were written beside it. */
  readonly beside: readonly string[];
}

/** Writes nothing unless the module passes the check. Fails with BUILD_FAILED, or as checkModule does. */
export async function installModule(job: BuildJob, plan: BuildPlan): Promise<InstalledModule> {
  const built = await readBuiltModule(job, plan);
  const debugFile = sidecarPath(job.output, debugSuffix);
  const split = splitDebugInfo(built, encodeURIComponent(basename(debugFile)));
  const bytes = split?.module ?? built;
  const module = checkModule(bytes, job.check);
  const [sidecars] = await Promise.all([
    copySidecars(job, plan.sidecars ?? []),
    split && writeAtomic(debugFile, split.debug),
    writeAtomic(job.output, bytes),
  ]);
  const beside = split === undefined ? sidecars : [debugFile, ...sidecars];
  await removeStale(job, beside);
  return { bytes, module, beside };
}

/** Returns the absolute paths of those sidecars that the compiler has written. */
async function copySidecars({ output }: BuildJob, sidecars: readonly Sidecar[]): Promise<readonly string[]> {
  const copied = await Promise.all(
    sidecars.map(async ({ path, suffix }) => {
      const content = await readFile(path).catch(() => undefined);
      if (content === undefined) return [];
      const target = sidecarPath(output, suffix);
      await writeAtomic(target, content);
      return [target];
    }),
  );
  return copied.flat();
}

/** Removes files that an earlier build (also of the other profile) left beside this module and that do not describe it any more. */
async function removeStale(job: BuildJob, beside: readonly string[]): Promise<void> {
  const stem = sidecarPath(job.output, '.');
  const stale = (await filesBeside(job)).filter(file => file.startsWith(stem) && !beside.includes(file));
  await Promise.all(stale.map(file => rm(file, { force: true })));
}

async function readBuiltModule({ toolchain, name }: BuildJob, plan: BuildPlan): Promise<Buffer> {
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

/** Reads the only module in the folder of results, or the one that has the project's name. */
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
      hint:
        names === ''
          ? noModuleHint
          : `give the one that is the filter the name ${name} (the name in wasme.json)`,
    },
  );
}
