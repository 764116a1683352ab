/** Removes a filter from a cluster: deletes the objects that wasme made, and removes its items from shared ones. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import type { AppliedObject, UndeployRequest, Undeployment } from '../target.ts';
import { deleteObject, editLoop } from './apply.ts';
import { unifiedDiff } from './diff.ts';
import { type KubernetesOptions, showObject } from './objects.ts';
import type { Resource } from './parse-answer.ts';
import { listObjects, listOurs } from './read.ts';
import { patched, sharedIds, takeItem } from './shared.ts';

/** Deletes every object that wasme made for `id`. Fails with KUBE_NOT_FOUND when there is none. */
export async function removeOwn(
  resources: readonly Resource[],
  { id, dryRun }: UndeployRequest,
  namespace: string | undefined,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<Undeployment> {
  const found = await listOurs(resources, id, namespace, options, system);
  if (found.length === 0) throw nothingToRemove(id, namespace);
  const changed: AppliedObject[] = [];
  if (!dryRun && found.length > 1) {
    for (const { resource, object } of found) await deleteObject(resource, object, options, system, true);
  }
  for (const { resource, object } of found) {
    if (!dryRun) await deleteObject(resource, object, options, system);
    changed.push({ name: showObject(object), result: 'deleted' });
  }
  const diffs = await Promise.all(
    found.map(({ object }) => unifiedDiff(showObject(object), object, undefined)),
  );
  return { changed, diff: diffs.join('') };
}

/** Takes our item `id` out of every shared object that has it. Fails with KUBE_NOT_FOUND when none has. */
export async function removeShared(
  resource: Resource,
  list: readonly string[],
  { id, dryRun }: UndeployRequest,
  namespaces: readonly string[] | undefined,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<Undeployment> {
  const places = namespaces ?? [undefined];
  const objects = (
    await Promise.all(places.map(namespace => listObjects(resource, { namespace }, options, system)))
  ).flat();
  const ours = objects.filter(object => sharedIds(object).includes(id));
  if (ours.length === 0) throw nothingToRemove(id, namespaces?.join(', '));
  const changed: AppliedObject[] = [];
  for (const { metadata } of ours) {
    const { name, namespace = 'default' } = metadata;
    changed.push(
      await editLoop(resource, namespace, name, options, system, {
        steps: object => takeItem(object, list, id),
        result: 'restored',
        dryRun,
      }),
    );
  }
  const diffs = await Promise.all(
    ours.map(object => unifiedDiff(showObject(object), object, patched(object, takeItem(object, list, id)))),
  );
  return { changed, diff: diffs.join('') };
}

export function nothingToRemove(id: string, namespace: string | undefined): WasmeError {
  const where = namespace === undefined ? 'in any namespace' : `in namespace ${namespace}`;
  return new WasmeError('KUBE_NOT_FOUND', `nothing named ${id} was deployed by wasme ${where}`, {
    hint: 'check --id and --namespace; objects without the label app.kubernetes.io/managed-by=wasme are never touched',
  });
}
