/** What the last build was made of, so that an unchanged project is not built again and no tool is even started. */
import { readFile } from 'node:fs/promises';
import type { Edges } from '../io/edges.ts';
import { writeAtomic } from '../io/files.ts';
import { digestInputs, fileIdentity, hashInputs } from './inputs.ts';
import { findProgram } from '../io/program.ts';
import type { BuildPlan, ProbeResult, Variant } from './toolchain.ts';

export interface BuildRecord {
  /** Raised when the meaning of a field changes; another number is no record. */
  readonly format: 2;
  /** Everything about the request that decides the result, as JSON text. */
  readonly request: string;
  readonly variant: Variant;
  /** Globs that were hashed. */
  readonly inputs: readonly string[];
  readonly inputHash: string;
  /** Tools by the path at which they were found. */
  readonly tools: readonly RecordedTool[];
  /** sha256 of the module, hex. */
  readonly moduleHash: string;
  /** Absolute paths of what was written beside it. */
  readonly beside: readonly string[];
}

export interface RecordedTool {
  readonly title: string;
  readonly version?: string;
  readonly path: string;
  readonly identity: string;
  /** Where each name led under which a program was looked for; null: nowhere. None for an npm package. */
  readonly searched: readonly (readonly [name: string, path: string | null])[];
}

/** The record, when there is one that is still true of request, tools and inputs. The caller compares the module. */
export async function readRecord(
  file: string,
  request: string,
  projectDir: string,
  edges: Edges,
): Promise<BuildRecord | undefined> {
  const record = await readFile(file, 'utf8').then(
    text => parseRecord(text),
    () => undefined,
  );
  if (record === undefined || record.request !== request) return undefined;
  for (const { path, identity, searched } of record.tools) {
    // The environment may lead to another program now, or to one that would be taken before it.
    if (searched.some(([name, then]) => (findProgram(name, edges) ?? null) !== then)) return undefined;
    if ((await fileIdentity(path)) !== identity) return undefined;
  }
  const hashes = await hashInputs(projectDir, record.inputs);
  return digestInputs(hashes) === record.inputHash ? record : undefined;
}

/** Notes a build that has just succeeded. */
export async function writeRecord(
  file: string,
  request: string,
  plan: BuildPlan,
  inputHash: string,
  moduleHash: string,
  beside: readonly string[],
  variant: Variant,
  tools: Readonly<Record<string, ProbeResult>>,
  edges: Edges,
): Promise<void> {
  const recorded: RecordedTool[] = [];
  for (const { title, path, version, searched = [] } of Object.values(tools)) {
    if (path === undefined) continue;
    recorded.push({
      title,
      path,
      identity: await fileIdentity(path),
      searched: searched.map(name => [name, findProgram(name, edges) ?? null]),
      ...(version === undefined ? {} : { version }),
    });
  }
  const record: BuildRecord = {
    format: 2,
    request,
    variant,
    inputs: plan.inputs,
    inputHash,
    tools: recorded,
    moduleHash,
    beside,
  };
  await writeAtomic(file, `${JSON.stringify(record, null, 2)}\n`);
}

/** Our own file: checked just enough not to fail on an old or damaged one. */
function parseRecord(text: string): BuildRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<BuildRecord> | null;
    return record?.format === 2 && Array.isArray(record.inputs) && Array.isArray(record.tools)
      ? (record as BuildRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
