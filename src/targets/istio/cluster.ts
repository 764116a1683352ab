/** Finds the version of Istio in a cluster: by the image of its control plane, or by the kinds of its objects. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { kubectl } from '../../io/process/kubectl.ts';
import { type IstioVersion, newestIstio, parseIstioVersion, since } from './versions.ts';
import { controlPlaneVersions } from '../kubernetes/control-plane.ts';
import type { KubernetesOptions } from '../kubernetes/objects.ts';

/**
 * The lowest version among the control planes (a mesh in the middle of an upgrade has two). Where they cannot be listed
 * the kinds that the API server knows tell enough. Fails with KUBE_NOT_INSTALLED when there is no Istio.
 */
export async function clusterIstioVersion(
  options: KubernetesOptions,
  system: SystemContext,
): Promise<IstioVersion> {
  const versions = (await controlPlaneVersions('app=istiod', options, system)).map(parseIstioVersion);
  const lowest = versions.sort((a, b) => a.minor - b.minor)[0];
  if (lowest !== undefined) {
    system.reporter.info(`Istio ${lowest.text} in the cluster`);
    return lowest;
  }
  const kinds = await kubectl(
    ['api-resources', '--api-group', 'extensions.istio.io', '-o', 'name'],
    options,
    system,
  );
  if (kinds.includes('trafficextensions')) return newestIstio;
  if (kinds.includes('wasmplugins'))
    return { minor: since.trafficExtension - 1, text: `1.${since.trafficExtension - 1}` };
  throw new WasmeError('KUBE_NOT_INSTALLED', 'there is no Istio with Wasm filters in this cluster', {
    hint: 'install Istio 1.12 or newer, name another --context, or say --istio-version to get documents all the same',
  });
}
