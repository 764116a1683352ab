/** Carries one build out: alone in its project, and only when something has changed. Loads what starts programs then. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Edges } from '../io/edges.ts';
import { withLock } from '../io/lock.ts';
import { checkModule } from './check.ts';
import { digestInputs, hashInputs, sha256 } from './inputs.ts';
import { type BuildJob, recordFile } from './job.ts';
import { readRecord } from './record.ts';
import type { LastBuild } from './run-plan.ts';
import { type BuildResult, type BuildOutput, describe, toolsOf } from './result.ts';
import type { PersistentCompiler } from './watch/persistent-compiler.ts';

/** How long a build waits for another one of the same project: longer than a cold Rust or Go build takes. */
const lockWaitMs = 10 * 60_000;

/** Fails as the verb `build` does; what was there stays then. */
export async function runJob(
  job: BuildJob,
  edges: Edges,
  compiler?: PersistentCompiler,
): Promise<BuildResult> {
  return withLock(
    join(job.stateDir, 'lock'),
    { holder: 'another build of this project', code: 'BUILD_BUSY', waitMs: lockWaitMs },
    edges,
    async () => {
      const startedAt = edges.now();
      const last = await lastBuild(job, edges);
      const unchanged = job.force || last === undefined ? undefined : await reuse(job, last);
      if (unchanged !== undefined) return { ...unchanged, durationMs: edges.now() - startedAt };
      // Only here: finding out that nothing has changed must not load what starts programs.
      const { make } = await import('./make.ts');
      const task = edges.reporter.task(`build ${job.name}`, { transient: true });
      try {
        const result = await make(job, edges, last, compiler);
        return { ...result, durationMs: edges.now() - startedAt };
      } finally {
        task.done();
      }
    },
  );
}

/** The last build of this profile, when its tools are those of now; and its inputs as they are now. */
async function lastBuild(job: BuildJob, edges: Edges): Promise<LastBuild | undefined> {
  const record = await readRecord(recordFile(job), job.request, edges);
  return record && { record, hashes: await hashInputs(job.dir, record.inputs) };
}

/** The last build's result, when nothing that decided it has changed. */
async function reuse(job: BuildJob, { record, hashes }: LastBuild): Promise<BuildOutput | undefined> {
  if (digestInputs(hashes) !== record.inputHash) return undefined;
  const bytes = await readFile(job.output).catch(() => undefined);
  if (bytes === undefined || sha256(bytes) !== record.moduleHash) return undefined;
  const { beside, variant, tools } = record;
  return {
    ...describe(job, bytes, checkModule(bytes, job.check), variant),
    beside,
    tools: toolsOf(tools.map(({ answer }) => answer)),
    upToDate: true,
  };
}
