/** Header maps ↔ what node:http2 takes and gives. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { type HeaderEntry, HeaderMap } from '../../host/http/header-map.ts';
import { addJoined } from '../../host/http/inline-headers.ts';

/** Names that HTTP/2 forbids: they belong to a connection. */
const connectionNames = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
]);

/** A map for node:http2. A name that occurs twice becomes a list; names that HTTP/2 forbids are left out. */
export function toHttp2(headers: HeaderMap): OutgoingHttpHeaders {
  const result = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of headers.entries) {
    if (connectionNames.has(name)) continue;
    const before = result[name];
    if (before === undefined) result[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else result[name] = [before, value];
  }
  return result;
}

const requestPseudoHeaders = new Set([':method', ':scheme', ':authority', ':path']);

/**
 * Request headers for node:http2. Throws for what a filter has put in and HTTP/2 does not carry: headers of a connection,
 * other pseudo headers, a path with spaces. A scheme that is none is replaced, as Envoy's router does.
 */
export function toHttp2Request(headers: HeaderMap): OutgoingHttpHeaders {
  for (const [name, value] of headers.entries) {
    const belongsToHop = name !== 'host' && connectionNames.has(name);
    const isUnknown = name.startsWith(':') && !requestPseudoHeaders.has(name);
    const isBroken = (name === ':path' && value.includes(' ')) || (name === ':method' && value.includes(','));
    if (belongsToHop || isUnknown || isBroken) {
      throw new TypeError(`HTTP/2 carries no ${name}: ${value}`);
    }
  }
  const result = toHttp2(headers);
  if (!/^https?$/i.test(headers.get(':scheme') ?? '')) {
    result[':scheme'] = headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
  }
  return result;
}

/** The third argument of node:http2's header events: name, value, name, value … in wire order. */
export function fromHttp2(raw: readonly string[], fallback: IncomingHttpHeaders): HeaderMap {
  const entries: HeaderEntry[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2)
    entries.push([raw[index] ?? '', raw[index + 1] ?? '']);
  if (entries.length === 0) {
    for (const [name, value] of Object.entries(fallback)) {
      for (const one of Array.isArray(value) ? value : [value ?? '']) entries.push([name, one]);
    }
  }
  return new HeaderMap(entries);
}

/** The same for what an upstream sent: of some names Envoy keeps one entry. */
export function joinedHttp2(map: HeaderMap, type: number): HeaderMap {
  const entries: HeaderEntry[] = [];
  for (const [name, value] of map.entries) addJoined(entries, type, name, value);
  return new HeaderMap(entries);
}
