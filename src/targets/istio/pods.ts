/** The proxies of a mesh: which pods a filter is meant for, and the admin interface of each through kubectl. */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { kubectl } from '../../io/kubectl.ts';
import type { EnvoyAdmin } from '../envoy/admin.ts';
import type { KubeObject, KubernetesOptions } from '../kubernetes/objects.ts';
import { type Resource, listObjects } from '../kubernetes/read.ts';

const podResource: Resource = { kind: 'Pod', resource: 'pods' };

/** Where the proxies of a mesh are. */
export interface ProxyPlace {
  /** Container of a pod that has Envoy and Istio's agent. */
  readonly container: string;
  /** Label selectors for the pods that an object is meant for; undefined: every pod of its namespace. */
  selectorsOf(object: KubeObject): readonly (string | undefined)[];
}

/** Sidecars, gateways and waypoints of Istio. */
export const istioProxies: ProxyPlace = { container: 'istio-proxy', selectorsOf };

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
  readonly status?: { readonly phase?: string };
}

/** Running pods with a proxy that the object is meant for. Fails with KUBE_* codes. */
export async function proxiesOf(
  object: KubeObject,
  place: ProxyPlace,
  options: KubernetesOptions,
  edges: Edges,
): Promise<readonly Pod[]> {
  const namespace = object.metadata.namespace ?? 'default';
  const found: Pod[] = [];
  for (const selector of place.selectorsOf(object)) {
    found.push(...(await listObjects<Pod>(podResource, { namespace, selector }, options, edges)));
  }
  const names = new Set<string>();
  return found.filter(({ metadata, spec, status }) => {
    const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
    const isProxy = containers.some(({ name }) => name === place.container);
    if (!isProxy || status?.phase !== 'Running' || names.has(metadata.name)) return false;
    names.add(metadata.name);
    return true;
  });
}

/** Label selectors for pods; [undefined] is every pod of the namespace. */
function selectorsOf({ spec = {} }: KubeObject): readonly (string | undefined)[] {
  const selector = spec['selector'] as { matchLabels?: Record<string, string> } | undefined;
  const workload = spec['workloadSelector'] as { labels?: Record<string, string> } | undefined;
  const labels = Object.entries(selector?.matchLabels ?? workload?.labels ?? {});
  if (labels.length > 0) return [labels.map(([key, value]) => `${key}=${value}`).join(',')];
  const refs = [...((spec['targetRefs'] ?? []) as readonly unknown[]), spec['targetRef']].filter(
    (ref): ref is { kind: string; name: string } => typeof ref === 'object' && ref !== null,
  );
  if (refs.length === 0) return [undefined];
  // Istio labels the pods of a Gateway with its name; services and entries are served by the waypoints of the namespace.
  const key = 'gateway.networking.k8s.io/gateway-name';
  return refs.map(({ kind, name }) => (kind === 'Gateway' ? `${key}=${name}` : key));
}

/** Envoy's admin interface inside a pod. What hinders asking is NETWORK, as with any admin interface. */
export function podAdmin(
  { metadata }: Pod,
  { container }: ProxyPlace,
  options: KubernetesOptions,
  edges: Edges,
): EnvoyAdmin {
  const { name, namespace = 'default' } = metadata;
  const ask = async (method: 'GET' | 'POST', path: string): Promise<string> => {
    const args = ['exec', name, '-n', namespace, '-c', container, '--'];
    try {
      return await kubectl(
        [...args, 'pilot-agent', 'request', method, path.replace(/^\//, '')],
        options,
        edges,
      );
    } catch (error) {
      if (!(error instanceof WasmeError) || error.code === 'INTERRUPTED' || error.code === 'TOOL_MISSING')
        throw error;
      throw new WasmeError('NETWORK', `the proxy of ${name} cannot be asked: ${error.message}`, {
        hint: 'the right "pods/exec" is needed in the namespace',
        cause: error,
      });
    }
  };
  // One dump answers several questions, and is large.
  const answers = new Map<string, Promise<string>>();
  const text = (path: string): Promise<string> => {
    const known = answers.get(path) ?? ask('GET', path);
    answers.set(path, known);
    return known;
  };
  return {
    url: `Pod/${namespace}/${name}`,
    text,
    json: async path => JSON.parse(await text(path)) as unknown,
    post: path => ask('POST', path),
    async stats(filter) {
      const lines = (await text(`/stats?filter=${encodeURIComponent(filter)}`)).split('\n');
      const rows = lines.map(line => /^(.+): (\d+)$/.exec(line)).filter(match => match !== null);
      return Object.fromEntries(rows.map(([, key = '', value]) => [key, Number(value)]));
    },
  };
}
