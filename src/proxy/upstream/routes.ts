/** Finds the cluster of a request: one virtual host for every domain, the first matching prefix wins, as in our bootstrap. */
import type { HeaderMap } from '../../host/http/header-map.ts';

/** Name of the cluster that requests go to, as in the bootstraps that deploy writes. */
export const upstreamCluster = 'upstream';

export interface Route {
  readonly prefix: string;
  readonly cluster: string;
  /** Time from the end of the request to the end of the response. Envoy's default is 15 s; 0: no limit. */
  readonly timeoutMs: number;
  /** The upstream's name replaces the client's Host, as servers behind TLS expect. */
  readonly hostRewrite?: string;
}

/** Undefined is Envoy's `route_not_found`: no path, no scheme to go by, or nothing that fits. */
export function findRoute(routes: readonly Route[], headers: HeaderMap): Route | undefined {
  let path: string | undefined;
  let hasProto = false;
  let connect = false;
  for (const [name, value] of headers.entries) {
    if (name === ':path') path = value;
    else if (name === 'x-forwarded-proto') hasProto = value !== '';
    else if (name === ':method' && value === 'CONNECT') connect = true;
  }
  // Without x-forwarded-proto Envoy cannot tell http from https and gives up on routing.
  if (path === undefined || !hasProto || connect) return undefined;
  const target = path;
  return routes.find(route => target.startsWith(route.prefix));
}
