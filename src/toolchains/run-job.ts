/** Carries one build out: alone in its project, and only when something has changed. Loads what starts programs then. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Edges } from '../io/edges.ts';
import { withLock } from '../io/lock.ts';
import { checkModule } from './check.ts';
import { sha256 } from './inputs.ts';
import { type BuildJob, recordFile } from './job.ts';
import { readRecord } from './record.ts';
import { type BuildResult, type Made, describe } from './result.ts';
import type { WarmCompiler } from './warm.ts';

/** How long a build waits for another one of the same project: longer than a cold Rust or Go build takes. */
const lockWaitMs = 10 * 60_000;

/** Fails as the verb `build` does; what was there stays then. */
export async function runJob(job: BuildJob, edges: Edges, compiler?: WarmCompiler): Promise<BuildResult> {
  return withLock(
    join(job.stateDir, 'lock'),
    { holder: 'another build of this project', code: 'BUILD_BUSY', waitMs: lockWaitMs },
    edges,
    async () => {
      const startedAt = edges.now();
      const unchanged = job.force ? undefined : await reuse(job, edges);
      if (unchanged !== undefined) return { ...unchanged, durationMs: edges.now() - startedAt };
      // Only here: finding out that nothing has changed must not load what starts programs.
      const { make } = await import('./make.ts');
      const result = await make(job, edges, compiler);
      return { ...result, durationMs: edges.now() - startedAt };
    },
  );
}

/** The last build, when nothing that decided it has changed. */
async function reuse(job: BuildJob, edges: Edges): Promise<Made | undefined> {
  const record = await readRecord(recordFile(job), job.request, job.dir, edges);
  const bytes = record && (await readFile(job.output).catch(() => undefined));
  if (record === undefined || bytes === undefined || sha256(bytes) !== record.moduleHash) return undefined;
  const tools = record.tools.map(({ title, path, version }) => ({
    title,
    path,
    ...(version ? { version } : {}),
  }));
  const { beside, variant } = record;
  return { ...describe(job, bytes, checkModule(bytes, job.check), variant), beside, tools, upToDate: true };
}
