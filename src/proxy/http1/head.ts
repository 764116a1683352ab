/**
 * The head of an HTTP/1 message: start line and header lines, text → parsed, with the strictness that Envoy 1.40 was
 * seen to have. Framing headers are judged here; a message whose length is ambiguous is refused.
 */
import type { HeaderEntry } from '../../host/header-map.ts';
import type { ByteString } from '../../host/types.ts';
import { Kind, knownName } from './header-kinds.ts';

/** Envoy's defaults for what one peer may send. */
export const maxHeadBytes = 60 * 1024;
export const maxHeaderCount = 100;

/** How the body is delimited. `length` counts bytes for 'length', otherwise it is 0. */
export interface Framing {
  readonly kind: 'none' | 'length' | 'chunked' | 'until-close';
  readonly length: number;
}

export interface RequestHead {
  readonly method: ByteString;
  readonly target: ByteString;
  readonly http10: boolean;
  /** All `Host` values joined by a comma, as Envoy does; undefined without one. */
  readonly host: ByteString | undefined;
  /** In wire order, lower case, without what belongs to the hop. */
  readonly headers: HeaderEntry[];
  readonly framing: Framing;
  readonly close: boolean;
  readonly expectContinue: boolean;
  /** The protocols asked for with `Connection: upgrade`. */
  readonly upgrade: ByteString | undefined;
  readonly forwardedProto: ByteString | undefined;
  readonly hasRequestId: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: HeaderEntry[];
  readonly framing: Framing;
  /** The connection cannot be used again after this message. */
  readonly close: boolean;
}

/** Why a message is refused; the number is the status that Envoy's server codec answers with. */
export class HeadError extends Error {
  readonly status: 400 | 426 | 431 | 501;
  constructor(status: 400 | 426 | 431 | 501, message: string) {
    super(message);
    this.status = status;
  }
}

