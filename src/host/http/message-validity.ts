/**
 * Decides if the headers of a request or response can leave the proxy, by Envoy's rules and in Envoy's words, for streams,
 * call-outs and gRPC calls.
 */
import { emptyBytes, fromByteString, utf8Bytes } from '../encoding/bytes.ts';
import { HeaderMap } from './header-map.ts';
import type { ByteString, LocalReply } from '../types.ts';

/** A local reply and the response flags, bits of Envoy's legacy vector, that go with it. */
export interface Refusal {
  readonly reply: LocalReply;
  readonly flags: number;
}

const upstreamConnectionTermination = 0x40;
const noRouteFound = 0x100;
const downstreamProtocolError = 0x40000;

/** Returns what Envoy's codec says about request headers that it does not send; undefined when it sends them. */
export function requestFault(headers: HeaderMap): ByteString | undefined {
  const missing = missingHeader(headers);
  if (missing !== undefined) return `missing required header: ${missing}`;
  for (const [name, value] of headers.entries) {
    // The router replaces a scheme that is not valid.
    if (name === ':scheme') continue;
    if (name !== '' && !isValidName(name)) return `invalid header name: ${escapeJson(name)}`;
    if (!isValidValue(value)) return `invalid header value for: ${escapeJson(name)}`;
  }
  return undefined;
}

function missingHeader(headers: HeaderMap): string | undefined {
  const method = headers.get(':method');
  if (method === undefined) return ':method';
  if (method !== 'CONNECT') return headers.has(':path') ? undefined : ':path';
  if (!headers.has(':authority')) return ':authority';
  return headers.has(':path') && !headers.has(':protocol') ? ':protocol' : undefined;
}

/** Returns Envoy's answer to a request whose headers cannot be sent. */
export function requestRefusal(fault: ByteString): Refusal {
  return { reply: refused(503, fault, 'request'), flags: downstreamProtocolError };
}

/** Returns the answer to request headers that filters changed, when they cannot go upstream. `unsafe`: pairs may be invalid. */
export function invalidRequest(
  headers: HeaderMap,
  hadForwardedProto: boolean,
  unsafe: boolean,
): Refusal | undefined {
  const noRoute = !headers.has(':path') || (hadForwardedProto && !headers.has('x-forwarded-proto'));
  if (noRoute) {
    const reply = { status: 404, body: emptyBytes, details: 'route_not_found' };
    return { reply, flags: noRouteFound };
  }
  const fault = unsafe || missingHeader(headers) !== undefined ? requestFault(headers) : undefined;
  if (fault !== undefined) return requestRefusal(fault);
  // An empty name gets through Envoy's own check; the upstream then breaks the connection over it.
  return unsafe && headers.has('') ? brokenUpstream : undefined;
}

/** The reply when the upstream closes its connection before its response begins. */
export const brokenUpstream: Refusal = {
  reply: {
    status: 503,
    body: utf8Bytes(
      'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
    ),
    details: 'upstream_reset_before_response_started{connection_termination}',
  },
  flags: upstreamConnectionTermination,
};

/** Returns the answer to a response without a numeric `:status`, which cannot be sent. */
export function invalidResponse(headers: HeaderMap): LocalReply | undefined {
  const status = headers.get(':status');
  if (status === '200' || (status !== undefined && /^\d+$/.test(status))) return undefined;
  return refused(502, 'missing required header: :status', 'response');
}

function refused(status: number, text: ByteString, side: 'request' | 'response'): LocalReply {
  const reason = text.replaceAll(' ', '_');
  const details = `filter_removed_required_${side}_headers{${reason}}`;
  return { status, body: fromByteString(text), details };
}

/** Returns the headers that a call-out gets when the proxy replies in the upstream's place. */
export function callOutReply({ status, body }: LocalReply): HeaderMap {
  return new HeaderMap([
    [':status', String(status)],
    ['content-length', String(body.length)],
    ['content-type', 'text/plain'],
  ]);
}

/** Returns true when HTTP can carry the pair. */
export function isSafe(name: ByteString, value: ByteString): boolean {
  return isValidName(name) && isValidValue(value);
}

function isValidName(name: ByteString): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const letter = code === 0x2d || (code > 0x60 && code < 0x7b) || (code > 0x2f && code < 0x3a);
    if (!letter && !/^:?[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return false;
  }
  return name.length > 0;
}

/** Returns true for a value without control characters other than the tab. */
function isValidValue(value: ByteString): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return false;
  }
  return true;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Escapes an invalid name as Envoy does in its messages, like JSON. */
function escapeJson(name: ByteString): ByteString {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be shown
  return name.replace(/[\0-\x1f"\\]/g, one => {
    return shortEscapes[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
