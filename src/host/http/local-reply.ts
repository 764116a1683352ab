/** Builds the response that Envoy makes from a local reply. */
import { emptyBytes, toByteString } from '../encoding/bytes.ts';
import { type HeaderEntry, HeaderMap } from './header-map.ts';
import { grpcStatusOf, lowerCase } from './header-rules.ts';
import { addJoined } from './inline-headers.ts';
import { MapType } from '../status.ts';
import type { ByteString, LocalReply } from '../types.ts';

/** The reply to a client when the guest has trapped. */
export const failureReply: LocalReply = {
  status: 503,
  details: 'wasm_fail_stream',
  body: emptyBytes,
  headers: [],
  grpcStatus: 14,
};

/**
 * Builds headers and body; additional headers are appended, except those that the reply itself decides. A HEAD request gets
 * no body.
 */
export function buildReply(
  reply: LocalReply,
  isHead: boolean,
  isGrpc: boolean,
): { headers: HeaderMap; body: Uint8Array } {
  const entries: HeaderEntry[] = [[':status', String(reply.status)]];
  for (const [name, value] of reply.headers ?? []) {
    const lower = lowerCase(name);
    if (lower !== ':status' && lower !== 'content-length') {
      addJoined(entries, MapType.ResponseHeaders, lower, value);
    }
  }
  const headers = new HeaderMap(entries);
  if (isGrpc) return { headers: grpcHeaders(reply, headers, isHead), body: emptyBytes };
  if (reply.body.length === 0) {
    headers.delete('content-type');
    return { headers, body: emptyBytes };
  }
  headers.append('content-length', String(reply.body.length));
  if (!headers.has('content-type')) headers.append('content-type', 'text/plain');
  return { headers, body: isHead ? emptyBytes : reply.body };
}

/** Makes a gRPC trailers-only response: status and message are headers. */
function grpcHeaders(reply: LocalReply, headers: HeaderMap, isHead: boolean): HeaderMap {
  const [status] = headers.entries;
  if (status) status[1] = '200';
  headers.set('content-type', 'application/grpc');
  if (!headers.has('grpc-status')) {
    const given = reply.grpcStatus ?? -1;
    headers.append('grpc-status', String(given >= 0 && given <= 16 ? given : grpcStatusOf(reply.status)));
  }
  if (reply.body.length > 0 && !isHead) headers.append('grpc-message', percentEncode(reply.body));
  return headers;
}

/** Percent-encodes everything but printable ASCII without `%`. */
function percentEncode(body: Uint8Array): ByteString {
  return toByteString(body).replace(
    /[^ -$&-~]/g,
    letter => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