const methods = new Set(
  (
    'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY ' +
    'MKCALENDAR MKCOL MOVE MSEARCH M-SEARCH NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH SOURCE SUBSCRIBE ' +
    'UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);

const noBody: Framing = { kind: 'none', length: 0 };
const chunkedBody: Framing = { kind: 'chunked', length: 0 };
const bodyUntilClose: Framing = { kind: 'until-close', length: 0 };

/** Text of a request head without its final empty line. Throws HeadError. */
export function parseRequestHead(text: string): RequestHead {
  const lines = new HeaderLines(text);
  const startLine = text.slice(0, lines.next);
  const first = startLine.indexOf(' ');
  const last = startLine.lastIndexOf(' ');
  const method = first < 0 ? startLine : startLine.slice(0, first);
  if (!methods.has(method)) throw new HeadError(400, 'unknown method');
  const http10 = first === last || startLine.endsWith(' HTTP/1.0');
  if (!http10 && !startLine.endsWith(' HTTP/1.1')) throw new HeadError(400, 'bad start line');
  if (http10) throw new HeadError(426, 'HTTP/1.0 is not enabled');
  const target = startLine.slice(first + 1, last);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a target must not hold
  if (target === '' || /[^\x21-\x7e]/.test(target)) throw new HeadError(400, 'bad target');

  const headers: HeaderEntry[] = [];
  let host: string | undefined;
  let upgrade: string | undefined;
  let connection: string | undefined;
  let forwardedProto: string | undefined;
  let hasRequestId = false;
  let expectContinue = false;
  const length = new LengthHeaders();
  while (lines.read()) {
    const { name, value } = lines;
    switch (lines.kind) {
      case Kind.Plain:
        headers.push([name, value]);
        break;
      case Kind.Host:
        host = host === undefined ? value : `${host},${value}`;
        break;
      case Kind.ContentLength:
        length.contentLength(value);
        headers.push([name, value]);
        break;
      case Kind.TransferEncoding:
        length.transferEncoding(value);
        break;
      case Kind.Connection:
        connection = connection === undefined ? value : `${connection},${value}`;
        break;
      case Kind.Upgrade:
        upgrade = value;
        break;
      case Kind.Te:
        if (/(^|,)\s*trailers\s*(,|$)/i.test(value)) headers.push([name, 'trailers']);
        break;
      case Kind.Expect:
        if (value.toLowerCase() === '100-continue') expectContinue = true;
        else headers.push([name, value]);
        break;
      case Kind.ForwardedProto:
        forwardedProto = value;
        headers.push([name, value]);
        break;
      case Kind.RequestId:
        hasRequestId = true;
        headers.push([name, value]);
        break;
      case Kind.Hop:
      case Kind.Internal:
        break;
    }
  }
  const tokens = connection === undefined ? [] : tokensOf(connection);
  return {
    method,
    target,
    http10,
    host,
    headers: withoutNominated(headers, tokens),
    framing: length.ofRequest(),
    close: tokens.includes('close'),
    expectContinue,
    upgrade: tokens.includes('upgrade') ? upgrade : undefined,
    forwardedProto,
    hasRequestId,
  };
}

export interface ResponseRules {
  /** It answers a HEAD. */
  readonly bodyless: boolean;
  /** Envoy before 1.38 shows the `keep-alive` header to filters. */
  readonly keepAliveShown: boolean;
}

/** Text of a response head without its final empty line. Throws HeadError. */
export function parseResponseHead(text: string, rules: ResponseRules): ResponseHead {
  const lines = new HeaderLines(text);
  const start = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(text.slice(0, lines.next));
  if (start === null) throw new HeadError(400, 'bad status line');
  const status = Number(start[2]);
  const headers: HeaderEntry[] = [];
  const length = new LengthHeaders();
  let close = start[1] === '0';
  while (lines.read()) {
    const { name, value } = lines;
    switch (lines.kind) {
      case Kind.ContentLength:
        length.contentLength(value);
        // Envoy drops what a 204 or 1xx must not have before a filter can see it.
        if (status !== 204 && status >= 200) headers.push([name, value]);
        break;
      case Kind.TransferEncoding:
        length.transferEncoding(value);
        headers.push([name, value]);
        break;
      case Kind.Connection: {
        const tokens = tokensOf(value);
        if (tokens.includes('close')) close = true;
        else if (tokens.includes('keep-alive')) close = false;
        headers.push([name, value]);
        break;
      }
      default:
        if (rules.keepAliveShown || name !== 'keep-alive') headers.push([name, value]);
    }
  }
  const framing =
    rules.bodyless || status < 200 || status === 204 || status === 304 ? noBody : length.ofResponse();
  return { status, headers, framing, close: close || framing.kind === 'until-close' };
}

/** Trailer lines → entries. Throws HeadError. */
export function parseTrailers(text: string): HeaderEntry[] {
  const lines = new HeaderLines(`\r\n${text}`);
  const trailers: HeaderEntry[] = [];
  while (lines.read()) trailers.push([lines.name, lines.value]);
  return trailers;
}

/** Walks the header lines of a head; `read` moves to the next one. */
class HeaderLines {
  name = '';
  value = '';
  kind: Kind = Kind.Plain;
  /** Offset of the line break before the line that comes next. */
  next: number;
  readonly #text: string;
  #count = 0;

  constructor(text: string) {
    this.#text = normalize(text);
    const end = this.#text.indexOf('\r\n');
    this.next = end < 0 ? this.#text.length : end;
  }

  read(): boolean {
    const text = this.#text;
    const start = this.next + 2;
    if (start >= text.length) return false;
    if (++this.#count > maxHeaderCount) throw new HeadError(431, 'too many headers');
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon >= end) throw new HeadError(400, 'header line without a colon');
    const known = knownName(text.slice(start, colon));
    if (known === undefined) throw new HeadError(400, 'bad header name');
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    this.name = known.name;
    this.kind = known.kind;
    this.value = text.slice(from, to);
    this.next = end;
    return true;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a head must not hold
const odd = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|[^\r]\n|\n[ \t]/;

/** Envoy takes bare line feeds as line ends, joins folded lines and drops lone carriage returns; so do we. */
function normalize(text: string): string {
  if (!odd.test(text)) return text;
  const plain = text
    .replace(/\r?\n/g, '\n')
    .replaceAll('\r', '')
    .replace(/\n[ \t]+/g, ' ')
    .replaceAll('\n', '\r\n');
  if (odd.test(plain)) throw new HeadError(400, 'control character in the head');
  return plain;
}

/** Content-Length and Transfer-Encoding of one message; anything ambiguous is refused. */
class LengthHeaders {
  #length: number | undefined;
  #chunked = false;

  contentLength(value: string): void {
    if (this.#length !== undefined || !/^\d{1,15}$/.test(value)) {
      throw new HeadError(400, 'bad content-length');
    }
    this.#length = Number(value);
  }

  transferEncoding(value: string): void {
    if (this.#chunked || value.toLowerCase() !== 'chunked') {
      throw new HeadError(501, 'unsupported transfer-encoding');
    }
    this.#chunked = true;
  }

  ofRequest(): Framing {
    return this.#framing(noBody);
  }

  ofResponse(): Framing {
    return this.#framing(bodyUntilClose);
  }

  #framing(otherwise: Framing): Framing {
    if (this.#chunked && this.#length !== undefined) {
      throw new HeadError(400, 'both content-length and transfer-encoding');
    }
    if (this.#chunked) return chunkedBody;
    if (this.#length === undefined) return otherwise;
    return this.#length === 0 ? noBody : { kind: 'length', length: this.#length };
  }
}

function tokensOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map(token => token.trim());
}

/** Removes the headers that `Connection` names as belonging to this hop. */
function withoutNominated(headers: HeaderEntry[], tokens: readonly string[]): HeaderEntry[] {
  const named = tokens.filter(
    token =>
      token !== '' && token !== 'close' && token !== 'keep-alive' && token !== 'upgrade' && token !== 'te',
  );
  if (named.length === 0) return headers;
  if (named.some(name => name.startsWith('x-forwarded-'))) {
    throw new HeadError(400, 'connection names a header that must be kept');
  }
  return headers.filter(([name]) => !named.includes(name));
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
