/** From a job to its plan: probes the machine, asks the toolchain, puts the steps into a container when that is wanted. */
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Edges } from '../io/edges.ts';
import { inContainer } from './tools/container.ts';
import { sha256 } from './inputs.ts';
import type { BuildJob } from './job.ts';
import { type CachedProbes, type Prepared, containerEngine, prepare } from './prepare.ts';
import { debugSuffix, moduleEnding } from './install.ts';
import type { BuildPlan } from './toolchain.ts';

export interface PlannedJob {
  readonly plan: BuildPlan;
  readonly prepared: Prepared;
}

/** Probes the machine, but for what is known, and asks the toolchain for its plan. Fails with TOOL_MISSING, TOOL_OUTDATED. */
export async function planJob(job: BuildJob, edges: Edges, known?: CachedProbes): Promise<PlannedJob> {
  const { dir, name, project, names, toolchain, profile, stateDir } = job;
  const optimize = project?.build?.optimize ?? false;
  const prepared = await prepare(
    toolchain,
    job.variant,
    { install: job.install, optimize },
    dir,
    edges,
    known,
  );
  const planned = toolchain.plan({
    projectDir: dir,
    project,
    names,
    name,
    profile,
    variant: prepared.variant,
    optimize,
    debugInfo: profile === 'debug' || (project?.build?.debugInfo ?? false),
    scratchDir: join(stateDir, profile),
    tools: prepared.tools,
    env: edges.env,
    platform: edges.platform,
    homeDir: edges.homeDir,
  });
  // A module that is put among the sources is still no source, nor is what lies beside it.
  const module = relative(dir, job.output).replaceAll('\\', '/');
  const beside = [debugSuffix, ...(planned.sidecars ?? []).map(({ suffix }) => suffix)];
  const products = [module, ...beside.map(suffix => module.replace(moduleEnding, suffix))];
  const plan = { ...planned, inputs: [...planned.inputs, ...products.map(file => `!${file}`)] };
  if (prepared.variant !== 'container') return { plan, prepared };
  const owner = await stat(dir);
  const engine = containerEngine(edges);
  const container = inContainer(plan, {
    engine,
    image: toolchain.containerImage,
    // Another one each time: what a killed build has left does not stand in the way of the next.
    name: `wasme-build-${sha256(`${dir} ${edges.now()}`).slice(0, 12)}`,
    projectDir: dir,
    mapsUser: /podman/.test(basename(engine)) && userInfo().uid !== 0,
    user: edges.platform === 'linux' ? `${owner.uid}:${owner.gid}` : undefined,
    env: edges.env,
  });
  return { plan: container, prepared };
}
