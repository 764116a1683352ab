/** Builds one job under the project's lock, unless the module of the last build is still up to date. */
import { join } from 'node:path';
import { sha256Hex } from '../io/sha256.ts';
import type { SystemContext } from '../io/system-context.ts';
import { readBytes } from '../io/files/files.ts';
import { withLock } from '../io/files/lock.ts';
import { checkModule } from './check.ts';
import type { ExecuteOptions } from './execute.ts';
import { digestInputs } from './inputs.ts';
import type { BuildJob } from './job.ts';
import { type LastBuild, readLastBuild } from './record.ts';
import { type BuildOutput, type BuildResult, buildOutput } from './result.ts';

/** Limits the wait for another build of the same project. It is longer than a cold Rust or Go build takes. */
const lockWaitMs = 10 * 60_000;

/** Fails as the verb `build` does; the module of the last build stays in place then. */
export async function buildJob(
  job: BuildJob,
  system: SystemContext,
  compiler?: ExecuteOptions['compiler'],
): Promise<BuildResult> {
  return withLock(
    join(job.stateDir, 'lock'),
    { holder: 'another build of this project', code: 'BUILD_BUSY', waitMs: lockWaitMs },
    system,
    async () => {
      const startedAt = system.now();
      const last = await readLastBuild(job, system);
      const reused = last === undefined || job.force ? undefined : await reuseModule(job, last);
      if (reused !== undefined) return { ...reused, durationMs: system.now() - startedAt };
      // Imported here, so that a build that finds nothing to do does not load what starts programs.
      const { rebuildJob } = await import('./rebuild.ts');
      const task = system.reporter.task(`build ${job.name}`, { transient: true });
      try {
        const rebuilt = await rebuildJob(job, system, { last, compiler });
        return { ...rebuilt, durationMs: system.now() - startedAt };
      } finally {
        task.done();
      }
    },
  );
}

/** Returns the result of the last build if neither its inputs nor its module have changed since. */
async function reuseModule(job: BuildJob, { record, hashes }: LastBuild): Promise<BuildOutput | undefined> {
  if (digestInputs(hashes) !== record.inputHash) return undefined;
  const bytes = await readBytes(job.output).catch(() => undefined);
  if (bytes === undefined || sha256Hex(bytes) !== record.moduleHash) return undefined;
  const { beside, variant, tools } = record;
  const module = checkModule(bytes, job.check);
  return buildOutput(job, {
    bytes,
    module,
    beside,
    variant,
    tools: tools.map(({ answer }) => answer),
    upToDate: true,
  });
}
