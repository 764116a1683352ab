/** Turns a job into a plan: finds the tools, asks the toolchain, and wraps the steps in a container if that is wanted. */
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, join, relative } from 'node:path';
import { sha256Hex } from '../io/sha256.ts';
import type { SystemContext } from '../io/system-context.ts';
import { containerEngine, inContainer } from './tools/container.ts';
import { type BuildJob, debugSuffix, sidecarPath } from './job.ts';
import { type CachedAnswers, type FoundTools, findTools } from './tools/find-tools.ts';
import type { BuildPlan } from './toolchain.ts';

export interface PlannedBuild extends FoundTools {
  readonly plan: BuildPlan;
}

/** Probes the machine, except for cached answers. Fails with TOOL_MISSING, TOOL_OUTDATED, BUILD_FAILED. */
export async function planJob(
  job: BuildJob,
  system: SystemContext,
  cached?: CachedAnswers,
): Promise<PlannedBuild> {
  const { dir, name, project, names, toolchain, profile, stateDir } = job;
  const optimize = project?.build?.optimize ?? false;
  const found = await findTools(
    toolchain,
    { variant: job.variant, install: job.install, optimize },
    dir,
    system,
    cached,
  );
  const native = toolchain.plan({
    projectDir: dir,
    project,
    names,
    name,
    profile,
    variant: found.variant,
    optimize,
    debugInfo: profile === 'debug' || (project?.build?.debugInfo ?? false),
    scratchDir: join(stateDir, profile),
    tools: found.tools,
    env: system.env,
    platform: system.platform,
    homeDir: system.homeDir,
  });
  // The module and what lies beside it are not inputs, even if they are written among the sources.
  const module = relative(dir, job.output).replaceAll('\\', '/');
  const suffixes = [debugSuffix, ...(native.sidecars ?? []).map(({ suffix }) => suffix)];
  const products = [module, ...suffixes.map(suffix => sidecarPath(module, suffix))];
  const plan = { ...native, inputs: [...native.inputs, ...products.map(file => `!${file}`)] };
  return { ...found, plan: found.variant === 'container' ? await planContainer(job, plan, system) : plan };
}

async function planContainer(
  { dir, toolchain }: BuildJob,
  plan: BuildPlan,
  system: SystemContext,
): Promise<BuildPlan> {
  const owner = await stat(dir);
  const engine = containerEngine(system);
  return inContainer(plan, {
    engine,
    image: toolchain.containerImage,
    // A new name each time: the container of a killed build must not block the next build.
    name: `wasme-build-${sha256Hex(`${dir} ${system.now()}`).slice(0, 12)}`,
    projectDir: dir,
    mapsUser: /podman/.test(basename(engine)) && userInfo().uid !== 0,
    user: system.platform === 'linux' ? `${owner.uid}:${owner.gid}` : undefined,
    env: system.env,
  });
}
