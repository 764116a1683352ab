/** Istio's root namespace, where filters count for the whole mesh: found where istiod itself reads it. */
import { parseDocument } from 'yaml';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type ControlPlane, controlPlanes } from '../kubernetes/control-plane.ts';
import type { KubernetesOptions } from '../kubernetes/objects.ts';
import { readObject } from '../kubernetes/read.ts';

/** Istio's own default. */
export const usualRootNamespace = 'istio-system';

const configMaps = {
  kind: 'ConfigMap',
  resource: 'configmaps',
  schema: async () => (await import('../kubernetes/schema.ts')).configMap,
};

/** Returns one for each control plane. One that may not be read gives a warning, and Istio's default is assumed. */
export async function rootNamespaces(
  options: KubernetesOptions,
  system: SystemContext,
): Promise<ReadonlySet<string>> {
  const listed = await unlessForbidden(controlPlanes('app=istiod', options, system));
  const planes = listed instanceof WasmeError || listed.length === 0 ? [{}] : listed;
  const roots = new Set<string>();
  for (const plane of planes) {
    const root = await unlessForbidden(configuredRoot(plane, options, system));
    const hidden = root ?? listed;
    if (hidden instanceof WasmeError) {
      system.reporter.warn(
        `Istio's root namespace is taken to be ${usualRootNamespace}, it cannot be read: ${hidden.message}`,
        'the rights to list deployments of every namespace and to read ConfigMaps beside istiod are needed',
      );
    }
    roots.add(typeof root === 'string' ? root : usualRootNamespace);
  }
  return roots;
}

/** rootNamespace of the mesh configuration; undefined when there is none. */
async function configuredRoot(
  { namespace = usualRootNamespace, revision = 'default' }: Partial<ControlPlane>,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<string | undefined> {
  const name = revision === 'default' ? 'istio' : `istio-${revision}`;
  const found = await readObject(configMaps, namespace, name, options, system);
  if (found === undefined) return undefined;
  const root = parseDocument(found.data?.['mesh'] ?? '').get('rootNamespace');
  return typeof root === 'string' && root !== '' ? root : usualRootNamespace;
}

async function unlessForbidden<T>(answer: Promise<T>): Promise<T | WasmeError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WasmeError && error.code === 'KUBE_FORBIDDEN') return error;
    throw error;
  }
}
