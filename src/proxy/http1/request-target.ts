/** Turns the start line and Host of an HTTP/1 request into the pseudo headers that a filter sees, in Envoy's order. */
import type { HeaderEntry } from '../../host/http/header-map.ts';
import type { RequestHead } from './head.ts';
import { HttpProtocolError } from './protocol-error.ts';

/** Characters that an authority may contain, as in Envoy's HTTP/2 library. */
const authority = /^[\w!$%&'()*+,\-.:;=@[\]~]*$/;
/** A host of a URL, with a port or without. */
const hostAndPort = /^(?:\[[\da-f:.]+\]|[\da-z.-]+)(?::(\d{1,5}))?$/i;

function isHost(text: string, needsPort: boolean): boolean {
  const port = hostAndPort.exec(text);
  return port !== null && (port[1] === undefined ? !needsPort : Number(port[1]) <= 65_535);
}

/** Throws HttpProtocolError for what names no place. */
export function pseudoHeaders(head: RequestHead, secure: boolean): HeaderEntry[] {
  const { method, target, host } = head;
  const scheme = secure || head.forwardedProto?.toLowerCase() === 'https' ? 'https' : 'http';
  if (method === 'CONNECT') {
    if (!isHost(target, true)) throw new HttpProtocolError(400, 'bad CONNECT target');
    return [
      [':authority', target],
      [':method', method],
      [':scheme', scheme],
    ];
  }
  if (target.charCodeAt(0) !== 47 && (target !== '*' || method !== 'OPTIONS')) return ofUrl(method, target);
  const rest: HeaderEntry[] = [
    [':path', target],
    [':method', method],
    [':scheme', scheme],
  ];
  if (host === undefined) return rest;
  if (!authority.test(host)) throw new HttpProtocolError(400, 'bad Host');
  rest.unshift([':authority', host]);
  return rest;
}

function ofUrl(method: string, target: string): HeaderEntry[] {
  const url = /^(https?):\/\/([^/?]+)(.*)$/i.exec(target);
  if (url === null) throw new HttpProtocolError(400, 'bad target');
  const [, scheme = '', place = '', path = ''] = url;
  const host = place.slice(place.lastIndexOf('@') + 1);
  if (!isHost(host, false)) throw new HttpProtocolError(400, 'bad target');
  return [
    [':authority', host],
    [':scheme', scheme.toLowerCase()],
    [':path', path === '' ? '/' : path],
    [':method', method],
  ];
}
