/** Header maps → HTTP/1 heads, with the choices Envoy makes about length and connection headers. */
import type { HeaderMap } from '../../host/http/header-map.ts';

/** A head as text, and how the encoder frames the body from now on. */
export interface EncodedHead {
  readonly text: string;
  readonly chunked: boolean;
}

const bodylessMethods = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'CONNECT']);

/** A request head for the upstream: `:path` and `:method` go into the start line, `:authority` becomes Host. */
export function encodeRequestHead(headers: HeaderMap, endOfStream: boolean): EncodedHead {
  let method = '';
  let path = '';
  let lines = '';
  let hasLength = false;
  for (const [name, value] of headers.entries) {
    if (name.charCodeAt(0) === 58) {
      if (name === ':method') method = value;
      else if (name === ':path') path = value;
      lines += pseudoLine(name, value);
      continue;
    }
    if (name === 'content-length') hasLength = true;
    lines += `${name}: ${value}\r\n`;
  }
  let chunked = false;
  if (!hasLength) {
    if (!endOfStream) {
      chunked = true;
      lines += 'transfer-encoding: chunked\r\n';
    } else if (!bodylessMethods.has(method)) {
      lines += 'content-length: 0\r\n';
    }
  }
  return { text: `${method} ${path} HTTP/1.1\r\n${lines}\r\n`, chunked };
}

export interface ResponseOptions {
  readonly endOfStream: boolean;
  readonly toHead: boolean;
}

/** A response head for the client, out of a finished map. */
export function encodeResponseHead(headers: HeaderMap, options: ResponseOptions): EncodedHead {
  let status = '';
  let lines = '';
  let hasLength = false;
  for (const [name, value] of headers.entries) {
    if (name.charCodeAt(0) === 58) {
      if (name === ':status') status = value;
      lines += pseudoLine(name, value);
      continue;
    }
    if (name === 'content-length') hasLength = true;
    lines += `${name}: ${value}\r\n`;
  }
  const code = Number(status);
  let chunked = false;
  if (!hasLength && code >= 200 && code !== 204 && code !== 304) {
    if (options.endOfStream && !options.toHead) {
      lines += 'content-length: 0\r\n';
    } else {
      lines += 'transfer-encoding: chunked\r\n';
      chunked = !options.toHead;
    }
  }
  return { text: `HTTP/1.1 ${status} ${reasonPhrase(code)}\r\n${lines}\r\n`, chunked };
}

/** Maps a pseudo header to its HTTP/1 header, in requests and responses: an authority becomes Host, no other has a line. */
function pseudoLine(name: string, value: string): string {
  return name.startsWith(':a') ? `host: ${value}\r\n` : '';
}

/** The part after the last chunk. */
export function encodeTrailers(trailers: HeaderMap): string {
  let lines = '0\r\n';
  for (const [name, value] of trailers.entries) lines += `${name}: ${value}\r\n`;
  return `${lines}\r\n`;
}

/** Envoy's table; a status it has no name for is `Unknown`. */
const reasons: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Entity',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
  599: 'Last Unassigned Server Error Code',
};

export function reasonPhrase(status: number): string {
  return reasons[status] ?? 'Unknown';
}
