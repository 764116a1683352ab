/** Applies a plan to a cluster as a whole or not at all, by server-side apply with a field manager of its own. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { withTempDir, writeAtomic } from '../../io/files/files.ts';
import { kubectl } from '../../io/process/kubectl.ts';
import { join } from 'node:path';
import type { AppliedObject, Plan, PlannedDocument } from '../target.ts';
import { plain } from '../annotated-document.ts';
import { type KubeObject, type KubernetesOptions, idLabel, isOurs, showObject } from './objects.ts';
import { type Resource, parseObject } from './parse-answer.ts';
import { listOurs, readObject } from './read.ts';
import { type ListEdit, type PatchStep, putItem } from './shared.ts';

/** The field manager by which the API server knows the fields that wasme owns. */
export const fieldManager = 'wasme';

/** A document for a cluster. With `edit`, it is not applied: the item is put into the object that is there. */
export interface KubernetesDocument extends PlannedDocument {
  readonly resource: Resource;
  readonly edit?: ListEdit;
  /** resourceVersion of the object that the document was made from; another one by now is a conflict. */
  readonly basedOn?: string | undefined;
}

const maxEditTries = 5;

/**
 * Everything is tried with a server-side dry run first, deletions too, so a refusal changes nothing. Then it is applied, and
 * objects of ours for the same filter that the plan no longer has (another kind than last time) go. `resources` are the
 * target's kinds. Fails with KUBE_* codes.
 */
