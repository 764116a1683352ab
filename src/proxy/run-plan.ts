/** Flags and project → the plan of a run: clusters, routes, host profile, and which upstream. */
import { WasmeError } from '../errors.ts';
import { findProfile, hostProfiles } from '../host/profiles.ts';
import type { LogLevel } from '../host/types.ts';
import { type Endpoint, parseEndpoint } from '../io/endpoint.ts';
import type { Project } from '../project/schema.ts';
import { parseHost } from '../wasm/hosts.ts';
import { makeCertificate } from './certificate.ts';
import type { LoadedFilter } from './filter-source.ts';
import type { ProxyPlan } from './plan.ts';

/** Name of the cluster that requests go to, as in the bootstraps that deploy writes. */
export const upstreamCluster = 'upstream';

export interface PlanOptions {
  readonly address: string;
  readonly port: number;
  readonly kind: 'http' | 'network';
  /** A URL; `echo` for the built-in upstream. */
  readonly upstream: string;
  readonly clusters: Readonly<Record<string, string>>;
  readonly host: string | undefined;
  readonly logLevel: LogLevel | 'off';
  readonly trace: boolean;
  readonly tls: boolean;
  readonly timeoutMs: number;
  readonly now: number;
}

/** What the flags left open, from the project of the first filter that has one. */
export function withProject<Options extends { upstream?: string | undefined; host?: string | undefined }>(
  options: Options & { clusters?: Readonly<Record<string, string>> | undefined },
  project: Project | undefined,
): { upstream: string; host: string | undefined; clusters: Readonly<Record<string, string>> } {
  return {
    upstream: options.upstream ?? project?.run?.upstream ?? 'echo',
    host: options.host ?? project?.run?.host,
    clusters: { ...project?.run?.clusters, ...options.clusters },
  };
}

/** `echoPort` is where the built-in upstream listens. Fails with USAGE for addresses and hosts that are none. */
export function makePlan(
  options: PlanOptions,
  filters: readonly LoadedFilter[],
  echoPort: number | undefined,
): ProxyPlan {
  const clusters = new Map<string, Endpoint>();
  for (const [name, url] of Object.entries(options.clusters)) clusters.set(name, parseEndpoint(url));
  const upstream =
    echoPort !== undefined
      ? { host: '127.0.0.1', port: echoPort, tls: false, http2: false }
      : options.upstream === 'echo'
        ? undefined
        : parseEndpoint(options.upstream);
  if (upstream !== undefined) clusters.set(upstreamCluster, upstream);
  return {
    kind: options.kind,
    host: options.address,
    port: options.port,
    clusters: [...clusters],
    routes: [
      {
        prefix: '/',
        cluster: upstreamCluster,
        timeoutMs: options.timeoutMs,
        ...(upstream?.tls ? { hostRewrite: upstream.host } : {}),
      },
    ],
    filters: filters.map(filter => filter.plan),
    hostProfile: profileName(options.host),
    logLevel: options.logLevel,
    trace: options.trace,
    certificate: options.tls ? makeCertificate(['localhost', '127.0.0.1', '::1'], options.now) : undefined,
    trailers: true,
  };
}

/** `istio@1.30` → `envoy@1.38`: the Envoy inside is what behaves. Fails with USAGE. */
export function profileName(host: string | undefined): string {
  const newest = hostProfiles.at(-1)?.name ?? 'envoy@1.40';
  if (host === undefined) return newest;
  const { envoyMinor } = parseHost(host);
  const name = `envoy@1.${envoyMinor}`;
  if (findProfile(name) !== undefined) return name;
  throw new WasmeError(
    'USAGE',
    `${host} has Envoy 1.${envoyMinor} inside, which the bundled host does not imitate`,
    {
      hint: `it imitates ${hostProfiles.map(profile => profile.name).join(', ')}`,
    },
  );
}

/** All filters of one run sit at the same place. */
export function kindOf(
  wanted: 'http' | 'network' | undefined,
  filters: readonly LoadedFilter[],
): 'http' | 'network' {
  if (wanted !== undefined) return wanted;
  const kinds = new Set(filters.map(filter => filter.kind));
  if (kinds.size > 1) {
    throw new WasmeError('USAGE', `these filters are of different kinds: ${[...kinds].join(', ')}`, {
      hint: 'run them one by one, or say with --kind what all of them are',
    });
  }
  return kinds.has('network') ? 'network' : 'http';
}
