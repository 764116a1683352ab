/** Status of a filter in a mesh: reads the object in the cluster, then asks every proxy that it is meant for. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type EnvoyAdmin, readOnce } from '../envoy/status/admin.ts';
import { sectionsOf } from '../envoy/status/dump-sections.ts';
import type { LogReader } from '../envoy/status/log-signs.ts';
import { envoyStatus } from '../envoy/status/status.ts';
import { type KubeObject, type KubernetesOptions, showObject } from '../kubernetes/objects.ts';
import type { Resource } from '../kubernetes/parse-answer.ts';
import { listIds, listOurs } from '../kubernetes/read.ts';
import type { StatusReader, StatusRequest, StatusRow } from '../target.ts';
import { pluginNameIn } from './plugin-name.ts';
import { podAdmin, podLog } from './pod-proxy.ts';
import { type ProxyPlace, proxiesOf } from './pods.ts';
import type { Choices, Pod } from './schema.ts';

/** Proxies asked at the same time; each question is a kubectl of its own. */
const parallel = 4;

/** `findPlace` is asked once, and each proxy once in a look, for all filters together. */
export function inquireProxies(
  resources: readonly Resource[],
  options: KubernetesOptions & { readonly namespace: string },
  findPlace: () => Promise<ProxyPlace>,
  system: SystemContext,
): () => StatusReader {
  let found: Promise<ProxyPlace> | undefined;
  return () => {
    const admins = new Map<string, EnvoyAdmin>();
    return {
      filters: () => listIds(resources, options.namespace, options, system),
      async status(request) {
        const place = await (found ??= findPlace());
        const adminOf = (pod: Pod): EnvoyAdmin => {
          const fresh = readOnce(podAdmin(pod, place, options, system));
          const admin = admins.get(fresh.url) ?? fresh;
          admins.set(fresh.url, admin);
          return admin;
        };
        return proxyStatusOf(resources, request, options, place, adminOf, system);
      },
    };
  };
}

/** Returns one row per proxy, and one for the object when no proxy is chosen or it names another image than expected. */
async function proxyStatusOf(
  resources: readonly Resource[],
  request: StatusRequest,
  options: KubernetesOptions & { readonly namespace: string },
  place: ProxyPlace,
  adminOf: (pod: Pod) => EnvoyAdmin,
  system: SystemContext,
): Promise<readonly StatusRow[]> {
  const { id, expected } = request;
  const row = { filter: id, digest: undefined, expected, restarts: 0 };
  const found = await listOurs(resources, id, options.namespace, options, system);
  const rows: StatusRow[] = [];
  for (const { object } of found) {
    const meant = pinnedDigest(object);
    const where = showObject(object);
    if (expected !== undefined && meant !== undefined && meant !== expected) {
      const detail = 'the object in the cluster names another image: deploy again';
      rows.push({ ...row, where, digest: meant, state: 'other-digest', detail });
    }
    const { running: proxies, waiting } = await proxiesOf(object, place, options, system);
    if (proxies.length === 0) {
      const others = waiting === 0 ? '' : ` (${waiting} not running yet)`;
      const detail = `no running pod with a proxy is chosen by it${others}`;
      rows.push({ ...row, where, digest: meant, state: 'missing', detail });
    }
    for (let start = 0; start < proxies.length; start += parallel) {
      const asked = { id, expected: expected ?? meant };
      const some = proxies.slice(start, start + parallel).map(pod => {
        const log = podLog(pod, place, options, system);
        return proxyStatus(adminOf(pod), log, object, asked);
      });
      rows.push(...(await Promise.all(some)));
    }
  }
  if (found.length > 0) return rows;
  const where = `namespace ${options.namespace}`;
  return [{ ...row, where, state: 'missing', detail: 'nothing of this name was deployed by wasme here' }];
}

/** Detects the RBAC filter by which Istio's agent replaces a module that it could not fetch; otherwise asks Envoy. */
async function proxyStatus(
  admin: EnvoyAdmin,
  log: LogReader,
  object: KubeObject,
  request: StatusRequest,
): Promise<StatusRow> {
  const name = `${object.metadata.namespace ?? 'default'}.${object.metadata.name}`;
  const dump = await readDump(admin);
  // Istio names the plugin after the object; an EnvoyFilter of ours says it itself.
  const plugin = object.kind === 'EnvoyFilter' ? request.id : pluginNameIn(dump, name);
  const standIn = findStandIn(dump, name);
  if (standIn === undefined) {
    return { ...(await envoyStatus(admin, { ...request, id: plugin }, { log })), filter: request.id };
  }
  const open = standIn === 'allow';
  return {
    where: admin.url,
    filter: request.id,
    state: open ? 'fail-open' : 'failing',
    digest: undefined,
    expected: request.expected,
    restarts: 0,
    detail: open
      ? "Istio's agent could not fetch the module, and traffic passes without it"
      : "Istio's agent could not fetch the module, and traffic is refused with 403",
  };
}

/** Returns undefined for a proxy that cannot be reached: `envoyStatus` reports that one. */
async function readDump(admin: EnvoyAdmin): Promise<unknown> {
  try {
    return await admin.json('/config_dump');
  } catch (error) {
    if (error instanceof WasmeError && error.code === 'NETWORK') return undefined;
    throw error;
  }
}

function findStandIn(dump: unknown, name: string): 'allow' | 'deny' | undefined {
  const filters = JSON.stringify(filtersNamed(dump, name));
  if (!filters.includes('.rbac.v3.RBAC')) return undefined;
  return filters.includes('wasm-default-allow') || !filters.includes('"rules"') ? 'allow' : 'deny';
}

/** Discovered filters of that name, whatever Istio puts before or behind it. */
function filtersNamed(dump: unknown, name: string): readonly unknown[] {
  const { discoveries } = sectionsOf(dump);
  return discoveries.filter(({ resource }) => {
    const full = resource?.['name'];
    return typeof full === 'string' && full.replace(/^.*\//, '').replace(/~.*$/, '') === name;
  });
}

/** The image digest that the object pins. */
function pinnedDigest({ spec = {} }: KubeObject): string | undefined {
  const { wasm } = spec as Choices;
  const { sha256 } = (wasm ?? spec) as { sha256?: unknown };
  if (typeof sha256 === 'string') return `sha256:${sha256}`;
  const [hex] = /(?<="sha256":")[0-9a-f]{64}/.exec(JSON.stringify(spec)) ?? [];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
