/** Recognises the HTTP/1 header names that the proxy itself handles, with one look-up for each spelling on the wire. */
import {
  joinedInRequests,
  joinedInResponses,
  joinedInResponseTrailers,
} from '../../host/http/inline-headers.ts';
import type { ByteString } from '../../host/types.ts';

/** Classes of headers that the codec or the proxy handles; all others are `Plain`. */
export const HeaderKind = {
  Plain: 0,
  Host: 1,
  ContentLength: 2,
  TransferEncoding: 3,
  Connection: 4,
  Upgrade: 5,
  /** Belongs to one hop: never passed on in a request. */
  Hop: 6,
  Te: 7,
  Expect: 8,
  /** A client may not send these to Envoy; they are its own. */
  Internal: 9,
  ForwardedProto: 10,
  RequestId: 11,
} as const;
export type HeaderKind = (typeof HeaderKind)[keyof typeof HeaderKind];

export interface KnownName {
  /** Lower case; one string object for each name, so that comparisons are by identity. */
  readonly name: ByteString;
  readonly kind: HeaderKind;
  /** In which parts of a message a second value is joined to the first: bits of `Part`. */
  readonly joined: number;
  /** The last message part that had the name, by its number; kept for names with `joined` only. */
  seenIn: number;
}

/** Parts of a message that have rules of their own. */
export const HeaderPart = { Request: 1, Response: 2, RequestTrailers: 4, ResponseTrailers: 8 } as const;
export type HeaderPart = (typeof HeaderPart)[keyof typeof HeaderPart];

const kinds: Readonly<Record<string, HeaderKind>> = {
  host: HeaderKind.Host,
  'content-length': HeaderKind.ContentLength,
  'transfer-encoding': HeaderKind.TransferEncoding,
  connection: HeaderKind.Connection,
  upgrade: HeaderKind.Upgrade,
  'keep-alive': HeaderKind.Hop,
  'proxy-connection': HeaderKind.Hop,
  te: HeaderKind.Te,
  expect: HeaderKind.Expect,
  'x-forwarded-proto': HeaderKind.ForwardedProto,
  'x-request-id': HeaderKind.RequestId,
  'x-envoy-retry-on': HeaderKind.Internal,
  'x-envoy-retry-grpc-on': HeaderKind.Internal,
  'x-envoy-max-retries': HeaderKind.Internal,
  'x-envoy-upstream-alt-stat-name': HeaderKind.Internal,
  'x-envoy-upstream-rq-timeout-ms': HeaderKind.Internal,
  'x-envoy-upstream-rq-per-try-timeout-ms': HeaderKind.Internal,
  'x-envoy-upstream-rq-timeout-alt-response': HeaderKind.Internal,
  'x-envoy-expected-rq-timeout-ms': HeaderKind.Internal,
  'x-envoy-force-trace': HeaderKind.Internal,
  'x-envoy-ip-tags': HeaderKind.Internal,
  'x-envoy-original-url': HeaderKind.Internal,
  'x-envoy-hedge-on-per-try-timeout': HeaderKind.Internal,
  'x-envoy-internal': HeaderKind.Internal,
  'x-envoy-retriable-status-codes': HeaderKind.Internal,
  'x-envoy-retriable-header-names': HeaderKind.Internal,
  'x-envoy-upstream-stream-duration-ms': HeaderKind.Internal,
  'x-forwarded-client-cert': HeaderKind.Internal,
};

/** Names seen so far. Bounded, because a client chooses them. */
const seen = new Map<string, KnownName>();
const maxSeen = 2_000;

/** A name from the wire → its lower-case form and kind; undefined when it is not a token (RFC 9110, 5.6.2). */
export function knownName(wireName: string): KnownName | undefined {
  const found = seen.get(wireName);
  if (found !== undefined) return found;
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(wireName)) return undefined;
  const name = wireName.toLowerCase();
  const known = seen.get(name) ?? describe(name);
  if (seen.size < maxSeen) seen.set(name, known).set(wireName, known);
  return known;
}

function describe(name: string): KnownName {
  const joined =
    (joinedInRequests.has(name) ? HeaderPart.Request : 0) |
    (joinedInResponses.has(name) ? HeaderPart.Response : 0) |
    (joinedInResponseTrailers.has(name) ? HeaderPart.ResponseTrailers : 0);
  return {
    name,
    kind: Object.hasOwn(kinds, name) ? (kinds[name] ?? HeaderKind.Plain) : HeaderKind.Plain,
    joined,
    seenIn: 0,
  };
}
