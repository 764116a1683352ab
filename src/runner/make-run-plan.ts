/** Flags and project → the plan of a run: clusters, routes, host profile, and which upstream. */
import { profileFor } from '../host/profiles.ts';
import { type Endpoint, parseEndpoint } from '../io/http/endpoint.ts';
import { makeCertificate } from '../proxy/certificate.ts';
import type { RunPlan } from './run-plan.ts';
import { upstreamCluster } from '../proxy/upstream/routes.ts';
import type { RunInput } from './run-input.ts';

/** Returns the plan of a run; `echoPort` is the port of the built-in upstream. Fails with USAGE for invalid addresses and hosts. */
export function makeRunPlan(input: RunInput, echoPort: number | undefined): RunPlan {
  const { options } = input;
  const clusters = new Map<string, Endpoint>();
  for (const [name, url] of Object.entries(input.clusters)) clusters.set(name, parseEndpoint(url));
  const upstream =
    echoPort !== undefined
      ? { host: '127.0.0.1', port: echoPort, tls: false, http2: false }
      : input.upstream === 'echo'
        ? undefined
        : parseEndpoint(input.upstream);
  if (upstream !== undefined) clusters.set(upstreamCluster, upstream);
  return {
    kind: input.kind,
    host: input.listen.address,
    port: input.listen.port,
    clusters: [...clusters],
    routes: [
      {
        prefix: '/',
        cluster: upstreamCluster,
        timeoutMs: options.timeoutMs ?? 15_000,
        ...(upstream?.tls ? { hostRewrite: upstream.host } : {}),
      },
    ],
    filters: input.filters.map(filter => filter.plan),
    hostProfile: profileFor(input.host).name,
    logLevel: options.logLevel ?? 'info',
    trace: options.trace ?? false,
    certificate: options.tls
      ? makeCertificate(['localhost', '127.0.0.1', '::1'], input.system.now())
      : undefined,
    // As Envoy by default: a filter that lives on them would find none behind most control planes.
    trailers: false,
  };
}
