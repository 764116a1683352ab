/** Which version a control plane has: the tags of the images that its deployments run. */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { type KubernetesOptions } from './objects.ts';
import { listObjects } from './read.ts';

interface ControlPlane {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { image: string }[] } };
  };
}

/**
 * Versions (`1.30.1`) of the deployments with these labels, in any namespace; tags that are no version are left out.
 * Empty when nobody may list them: listing every namespace is often not allowed.
 */
export async function controlPlaneVersions(
  selector: string,
  options: KubernetesOptions,
  edges: Edges,
): Promise<readonly string[]> {
  try {
    const resource = { kind: 'Deployment', resource: 'deployments' };
    const found = await listObjects<ControlPlane>(
      resource,
      { namespace: undefined, selector },
      options,
      edges,
    );
    return found.flatMap(({ spec }) =>
      spec.template.spec.containers.flatMap(({ image }) => versionOf(image) ?? []),
    );
  } catch (error) {
    if (error instanceof WasmeError && error.code === 'KUBE_FORBIDDEN') return [];
    throw error;
  }
}

/** `registry:5000/istio/pilot:1.30.1-distroless@sha256:…` → 1.30.1; undefined when the tag is no version. */
function versionOf(image: string): string | undefined {
  return /:v?(\d+\.\d+(?:\.\d+)?)[^/@]*(?:@.*)?$/.exec(image)?.[1];
}
