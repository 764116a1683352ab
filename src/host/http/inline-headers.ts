/**
 * Headers of which Envoy keeps one entry: a second value is joined to the first with a comma. Envoy logs these lists when
 * it starts.
 */
import type { HeaderEntry } from './header-map.ts';
import { MapType } from '../status.ts';

const both = [
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'keep-alive',
  'proxy-connection',
  'proxy-status',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-request-id',
];

export const joinedInRequests: ReadonlySet<string> = new Set([
  ...both,
  ':authority',
  ':method',
  ':path',
  ':protocol',
  ':scheme',
  'accept',
  'accept-encoding',
  'access-control-request-headers',
  'access-control-request-method',
  'access-control-request-private-network',
  'authentication',
  'authorization',
  'cdn-loop',
  'expect',
  'grpc-accept-encoding',
  'grpc-timeout',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'origin',
  'pragma',
  'referer',
  'te',
  'user-agent',
  'x-client-trace-id',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-is-timeout-retry',
  'x-envoy-max-retries',
  'x-envoy-original-host',
  'x-envoy-original-path',
  'x-envoy-original-url',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
]);

export const joinedInResponses: ReadonlySet<string> = new Set([
  ...both,
  ':status',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
  'age',
  'date',
  'etag',
  'expires',
  'grpc-message',
  'grpc-status',
  'last-modified',
  'location',
  'server',
  'vary',
  'x-envoy-degraded',
  'x-envoy-immediate-health-check-fail',
  'x-envoy-ratelimited',
  'x-envoy-upstream-canary',
  'x-envoy-upstream-healthchecked-cluster',
  'x-envoy-upstream-service-time',
]);

export const joinedInResponseTrailers: ReadonlySet<string> = new Set(['grpc-message', 'grpc-status']);

const noNames: ReadonlySet<string> = new Set();

function joinedIn(type: number): ReadonlySet<string> {
  if (type === MapType.RequestHeaders) return joinedInRequests;
  if (type === MapType.ResponseHeaders) return joinedInResponses;
  return type === MapType.ResponseTrailers ? joinedInResponseTrailers : noNames;
}

/** Joins two values with a comma; an empty one adds nothing. */
export function joinValues(first: string, second: string): string {
  if (first === '' || second === '') return first + second;
  return `${first},${second}`;
}

/** Adds an entry to a map of the given type (a MapType) as Envoy does. Names in lower case. */
export function addJoined(entries: HeaderEntry[], type: number, name: string, value: string): void {
  const present = joinedIn(type).has(name) ? entries.find(entry => entry[0] === name) : undefined;
  if (present) present[1] = joinValues(present[1], value);
  else entries.push([name, value]);
}
