/** Finds, parses and explains wasme.json. Every complaint names the file, line, column and field. */
import { dirname, join, resolve } from 'node:path';
import { LineCounter, isNode, parseDocument } from 'yaml';
import type { z } from 'zod';
import { WasmeError } from '../errors.ts';
import { exists, readText } from '../io/files.ts';
import { type Project, projectSchema } from './schema.ts';

export interface LoadedProject {
  /** Absolute folder of wasme.json. */
  readonly dir: string;
  readonly file: string;
  readonly project: Project;
}

/** The project in `dir` or the nearest folder above. Fails with PROJECT_NOT_FOUND or PROJECT_INVALID. */
export async function loadProject(dir: string): Promise<LoadedProject> {
  const found = await findProject(dir);
  if (found === undefined) {
    throw new WasmeError('PROJECT_NOT_FOUND', `no wasme.json in ${dir} or above it`, {
      hint: 'run "wasme init" to make a project, or name its folder',
    });
  }
  return found;
}

/** As `loadProject`, but undefined when there is none. */
export async function findProject(dir: string): Promise<LoadedProject | undefined> {
  for (let folder = resolve(dir); ; folder = dirname(folder)) {
    const file = join(folder, 'wasme.json');
    if (await exists(file)) {
      return { dir: folder, file, project: parseJsonFile(await readText(file), file, projectSchema) };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** Where the project's module is or will be, absolute. */
export function outputPath({ dir, project }: LoadedProject): string {
  return resolve(dir, project.build?.output ?? join('build', `${project.name}.wasm`));
}

/** JSON text → checked value. PROJECT_INVALID lists every fault as `file:line:col: field: what`. */
export function parseJsonFile<S extends z.ZodType>(source: string, file: string, schema: S): z.infer<S> {
  const lines = new LineCounter();
  // JSON is YAML's flow subset; this parser keeps positions, which JSON.parse does not.
  const document = parseDocument(source.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    schema: 'json',
    strict: true,
  });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw invalid(document.errors.map(error => `${at(error.pos[0])}: ${error.message.split('\n')[0] ?? ''}`));
  }
  const result = schema.safeParse(document.toJS() as unknown);
  if (result.success) return result.data;
  throw invalid(
    result.error.issues.map(issue => {
      const unknown: string | undefined = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
      const path = [...issue.path.map(String), ...(unknown === undefined ? [] : [unknown])];
      const field = path.join('.');
      return `${at(offsetOf(document, path))}: ${field === '' ? '' : `${field}: `}${issue.message}`;
    }),
  );
}

/** Offset of the key or value at `path`, or of the deepest part of it that exists. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly string[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown =
      depth === 0 ? document.contents : document.getIn(path.slice(0, depth).map(toKey), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function toKey(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

function invalid(faults: readonly string[]): WasmeError {
  return new WasmeError('PROJECT_INVALID', faults.join('\n'), {
    hint: 'docs/project-file.md describes every field',
    details: { faults },
  });
}
