/** Reading from a cluster: one object or none, and every object of ours. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { kubectl, kubectlJson } from '../../io/process/kubectl.ts';
import {
  type KubeList,
  type KubeObject,
  type KubernetesOptions,
  idLabel,
  owner,
  ownerLabel,
} from './objects.ts';

/** A kind of object as kubectl is asked for it: plural and group, so that another project's kind of the same name is not meant. */
export interface Resource {
  readonly kind: string;
  /** `wasmplugins.extensions.istio.io`. */
  readonly resource: string;
}

/** The object, or undefined. Fails with KUBE_NOT_INSTALLED when the cluster does not know the kind. */
export async function readObject(
  { resource }: Resource,
  namespace: string,
  name: string,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<KubeObject | undefined> {
  const args = ['get', resource, name, '-n', namespace, '--ignore-not-found', '-o', 'json'];
  const text = await kubectl(args, options, system);
  return text.trim() === '' ? undefined : (JSON.parse(text) as KubeObject);
}

/** Objects of one kind; `namespace` undefined: of all namespaces. */
export async function listObjects<T = KubeObject>(
  { resource }: Resource,
  where: { readonly namespace: string | undefined; readonly selector?: string | undefined },
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly T[]> {
  const place = where.namespace === undefined ? ['--all-namespaces'] : ['-n', where.namespace];
  const selector = where.selector === undefined ? [] : ['-l', where.selector];
  const list = await kubectlJson<KubeList<T>>(['get', resource, ...place, ...selector], options, system);
  return list.items;
}

/** Ids of everything of ours there. */
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

/** Our objects for `id`, of those kinds that the cluster has and lets us see. */
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
