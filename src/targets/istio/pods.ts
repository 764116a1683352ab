/** Finds the pods whose proxies a filter is meant for. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import type { KubeObject, KubernetesOptions } from '../kubernetes/objects.ts';
import type { Resource } from '../kubernetes/parse-answer.ts';
import type { Choices, Pod } from './schema.ts';
import { listObjects } from '../kubernetes/read.ts';

const podResource: Resource<Pod> = {
  kind: 'Pod',
  resource: 'pods',
  schema: async () => (await import('./schema.ts')).pod,
};

/** The pods that are proxies of a mesh. */
export interface ProxyPlace {
  /** Container of a pod that has Envoy and Istio's agent. */
  readonly container: string;
  /** Label selectors for the pods that an object is meant for; undefined: every pod of its namespace. */
  selectorsOf(object: KubeObject): readonly (string | undefined)[];
  /** Objects of these namespaces are for pods of all namespaces. */
  readonly roots?: ReadonlySet<string>;
}

/** Sidecars, gateways and waypoints of Istio. */
export function istioProxies(roots: ReadonlySet<string>): ProxyPlace {
  return { container: 'istio-proxy', selectorsOf, roots };
}

/** Pods with a proxy that the object is meant for: those that run, and how many do not yet. Fails with KUBE_* codes. */
export async function proxiesOf(
  object: KubeObject,
  place: ProxyPlace,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<{ readonly running: readonly Pod[]; readonly waiting: number }> {
  const { namespace = 'default' } = object.metadata;
  const found = new Map<string, Pod>();
  for (const selector of place.selectorsOf(object)) {
    for (const pod of await podsOf(namespace, selector, place, options, system)) {
      found.set(`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`, pod);
    }
  }
  const proxies = [...found.values()].filter(({ metadata, spec, status }) => {
    const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
    const isProxy = containers.some(({ name }) => name === place.container);
    const ends = metadata.deletionTimestamp !== undefined || /^(Succeeded|Failed)$/.test(status?.phase ?? '');
    return isProxy && !ends;
  });
  const running = proxies.filter(({ status }) => status?.phase === 'Running');
  return { running, waiting: proxies.length - running.length };
}

async function podsOf(
  namespace: string,
  selector: string | undefined,
  { roots }: ProxyPlace,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<readonly Pod[]> {
  const list = (where: string | undefined): Promise<readonly Pod[]> =>
    listObjects(podResource, { namespace: where, selector }, options, system);
  if (roots?.has(namespace) !== true) return list(namespace);
  return list(undefined).catch((error: unknown) => {
    // Chosen pods of the root namespace are a gateway's; whoever looks after it need not see the whole mesh.
    const forbidden = error instanceof WasmeError && error.code === 'KUBE_FORBIDDEN';
    if (forbidden && selector !== undefined) return list(namespace);
    throw error;
  });
}

/** Label selectors for pods; [undefined] is every pod of the namespace. */
function selectorsOf({ spec = {} }: KubeObject): readonly (string | undefined)[] {
  const { selector, workloadSelector, targetRefs = [], targetRef } = spec as Choices;
  const labels = Object.entries(selector?.matchLabels ?? workloadSelector?.labels ?? {});
  if (labels.length > 0) return [labels.map(([key, value]) => `${key}=${value}`).join(',')];
  const refs = targetRef === undefined ? targetRefs : [...targetRefs, targetRef];
  if (refs.length === 0) return [undefined];
  // Istio labels the pods of a Gateway with its name; services and entries are served by the waypoints of the namespace.
  const key = 'gateway.networking.k8s.io/gateway-name';
  return refs.map(({ kind, name }) => (kind === 'Gateway' ? `${key}=${name}` : key));
}
