/** The control planes of a cluster: where they run, and which version each has by the tag of its image. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type KubernetesOptions } from './objects.ts';
import { listObjects } from './read.ts';

const deployments = {
  kind: 'Deployment',
  resource: 'deployments',
  schema: async () => (await import('./schema.ts')).deployment,
};

export interface ControlPlane {
  readonly namespace: string;
  /** Istio's, where several run side by side. */
  readonly revision: string | undefined;
  /** `1.30.1`; tags that are no version are left out. */
  readonly versions: readonly string[];
}

/** The deployments with these labels, in any namespace. Fails with KUBE_FORBIDDEN: listing all is often not allowed. */
export async function controlPlanes(
  selector: string,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly ControlPlane[]> {
  const where = { namespace: undefined, selector };
  const found = await listObjects(deployments, where, options, system);
  return found.map(({ metadata, spec }) => ({
    namespace: metadata.namespace,
    revision: metadata.labels?.['istio.io/rev'],
    versions: spec.template.spec.containers.flatMap(({ image = '' }) => versionOf(image) ?? []),
  }));
}

/** Returns the versions of the control planes; none when they may not be listed. */
export async function controlPlaneVersions(
  selector: string,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly string[]> {
  try {
    return (await controlPlanes(selector, options, system)).flatMap(({ versions }) => versions);
  } catch (error) {
    if (error instanceof WasmeError && error.code === 'KUBE_FORBIDDEN') return [];
    throw error;
  }
}

/** `registry:5000/istio/pilot:1.30.1-distroless@sha256:…` → 1.30.1; undefined when the tag is not a version. */
function versionOf(image: string): string | undefined {
  return /:v?(\d+\.\d+(?:\.\d+)?)[^/@]*(?:@.*)?$/.exec(image)?.[1];
}
