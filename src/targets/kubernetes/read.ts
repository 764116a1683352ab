/** Reads from a cluster: one object or none, and every object that wasme made. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { kubectl } from '../../io/process/kubectl.ts';
import { type KubeObject, type KubernetesOptions, idLabel, owner, ownerLabel } from './objects.ts';
import { type Resource, parseList, parseObject } from './parse-answer.ts';

/**
 * Returns the object, or undefined when there is none of this name. Fails with KUBE_NOT_INSTALLED when the cluster does not
 * know the kind, and with TOOL_FAILED when kubectl prints something else than such an object.
 */
export async function readObject<T = KubeObject>(
  resource: Resource<T>,
  namespace: string,
  name: string,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<T | undefined> {
  const args = ['get', resource.resource, name, '-n', namespace, '--ignore-not-found', '-o', 'json'];
  const text = await kubectl(args, options, system);
  return text.trim() === '' ? undefined : parseObject(text, resource, name, args);
}

/** Returns the objects of one kind; `namespace` undefined: of all namespaces. Fails as `readObject` does. */
export async function listObjects<T = KubeObject>(
  resource: Resource<T>,
  where: { readonly namespace: string | undefined; readonly selector?: string | undefined },
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly T[]> {
  const place = where.namespace === undefined ? ['--all-namespaces'] : ['-n', where.namespace];
  const selector = where.selector === undefined ? [] : ['-l', where.selector];
  const args = ['get', resource.resource, ...place, ...selector, '-o', 'json'];
  return parseList(await kubectl(args, options, system), resource, args);
}

/** Returns the ids of every filter that wasme deployed there. */
export async function listIds(
  resources: readonly Resource[],
  namespace: string,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly string[]> {
  const found = await listOurs(resources, undefined, namespace, options, system);
  const ids = found.flatMap(({ object }) => object.metadata.labels?.[idLabel] ?? []);
  return [...new Set(ids)].sort();
}

/** Returns the objects that wasme made for `id`, of the kinds that the cluster has. */
export async function listOurs(
  resources: readonly Resource[],
  id: string | undefined,
  namespace: string | undefined,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly { readonly resource: Resource; readonly object: KubeObject }[]> {
  const selector = [`${ownerLabel}=${owner}`, ...(id === undefined ? [] : [`${idLabel}=${id}`])].join(',');
  const found: { resource: Resource; object: KubeObject }[] = [];
  const missing: WasmeError[] = [];
  for (const resource of resources) {
    try {
      const objects = await listObjects(resource, { namespace, selector }, options, system);
      found.push(...objects.map(object => ({ resource, object })));
    } catch (error) {
      if (!(error instanceof WasmeError) || error.code !== 'KUBE_NOT_INSTALLED') throw error;
      missing.push(error);
    }
  }
  const [first] = missing;
  if (first !== undefined && missing.length === resources.length) throw first;
  return found;
}
