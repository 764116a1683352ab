/** The proxies of a mesh: which pods a filter is meant for, and the admin interface of each through kubectl. */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { kubectl } from '../../io/kubectl.ts';
import { type EnvoyAdmin, parseAnswer } from '../envoy/admin.ts';
import type { LogReader } from '../envoy/log-signs.ts';
import type { KubeObject, KubernetesOptions } from '../kubernetes/objects.ts';
import { type Resource, listObjects } from '../kubernetes/read.ts';
import { rootNamespace } from './options.ts';

const podResource: Resource = { kind: 'Pod', resource: 'pods' };

/** Where the proxies of a mesh are. */
export interface ProxyPlace {
  /** Container of a pod that has Envoy and Istio's agent. */
  readonly container: string;
  /** Label selectors for the pods that an object is meant for; undefined: every pod of its namespace. */
  selectorsOf(object: KubeObject): readonly (string | undefined)[];
  /** Objects of this namespace are for pods of all namespaces. */
  readonly root?: string;
}

/** Sidecars, gateways and waypoints of Istio. */
export const istioProxies: ProxyPlace = { container: 'istio-proxy', selectorsOf, root: rootNamespace };

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: {
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
  readonly status?: { readonly phase?: string };
}

/** Pods with a proxy that the object is meant for: those that run, and how many do not yet. Fails with KUBE_* codes. */
export async function proxiesOf(
  object: KubeObject,
  place: ProxyPlace,
  options: KubernetesOptions,
  edges: Edges,
): Promise<{ readonly running: readonly Pod[]; readonly waiting: number }> {
  const { namespace = 'default' } = object.metadata;
  const found = new Map<string, Pod>();
  for (const selector of place.selectorsOf(object)) {
    for (const pod of await podsOf(namespace, selector, place, options, edges)) {
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
  { root }: ProxyPlace,
  options: KubernetesOptions,
  edges: Edges,
): Promise<readonly Pod[]> {
  const list = (where: string | undefined): Promise<readonly Pod[]> =>
    listObjects<Pod>(podResource, { namespace: where, selector }, options, edges);
  if (namespace !== root) return list(namespace);
  return list(undefined).catch((error: unknown) => {
    // Chosen pods of the root namespace are a gateway's; whoever looks after it need not see the whole mesh.
    const forbidden = error instanceof WasmeError && error.code === 'KUBE_FORBIDDEN';
    if (forbidden && selector !== undefined) return list(namespace);
    throw error;
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

/** As much of a log as is read of each proxy: access logs stand there too. */
const logLines = 20_000;

/** The log of a proxy. What hinders reading is NETWORK. */
export function podLog(
  { metadata }: Pod,
  { container }: ProxyPlace,
  options: KubernetesOptions,
  edges: Edges,
): LogReader {
  const { name, namespace = 'default' } = metadata;
  return async since => {
    const args = ['logs', name, '-n', namespace, '-c', container, `--tail=${logLines}`];
    // Without fractions of a second, as kubectl wants it: some lines too many are no harm.
    if (since !== undefined) args.push(`--since-time=${since.toISOString().replace(/\.\d+/, '')}`);
    try {
      return await kubectl(args, options, edges);
    } catch (error) {
      throw hindered(error, `the log of ${name} cannot be read`, 'pods/log');
    }
  };
}

function hindered(error: unknown, what: string, right: string): unknown {
  if (!(error instanceof WasmeError) || error.code === 'INTERRUPTED' || error.code === 'TOOL_MISSING')
    return error;
  return new WasmeError('NETWORK', `${what}: ${error.message}`, {
    hint: `the right "${right}" is needed in the namespace`,
    cause: error,
  });
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
      throw hindered(error, `the proxy of ${name} cannot be asked`, 'pods/exec');
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
    json: async path => parseAnswer(await text(path), `Pod/${namespace}/${name}`),
    post: path => ask('POST', path),
    async stats(filter) {
      const lines = (await text(`/stats?filter=${encodeURIComponent(filter)}`)).split('\n');
      const rows = lines.map(line => /^(.+): (\d+)$/.exec(line)).filter(match => match !== null);
      return Object.fromEntries(rows.map(([, key = '', value]) => [key, Number(value)]));
    },
  };
}
