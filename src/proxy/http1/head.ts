/**
 * The head of an HTTP/1 request: start line and header lines, text → parsed, with the strictness that Envoy was seen to
 * have. Framing headers are judged here; a message whose length is ambiguous is refused.
 */
import { type HeaderEntry, HeaderMap } from '../../host/http/header-map.ts';
import { addJoined } from '../../host/http/inline-headers.ts';
import { MapType } from '../../host/status.ts';
import type { ByteString } from '../../host/types.ts';
import { type Framing, LengthHeaders } from './framing.ts';
import { HttpProtocolError } from './protocol-error.ts';
import { HeaderKind, HeaderPart } from './known-headers.ts';
import { HeaderLines, tokensOf } from './header-lines.ts';
import { isMethod } from './methods.ts';

export interface RequestHead {
  readonly method: ByteString;
  readonly target: ByteString;
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

/** Text of a request head without its final empty line. Throws HttpProtocolError. */
export function parseRequestHead(text: string): RequestHead {
  const lines = new HeaderLines(text, HeaderPart.Request);
  const [method, target] = parseStartLine(lines.startLine);
  const headers: HeaderEntry[] = [];
  let host: string | undefined;
  let upgrade: string | undefined;
  let connection: string | undefined;
  let forwardedProto: string | undefined;
  let hasRequestId = false;
  let expectation = false;
  const length = new LengthHeaders();
  while (lines.read()) {
    const { value } = lines;
    switch (lines.kind) {
      case HeaderKind.Plain:
        lines.addTo(headers);
        break;
      case HeaderKind.Host:
        host = host === undefined ? value : `${host},${value}`;
        break;
      case HeaderKind.ContentLength:
        length.contentLength(value);
        lines.addTo(headers);
        break;
      case HeaderKind.TransferEncoding:
        length.transferEncoding(value);
        break;
      case HeaderKind.Connection:
        connection = connection === undefined ? value : `${connection},${value}`;
        break;
      case HeaderKind.Upgrade:
        upgrade = value;
        break;
      case HeaderKind.Te:
        if (/(^|,)\s*trailers\s*(,|$)/.test(value) && !headers.some(([name]) => name === 'te')) {
          lines.addTo(headers, 'trailers');
        }
        break;
      case HeaderKind.Expect:
        lines.addTo(headers);
        expectation = true;
        break;
      case HeaderKind.ForwardedProto:
        forwardedProto = forwardedProto === undefined ? value : `${forwardedProto},${value}`;
        lines.addTo(headers);
        break;
      case HeaderKind.RequestId:
        hasRequestId = true;
        lines.addTo(headers);
        break;
      case HeaderKind.Hop:
      case HeaderKind.Internal:
        break;
    }
  }
  const tokens = connection === undefined ? [] : tokensOf(connection);
  const expectContinue = expectation && takeContinue(headers);
  if (method === 'CONNECT' && length.announced) {
    throw new HttpProtocolError(length.chunked ? 501 : 400, 'CONNECT with a body');
  }
  return {
    method,
    target,
    host: tokens.includes('host') ? undefined : host,
    headers: withoutNominated(headers, tokens),
    framing: length.ofRequest(),
    close: tokens.includes('close'),
    expectContinue,
    upgrade: tokens.includes('upgrade') ? upgrade : undefined,
    forwardedProto,
    hasRequestId,
  };
}

/** The map before Envoy's connection manager has touched it: no scheme yet, and everything of the hop. For a head that was parsed. */
export function headAsReceived(text: string): HeaderMap {
  const lines = new HeaderLines(text, HeaderPart.Request);
  const [method, target] = parseStartLine(lines.startLine);
  const map = new HeaderMap([
    [':path', target],
    [':method', method],
  ]);
  while (lines.read()) addJoined(map.entries, MapType.RequestHeaders, hostless(lines.name), lines.value);
  return map;
}

function hostless(name: string): string {
  return name === 'host' ? ':authority' : name;
}

/** Method and target. Throws HttpProtocolError for what is no HTTP/1.1. */
function parseStartLine(line: string): readonly [method: string, target: string] {
  const usual = /^([A-Z-]+) ([\x21-\x7e]+) HTTP\/1\.1$/.exec(line);
  if (usual?.[1] !== undefined && isMethod(usual[1])) return [usual[1], usual[2] ?? ''];
  const [method = '', target = '', version, ...more] = line.replace(/[ \t]+$/, '').split(/[ \t]+/);
  if (!isMethod(method)) throw new HttpProtocolError(400, 'unknown method');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a target must not hold
  if (target === '' || /[^\x21-\x7e]/.test(target)) throw new HttpProtocolError(400, 'bad target');
  if (version === 'HTTP/1.1' && more.length === 0) return [method, target];
  if (more.length > 0 || (version !== undefined && !/^HTTP\/\d\.\d$/.test(version))) {
    throw new HttpProtocolError(400, 'bad start line');
  }
  if (!/^(?:[/*]|https?:)/i.test(target)) throw new HttpProtocolError(400, 'bad target');
  throw new HttpProtocolError(426, 'only HTTP/1.1 is enabled');
}

/** Takes the one expectation out that is for the proxy itself. */
function takeContinue(headers: HeaderEntry[]): boolean {
  const at = headers.findIndex(([name]) => name === 'expect');
  if (headers[at]?.[1].toLowerCase() !== '100-continue') return false;
  headers.splice(at, 1);
  return true;
}

/** Headers that belong to all hops, which `Connection` must not name. */
const kept = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

/** Removes the headers that `Connection` names as belonging to this hop. */
function withoutNominated(headers: HeaderEntry[], tokens: readonly string[]): HeaderEntry[] {
  const named = tokens.filter(
    token =>
      token !== '' && token !== 'close' && token !== 'keep-alive' && token !== 'upgrade' && token !== 'te',
  );
  if (named.length === 0) return headers;
  if (named.some(name => name.startsWith(':') || kept.has(name))) {
    throw new HttpProtocolError(400, 'connection names a header that must be kept');
  }
  return headers.filter(([name]) => !named.includes(name));
}
