/** Records what the last build of each profile was made from: decides whether to build, and lets the next build speculate. */
import { join } from 'node:path';
import { readText } from '../io/files/files.ts';
import type { SystemContext } from '../io/system-context.ts';
import { findProgram } from '../io/process/program.ts';
import { profiles } from '../project/names.ts';
import { writeMemory } from '../project/validated-cache.ts';
import { type InputHashes, fileIdentity, hashInputs } from './inputs.ts';
import type { BuildJob } from './job.ts';
import type { PlannedBuild } from './plan.ts';
import type { ProbeResult, Variant } from './toolchain.ts';

export interface BuildRecord {
  /** Incremented when the meaning of a field changes; records with another number are ignored. */
  readonly format: 3;
  /** BuildJob.request of that build. */
  readonly request: string;
  readonly variant: Variant;
  /** Globs of the files that were hashed. */
  readonly inputs: readonly string[];
  readonly inputHash: string;
  readonly tools: readonly RecordedTool[];
  /** Files outside the project that the tools read settings from. */
  readonly settings: readonly (readonly [path: string, identity: string])[];
  /** sha256 of the module, hex. */
  readonly moduleHash: string;
  /** Absolute paths of the files that were written beside the module. */
  readonly beside: readonly string[];
}

export interface RecordedTool {
  readonly answer: ProbeResult;
  /** fileIdentity of the file at the answer's path. */
  readonly identity: string;
  /** Maps each program name of the search to the path at which it was found, or to null. Empty for an npm package. */
  readonly searched: readonly (readonly [name: string, path: string | null])[];
}

/** A record whose request, tools and settings have not changed, and the hashes of its inputs as they are now. */
export interface LastBuild {
  readonly record: BuildRecord;
  readonly hashes: InputHashes;
}

/** Returns undefined when request, tools or settings have changed. The caller compares inputs and module. */
export async function readLastBuild(job: BuildJob, system: SystemContext): Promise<LastBuild | undefined> {
  const record = await readRecord(recordFile(job));
  if (record === undefined || record.request !== job.request) return undefined;
  for (const { answer, identity, searched } of record.tools) {
    // PATH may lead to another program now, or to one that takes precedence.
    if (searched.some(([name, then]) => (findProgram(name, system) ?? null) !== then)) return undefined;
    if (answer.path !== undefined && (await fileIdentity(answer.path)) !== identity) return undefined;
  }
  for (const [path, identity] of record.settings) {
    if ((await fileIdentity(path)) !== identity) return undefined;
  }
  return { record, hashes: await hashInputs(job.dir, record.inputs) };
}

/** Returns the files that the last builds of all profiles have written beside their modules. */
export async function filesBeside(job: BuildJob): Promise<readonly string[]> {
  const records = await Promise.all(
    profiles.map(async profile => readRecord(recordFile({ ...job, profile }))),
  );
  return records.flatMap(record => record?.beside ?? []);
}

/** Records a build that has just succeeded. */
export async function writeRecord(
  job: BuildJob,
  { plan, variant, tools }: PlannedBuild,
  installed: Pick<BuildRecord, 'inputHash' | 'moduleHash' | 'beside'>,
  system: SystemContext,
): Promise<void> {
  const record: BuildRecord = {
    format: 3,
    request: job.request,
    variant,
    inputs: plan.inputs,
    tools: await Promise.all(
      Object.values(tools).map(async answer => ({
        answer,
        identity: answer.path === undefined ? 'absent' : await fileIdentity(answer.path),
        searched: (answer.searched ?? []).map(name => [name, findProgram(name, system) ?? null] as const),
      })),
    ),
    settings: await Promise.all(
      (plan.settings ?? []).map(async path => [path, await fileIdentity(path)] as const),
    ),
    ...installed,
  };
  await writeMemory(recordFile(job), record);
}

function recordFile({ memoryDir, profile }: Pick<BuildJob, 'memoryDir' | 'profile'>): string {
  return join(memoryDir, `${profile}.json`);
}

/** Checks only what is needed not to fail on an old or damaged record: wasme itself writes this file in the user's cache. */
async function readRecord(file: string): Promise<BuildRecord | undefined> {
  try {
    const record = JSON.parse(await readText(file)) as Partial<BuildRecord> | null;
    return record?.format === 3 &&
      [record.inputs, record.tools, record.settings, record.beside].every(Array.isArray)
      ? (record as BuildRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
