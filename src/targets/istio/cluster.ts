/** Which Istio runs in a cluster: from the image of its control plane, or from the kinds it brought. */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { kubectl, kubectlJson } from '../../io/kubectl.ts';
import { type IstioVersion, newestIstio, parseIstioVersion, since } from './versions.ts';
import type { KubeList, KubernetesOptions } from '../kubernetes/objects.ts';

interface ControlPlane {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { image: string }[] } };
  };
}

/**
 * The lowest version among the control planes (a mesh in the middle of an upgrade has two). Where they cannot be listed
 * the kinds that the API server knows tell enough. Fails with KUBE_NOT_INSTALLED when there is no Istio.
 */
export async function clusterIstioVersion(options: KubernetesOptions, edges: Edges): Promise<IstioVersion> {
  const versions = await controlPlaneVersions(options, edges);
  const lowest = versions.sort((a, b) => a.minor - b.minor)[0];
  if (lowest !== undefined) {
    edges.reporter.info(`Istio ${lowest.text} in the cluster`);
    return lowest;
  }
  const kinds = await kubectl(
    ['api-resources', '--api-group', 'extensions.istio.io', '-o', 'name'],
    options,
    edges,
  );
  if (kinds.includes('trafficextensions')) return newestIstio;
  if (kinds.includes('wasmplugins'))
    return { minor: since.trafficExtension - 1, text: `1.${since.trafficExtension - 1}` };
  throw new WasmeError('KUBE_NOT_INSTALLED', 'there is no Istio with Wasm filters in this cluster', {
    hint: 'install Istio 1.12 or newer, name another --context, or say --istio-version to get documents all the same',
  });
}

async function controlPlaneVersions(options: KubernetesOptions, edges: Edges): Promise<IstioVersion[]> {
  try {
    const { items } = await kubectlJson<KubeList<ControlPlane>>(
      ['get', 'deployments', '--all-namespaces', '-l', 'app=istiod'],
      options,
      edges,
    );
    return items.flatMap(({ spec }) =>
      spec.template.spec.containers.flatMap(({ image }) => versionOf(image) ?? []),
    );
  } catch (error) {
    // Listing every namespace is often not allowed; the kinds are there for everyone.
    if (error instanceof WasmeError && error.code === 'KUBE_FORBIDDEN') return [];
    throw error;
  }
}

/** `registry:5000/istio/pilot:1.30.1-distroless@sha256:…` → 1.30.1; undefined when the tag is no version. */
function versionOf(image: string): IstioVersion | undefined {
  const tag = /:(\d+\.\d+(?:\.\d+)?)[^/@]*(?:@.*)?$/.exec(image)?.[1];
  return tag === undefined ? undefined : parseIstioVersion(tag);
}