export async function applyDocuments(
  plan: Plan,
  resources: readonly Resource[],
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly AppliedObject[]> {
  const documents = kubernetesDocuments(plan);
  const before = await current(documents, options, system);
  documents.forEach((document, index) => refuseForeign(document, before[index], options));
  const tried: AppliedObject[] = [];
  for (const [index, document] of documents.entries()) {
    tried.push(await give(document, before[index], options, system, true));
  }
  const going = await superseded(documents, resources, options, system);
  for (const { resource, object } of going) await deleteObject(resource, object, options, system, true);
  const gone = going.map(({ object }) => ({ name: showObject(object), result: 'deleted' as const }));
  if (options.dryRun === true) return [...tried, ...gone];
  const applied: AppliedObject[] = [];
  for (const [index, document] of documents.entries()) {
    applied.push(await give(document, before[index], options, system, false));
  }
  for (const { resource, object } of going) await deleteObject(resource, object, options, system);
  return [...applied, ...gone];
}

/** The plan's documents with what a cluster needs to know of them. */
export function kubernetesDocuments(plan: Plan): readonly KubernetesDocument[] {
  return plan.documents as readonly KubernetesDocument[];
}

/** The document as an object. */
export function objectOf(document: KubernetesDocument): KubeObject {
  return plain(document.content) as KubeObject;
}

/** The same as it is sent. */
export function sentAs(document: KubernetesDocument): string {
  const { metadata, ...object } = objectOf(document);
  return JSON.stringify({ ...object, metadata: { ...metadata, resourceVersion: document.basedOn } });
}

/** Returns the object in the cluster for each document. */
export async function current(
  documents: readonly KubernetesDocument[],
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly (KubeObject | undefined)[]> {
  const found: (KubeObject | undefined)[] = [];
  for (const document of documents) {
    const { name, namespace = 'default' } = objectOf(document).metadata;
    found.push(await readObject(document.resource, namespace, name, options, system));
  }
  return found;
}

function refuseForeign(
  document: KubernetesDocument,
  existing: KubeObject | undefined,
  { forceConflicts }: KubernetesOptions,
): void {
  if (document.edit !== undefined) {
    if (existing !== undefined) return;
    throw new WasmeError('KUBE_NOT_FOUND', `${showObject(objectOf(document))} is not in the cluster`);
  }
  if (existing === undefined || isOurs(existing) || forceConflicts === true) return;
  throw new WasmeError('KUBE_CONFLICT', `${showObject(existing)} exists and was not made by wasme`, {
    hint: 'choose another --id, or take it over with --force-conflicts',
  });
}

async function give(
  document: KubernetesDocument,
  before: KubeObject | undefined,
  options: KubernetesOptions,
  system: SystemContext,
  dryRun: boolean,
): Promise<AppliedObject> {
  if (document.edit !== undefined) {
    return editObject(document, document.edit, options, system, dryRun);
  }
  const object = objectOf(document);
  const args = applyArgs(options, dryRun);
  const text = await kubectl(args, options, system, { input: sentAs(document) });
  const after = await parseObject(text, document.resource, object.metadata.name, args);
  const same = before?.metadata.resourceVersion === after.metadata.resourceVersion;
  return {
    name: showObject(object),
    result: before === undefined ? 'created' : same ? 'unchanged' : 'configured',
  };
}

/** The server-side apply of the document on standard input; it prints the object that results. */
export function applyArgs({ forceConflicts }: KubernetesOptions, dryRun: boolean): readonly string[] {
  return [
    ...['apply', '--server-side', `--field-manager=${fieldManager}`, '--validate=strict'],
    ...(forceConflicts === true ? ['--force-conflicts'] : []),
    ...(dryRun ? ['--dry-run=server'] : []),
    ...['-o', 'json', '-f', '-'],
  ];
}

/** Puts the item into the object as it is now, and starts again when the object was changed meanwhile. */
async function editObject(
  document: KubernetesDocument,
  edit: ListEdit,
  options: KubernetesOptions,
  system: SystemContext,
  dryRun: boolean,
): Promise<AppliedObject> {
  const { name, namespace = 'default' } = objectOf(document).metadata;
  return editLoop(document.resource, namespace, name, options, system, {
    dryRun,
    steps: object => putItem(object, edit, options.forceConflicts === true),
    result: 'configured',
  });
}

/** One shared object: steps computed from what is there now, sent with a guard, up to five times. */
export async function editLoop(
  resource: Resource,
  namespace: string,
  name: string,
  options: KubernetesOptions,
  system: SystemContext,
  change: {
    readonly steps: (object: KubeObject) => readonly PatchStep[];
    readonly result: AppliedObject['result'];
    readonly dryRun: boolean;
  },
): Promise<AppliedObject> {
  for (let tries = 1; ; tries++) {
    const object = await readObject(resource, namespace, name, options, system);
    if (object === undefined) {
      throw new WasmeError('KUBE_NOT_FOUND', `${resource.kind}/${namespace}/${name} is not in the cluster`);
    }
    const steps = change.steps(object);
    if (steps.length === 0) return { name: showObject(object), result: 'unchanged' };
    try {
      await patch(resource, object, steps, options, system, change.dryRun);
      return { name: showObject(object), result: change.result };
    } catch (error) {
      if (!isLostRace(error)) throw error;
      if (tries < maxEditTries) continue;
      throw new WasmeError('KUBE_CONFLICT', `${showObject(object)} keeps changing while it is being edited`, {
        hint: 'find out what writes to it all the time, then run the command again',
        cause: error,
      });
    }
  }
}

async function patch(
  resource: Resource,
  object: KubeObject,
  steps: readonly PatchStep[],
  options: KubernetesOptions,
  system: SystemContext,
  dryRun: boolean,
): Promise<void> {
  // A file, not an argument: a configuration may hold what other users of this machine must not read in its process list.
  await withTempDir(async dir => {
    const file = join(dir, 'patch.json');
    await writeAtomic(file, JSON.stringify(steps), { mode: 0o600 });
    const { name, namespace = 'default' } = object.metadata;
    const args = ['patch', resource.resource, name, '-n', namespace, '--type=json', '--patch-file', file];
    const mode = dryRun ? ['--dry-run=server'] : [];
    await kubectl([...args, ...mode, `--field-manager=${fieldManager}`], options, system);
  });
}

/** True when the object was changed after it was read. */
function isLostRace(error: unknown): boolean {
  return error instanceof WasmeError && error.code === 'KUBE_CONFLICT';
}

/** Returns objects that wasme made for the same filters and that the plan replaces with another kind. */
export async function superseded(
  documents: readonly KubernetesDocument[],
  resources: readonly Resource[],
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly { readonly resource: Resource; readonly object: KubeObject }[]> {
  if (resources.length < 2) return [];
  const kept = new Set(documents.map(document => showObject(objectOf(document))));
  const found: { resource: Resource; object: KubeObject }[] = [];
  for (const document of documents) {
    const { namespace, labels } = objectOf(document).metadata;
    const id = labels?.[idLabel];
    if (id === undefined || namespace === undefined) continue;
    found.push(...(await listOurs(resources, id, namespace, options, system)));
  }
  return found.filter(({ object }) => !kept.has(showObject(object)));
}

/** Deletes an object that wasme made. */
export async function deleteObject(
  resource: Resource,
  object: KubeObject,
  options: KubernetesOptions,
  system: SystemContext,
  dryRun = false,
): Promise<void> {
  const { name, namespace = 'default' } = object.metadata;
  const how = dryRun ? '--dry-run=server' : '--wait=true';
  await kubectl(['delete', resource.resource, name, '-n', namespace, how], options, system);
}
