/** What Envoy knows about header names: aliases, and what a message must have to leave the chain. */
import type { HeaderMap } from './header-map.ts';
import { MapType } from './status.ts';
import type { LocalReply } from './types.ts';
import { emptyBytes, utf8Bytes } from './bytes.ts';

/** Lower case, and `host` as the name it stands for in requests. */
export function canonicalName(type: number, name: string): string {
  const lower = lowerCase(name);
  return lower === 'host' && type === MapType.RequestHeaders ? ':authority' : lower;
}

/** ASCII letters only: the bytes above are nobody's upper case. */
export function lowerCase(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x40 && code < 0x5b) return name.replace(/[A-Z]/g, letter => letter.toLowerCase());
  }
  return name;
}

/** Why changed request headers cannot go upstream, as the answer Envoy makes. */
export function invalidRequest(
  headers: HeaderMap,
  hadForwardedProto: boolean,
  unsafe: boolean,
): LocalReply | undefined {
  const noRoute = !headers.has(':path') || (hadForwardedProto && !headers.has('x-forwarded-proto'));
  if (noRoute) return { status: 404, body: emptyBytes, details: 'route_not_found' };
  if (!headers.has(':method')) return refused(503, 'missing required header: :method', 'request');
  if (!unsafe) return undefined;
  for (const [name, value] of headers.entries) {
    if (isSafe(name, value)) continue;
    // An empty name gets through Envoy's own check; the upstream then breaks the connection over it.
    if (name === '') return brokenUpstream;
    const what = validName(name) ? 'value for' : 'name';
    return refused(503, `invalid header ${what}: ${name}`, 'request');
  }
  return undefined;
}

const brokenUpstream: LocalReply = {
  status: 503,
  body: utf8Bytes(
    'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  ),
  details: 'upstream_reset_before_response_started{connection_termination}',
};

/** A response without a numeric `:status` cannot be sent. */
export function invalidResponse(headers: HeaderMap): LocalReply | undefined {
  const status = headers.get(':status');
  if (status === '200' || (status !== undefined && /^\d+$/.test(status))) return undefined;
  return refused(502, 'missing required header: :status', 'response');
}

function refused(status: number, text: string, side: 'request' | 'response'): LocalReply {
  const reason = text.replaceAll(' ', '_');
  const details = `filter_removed_required_${side}_headers{${reason}}`;
  return { status, body: utf8Bytes(text), details };
}

/** Whether HTTP can carry the pair. */
export function isSafe(name: string, value: string): boolean {
  return validName(name) && !hasControl(value);
}

function validName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const letter = code === 0x2d || (code > 0x60 && code < 0x7b) || (code > 0x2f && code < 0x3a);
    if (!letter && !/^:?[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return false;
  }
  return name.length > 0;
}

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0 || code === 10 || code === 13) return true;
  }
  return false;
}

/** HTTP status → gRPC status, as gRPC defines it for answers that are not gRPC. */
export function grpcStatusOf(httpStatus: number): number {
  const table: Readonly<Record<number, number>> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
  };
  return table[httpStatus] ?? 2;
}

/** `application/grpc` and its variants, but not gRPC-Web. */
export function isGrpc(headers: HeaderMap): boolean {
  const type = headers.get('content-type');
  return type !== undefined && /^application\/grpc($|[+; ])/.test(type);
}
