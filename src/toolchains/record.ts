/**
 * What the last build was made of, so that an unchanged project is not built again and no tool is even started; and what
 * its tools answered, so that the next build can begin before they are asked again.
 */
import { readFile } from 'node:fs/promises';
import type { Edges } from '../io/edges.ts';
import { findProgram } from '../io/program.ts';
import { writeMemory } from '../project/remembered.ts';
import { fileIdentity } from './inputs.ts';
import type { PlannedJob } from './plan.ts';
import type { ProbeResult, Variant } from './toolchain.ts';

export interface BuildRecord {
  /** Raised when the meaning of a field changes; another number is no record. */
  readonly format: 3;
  /** Everything about the request that decides the result, as JSON text. */
  readonly request: string;
  readonly variant: Variant;
  /** Globs that were hashed. */
  readonly inputs: readonly string[];
  readonly inputHash: string;
  readonly tools: readonly RecordedTool[];
  /** Settings outside of the project. */
  readonly settings: readonly (readonly [path: string, identity: string])[];
  /** sha256 of the module, hex. */
  readonly moduleHash: string;
  /** Absolute paths of what was written beside it. */
  readonly beside: readonly string[];
}

export interface RecordedTool {
  readonly answer: ProbeResult;
  /** Of the file at the answer's path. */
  readonly identity: string;
  /** Where each name led under which a program was looked for; null: nowhere. None for an npm package. */
  readonly searched: readonly (readonly [name: string, path: string | null])[];
}

/** The record, when there is one that is still true of request, settings and tools. The caller compares inputs and module. */
export async function readRecord(
  file: string,
  request: string,
  edges: Edges,
): Promise<BuildRecord | undefined> {
  const record = await readFile(file, 'utf8').then(
    text => parseRecord(text),
    () => undefined,
  );
  if (record === undefined || record.request !== request) return undefined;
  for (const { answer, identity, searched } of record.tools) {
    // The environment may lead to another program now, or to one that would be taken before it.
    if (searched.some(([name, then]) => (findProgram(name, edges) ?? null) !== then)) return undefined;
    if (answer.path !== undefined && (await fileIdentity(answer.path)) !== identity) return undefined;
  }
  for (const [path, identity] of record.settings) {
    if ((await fileIdentity(path)) !== identity) return undefined;
  }
  return record;
}

/** What the builds that these records tell of have left beside their modules. */
export async function leftBeside(files: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8').catch(() => '')));
  return texts.flatMap(text => parseRecord(text)?.beside ?? []);
}

/** Notes a build that has just succeeded. */
export async function writeRecord(
  file: string,
  { plan, prepared }: PlannedJob,
  built: Pick<BuildRecord, 'request' | 'inputHash' | 'moduleHash' | 'beside'>,
  edges: Edges,
): Promise<void> {
  const record: BuildRecord = {
    format: 3,
    variant: prepared.variant,
    inputs: plan.inputs,
    tools: await Promise.all(
      Object.values(prepared.tools).map(async answer => ({
        answer,
        identity: answer.path === undefined ? 'absent' : await fileIdentity(answer.path),
        searched: (answer.searched ?? []).map(name => [name, findProgram(name, edges) ?? null] as const),
      })),
    ),
    settings: await Promise.all(
      (plan.settings ?? []).map(async path => [path, await fileIdentity(path)] as const),
    ),
    ...built,
  };
  await writeMemory(file, record);
}

/** Our own file in the user's cache: checked just enough not to fail on an old or damaged one. */
function parseRecord(text: string): BuildRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<BuildRecord> | null;
    return record?.format === 3 &&
      [record.inputs, record.tools, record.settings, record.beside].every(Array.isArray)
      ? (record as BuildRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
